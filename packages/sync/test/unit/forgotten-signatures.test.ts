/** Signatures of what runs remove: gone with it, wherever they lie, and nothing is asked for the sake of small objects. */
import { SIGNATURE_MAGIC } from "@omnisync/delta";
import { type Driver, MemoryDriver } from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import { createFilter, sync } from "@omnisync/sync";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { diskPlace } from "../disk-place.ts";
import { bytes, entries, place, storeWith } from "../stores.ts";

/** Begins as one does. */
const SIGNATURE = Uint8Array.of(...SIGNATURE_MAGIC, 1, 2, 3);

/** Files with both kinds of signatures. */
async function writeSigned(driver: Driver, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const [, parent = "", name] = /^(.*\/)?(.*)$/.exec(path)!;
    await driver.write(path, bytes("small"));
    await driver.write(`${path}.hssig`, SIGNATURE);
    await driver.write(`${parent}.omnisync/signatures/${name}.hssig`, SIGNATURE);
  }
}

async function sourceWithOne(): Promise<MemoryDriver> {
  return storeWith({ stays: "x" });
}

describe("[SY-412] on a disk", () => {
  test("those of small files go too, and the directory with them", async () => {
    const to = diskPlace();
    await writeSigned(to.driver, "sub/f", "g");
    const report = await sync(place(await sourceWithOne()), to, { delete: true });
    expect(report).toMatchObject({ removed: 3, skipped: 0, failed: 0 });
    expect(readdirSync(to.root)).toEqual(["stays"]);
  });

  test("also of files that are named, in directories that stay", async () => {
    const to = diskPlace();
    await writeSigned(to.driver, "sub/f");
    await to.driver.write("sub/stays", bytes("x"));
    const options = { files: ["stays", "sub/f"], deleteMissing: true };
    await sync(place(await sourceWithOne()), to, options);
    expect(readdirSync(join(to.root, "sub"))).toEqual(["stays"]);
  });

  test("and in a move", async () => {
    const [from, to] = [diskPlace(), diskPlace()];
    await writeSigned(from.driver, "f");
    await sync(from, to, { move: true });
    expect(readdirSync(from.root)).toEqual([]);
  });

  test("a directory takes those along whose files went by other hands, and no others", async () => {
    const to = diskPlace();
    await writeSigned(to.driver, "gone/f", "left/f", "left/kept", "mine/f");
    for (const path of ["gone/f", "left/f", "mine/f"]) await to.driver.remove(path);
    await to.driver.write("mine/f.hssig", bytes("mine, not a signature"));
    const filter = createFilter({ exclude: ["kept*"] });
    const report = await sync(place(await sourceWithOne()), to, { delete: true, filter });
    expect(report).toMatchObject({ failed: 0, skipped: 1 });
    expect(readdirSync(to.root)).toEqual(["left", "stays"]);
    expect(readdirSync(join(to.root, "left"))).toEqual([".omnisync", "kept", "kept.hssig"]);
    expect(readdirSync(join(to.root, "left/.omnisync/signatures"))).toEqual(["kept.hssig"]);
  });

  test("a user's own file of such a name keeps its directory, if it is kept itself", async () => {
    const to = diskPlace();
    await to.driver.write("sub/f", bytes("x"));
    await to.driver.write("sub/f.hssig", bytes("mine, not a signature"));
    const filter = createFilter({ exclude: ["*.hssig"] });
    await sync(place(await sourceWithOne()), to, { delete: true, filter });
    expect(existsSync(join(to.root, "sub/f.hssig"))).toBe(true);
  });
});

describe("[SY-412] in an object store", () => {
  test.each(["before", "during", "after"] as const)(
    "what the listing shows goes, with deletion %s; nothing else is asked for",
    async (deleteTiming) => {
      const store = new MemoryDriver();
      const asked: string[] = [];
      const driver = intercept(store, {
        around: async (call, run) => {
          if (call.path.endsWith(".hssig")) asked.push(`${call.operation} ${call.path}`);
          return run();
        },
      });
      await writeSigned(store, "sub/f");
      await store.write("sub/without", bytes("x"));
      await store.write("mine.hssig", bytes("mine, not a signature"));
      const source = place(await storeWith({ "mine.hssig": "x" }));
      await sync(source, place(driver), { delete: true, deleteTiming });
      const left = (await entries(store)).map(({ path }) => path);
      expect(left).toEqual(["mine.hssig"]);
      expect(await store.stat("sub/.omnisync/signatures/f.hssig")).toBeUndefined();
      expect(asked.filter((line) => line.includes("without"))).toEqual([]);
    },
  );
});
