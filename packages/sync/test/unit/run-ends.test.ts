/** What a run that ends early still does, and what nobody may find afterwards. */
import { FileDriver, StorageError } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { sync } from "@omnisync/sync";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { leftStagingFolder, newStagingFolder } from "../../src/run/staging-folder.ts";
import { Spool } from "../../src/run/spool.ts";
import { T0, contents, place, recorder, storeWith } from "../stores.ts";

const DOWN = new StorageError("unavailable", { message: "down" });

let root: string;
let disk: FileDriver;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  disk = new FileDriver({ root });
});

afterEach(async () => {
  await disk.close();
  rmSync(root, { recursive: true });
});

describe("a listing that fails", () => {
  it("[SY-11] begins nothing more: what was being looked at is left alone", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 2500 }, (_, i) => [`f${String(i).padStart(4, "0")}`, "new"]),
    );
    const source = await storeWith({ ...files, a: "new" }, { mtime: T0 + 60_000 });
    const destination = await storeWith({ a: "old" });
    // The first path is asked for slowly, and the answer comes when the listing is over.
    const stat = destination.stat.bind(destination);
    destination.stat = async (path, options) => {
      if (path === "a") await sleep(100);
      return stat(path, options);
    };
    const faulty = fault(
      source,
      new Faults(onCall(2, { kind: "fail-before", error: DOWN }, "list")),
    );
    const poor = disable(destination, "completeList");
    const wishes = { existing: true, update: true } as const;
    await expect(sync(place(faulty), place(poor), wishes)).rejects.toThrow("down");
    const then = await contents(destination);
    await sleep(200);
    expect(await contents(destination)).toEqual(then);
    expect(then).toEqual({ a: "old" });
  });

  it("[SY-366] nor what waits in its order", async () => {
    const source = await storeWith(
      Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`f${i}`, "x"])),
    );
    const destination = await storeWith();
    const faulty = fault(
      source,
      new Faults(onCall(2, { kind: "fail-before", error: DOWN }, "list")),
    );
    const wishes = { order: "largest" } as const;
    await expect(sync(place(faulty), place(destination), wishes)).rejects.toThrow("down");
    await sleep(50);
    expect(await contents(destination)).toEqual({});
  });
});

describe("what a killed run left", () => {
  const OLD_BOOT = "0".repeat(24);
  const EIGHT_DAYS = 8 * 24 * 3600 * 1000;

  it("[SY-284] a staging folder says whose it is; those that nobody comes back to are known", () => {
    const own = newStagingFolder("d");
    expect(leftStagingFolder(`${own}/a/b`)).toBeUndefined();
    expect(leftStagingFolder(`${own}/a/b`, Date.now() + EIGHT_DAYS)).toBeUndefined();
    const other = own.replace(/staged-[0-9a-f]{24}/, `staged-${OLD_BOOT}`);
    expect(leftStagingFolder(`${other}/a/b`)).toBeUndefined();
    expect(leftStagingFolder(`${other}/a/b`, Date.now() + EIGHT_DAYS)).toBe(other);
    expect(leftStagingFolder(other, Date.now() + EIGHT_DAYS)).toBe(other);
    expect(leftStagingFolder("d/.omnisync/trash/x")).toBeUndefined();
  });

  it("[SY-284] the next run clears it away, a dry run does not", async () => {
    const old = newStagingFolder("", Date.now() - EIGHT_DAYS).replace(
      /staged-[0-9a-f]{24}/,
      `staged-${OLD_BOOT}`,
    );
    mkdirSync(join(root, old, "d"), { recursive: true });
    writeFileSync(join(root, old, "d/a"), "new");
    writeFileSync(join(root, old, "b"), "new");
    const source = await storeWith({ c: "1" });
    await sync(place(source), place(disk), { dryRun: true });
    expect(readdirSync(join(root, old)).toSorted()).toEqual(["b", "d"]);
    expect(await sync(place(source), place(disk), { delete: true })).toMatchObject({ failed: 0 });
    expect(readdirSync(root)).toEqual(["c"]);
  });

  it("[SY-284] what was staged and is no use goes too, and costs no request for what is in its place", async () => {
    const source = await storeWith({ a: "1", b: "2", c: "3" });
    const faults = new Faults(onCall(2, { kind: "fail-before", error: DOWN }, "move"));
    const destination = await storeWith({});
    const report = await sync(place(source), place(fault(destination, faults)), {
      delayUpdates: true,
    });
    expect(report).toMatchObject({ failed: 1, created: 2 });
    expect(faults.calls.filter(({ operation }) => operation === "remove")).toHaveLength(1);
    expect([...destination.store.objects.keys()].filter((key) => key.includes(".omni"))).toEqual(
      [],
    );
  });
});

describe("a file that is half there", () => {
  const content = new Uint8Array(3 * 1024 * 1024).fill(7);

  async function broken() {
    const source = await storeWith({ big: content });
    const read = source.read.bind(source);
    source.read = async (path, call) => {
      const { entry, body } = await read(path, call);
      const cut = async function* (): AsyncIterable<Uint8Array> {
        for await (const chunk of body) {
          yield chunk.subarray(0, 1024 * 1024);
          throw DOWN;
        }
      };
      return { entry, body: cut() };
    };
    return disable(source, "readBlock");
  }

  it("[SY-283] does not pass for a newer one: with update the next run brings the rest", async () => {
    const wishes = { partial: true, update: true } as const;
    expect(await sync(place(await broken()), place(disk), wishes)).toMatchObject({ failed: 1 });
    expect(statSync(join(root, "big")).mtimeMs).toBe(0);
    const report = await sync(place(await storeWith({ big: content })), place(disk), wishes);
    expect(report).toMatchObject({ replaced: 1, skipped: 0 });
    expect(statSync(join(root, "big")).size).toBe(content.byteLength);
  });

  it("[SY-280] nor one that was written in place", async () => {
    writeFileSync(join(root, "big"), "old");
    utimesSync(join(root, "big"), T0 / 1000 - 60, T0 / 1000 - 60);
    const wishes = { inplace: true, update: true, attempts: 1 } as const;
    expect(await sync(place(await broken()), place(disk), wishes)).toMatchObject({ failed: 1 });
    expect(statSync(join(root, "big")).mtimeMs).toBe(0);
    const report = await sync(place(await storeWith({ big: content })), place(disk), wishes);
    expect(report).toMatchObject({ replaced: 1, skipped: 0 });
  });
});

describe("removals", () => {
  it("[SY-37] a request to remove many that fails is a failure of each, and no end of the run", async () => {
    const destination = await storeWith({ a: "1", x: "extra", y: "extra" });
    const faults = new Faults(onCall(1, { kind: "fail-before", error: DOWN }, "removeMany"));
    const to = disable(fault(destination, faults), "conditions");
    const report = await sync(place(await storeWith({ a: "1" })), place(to), { delete: true });
    expect(report).toMatchObject({ failed: 2, removed: 0 });
  });

  it("[SY-38] those under way end before the run does", async () => {
    const destination = await storeWith({ a: "1", x: "extra", y: "extra" });
    const stop = new AbortController();
    const remove = destination.remove.bind(destination);
    let under = 0;
    destination.remove = async (path, options) => {
      under++;
      if (path === "x") stop.abort();
      else await sleep(50);
      try {
        options?.signal?.throwIfAborted();
        await remove(path, options);
      } finally {
        under--;
      }
    };
    const report = await sync(place(await storeWith({ a: "1" })), place(destination), {
      delete: true,
      signal: stop.signal,
    });
    expect(report).toMatchObject({ interrupted: true });
    expect(under).toBe(0);
  });
});

describe("places that must not meet", () => {
  it("[SY-260] backups never lie in the source", async () => {
    const source = await storeWith({ "s/a": "new" });
    const destination = await storeWith({ a: "old" });
    const backup = { directory: place(source, "s/bak") };
    await expect(sync(place(source, "s"), place(destination), { backup })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    expect(await contents(source)).toEqual({ "s/a": "new" });
  });

  it("[SY-2] places are known by where they lie, whatever their drivers' roots are", async () => {
    mkdirSync(join(root, "a b/c"), { recursive: true });
    writeFileSync(join(root, "a b/c/f"), "1");
    const inner = new FileDriver({ root: join(root, "a b") });
    const back = sync(place(inner), place(disk, "a b/c"));
    await expect(back).rejects.toMatchObject({ code: "invalid-argument" });
    const over = sync(place(disk, "a b/c"), place(inner), { delete: true });
    await expect(over).rejects.toMatchObject({ code: "invalid-argument" });
    await inner.close();
  });

  it("[SY-2] nor does the source lie where named paths are removed", async () => {
    const store = await storeWith({ "d/s/a": "1", "d/x": "2" });
    const wishes = { files: ["x"], deleteMissing: true };
    await expect(sync(place(store, "d/s"), place(store, "d"), wishes)).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it.each(["a/b", "../x", ""])(
    "[SY-282] the directory of parts is a name: %j",
    async (directory) => {
      const run = sync(place(await storeWith()), place(disk), { partial: { directory } });
      await expect(run).rejects.toMatchObject({ code: /^invalid-/ });
    },
  );

  it("[SY-285] the directory of temporary files lies inside the destination", async () => {
    const run = sync(place(await storeWith()), place(disk), { tempDirectory: "../x" });
    await expect(run).rejects.toMatchObject({ code: "invalid-path" });
  });
});

describe("Spool", () => {
  it("keeps what several push at the same time", async () => {
    const spool = new Spool<number>(10);
    await Promise.all(Array.from({ length: 1000 }, async (_, i) => spool.push(i)));
    const read: number[] = [];
    for await (const page of spool.forward()) read.push(...page);
    expect(read).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    await spool.close();
  });
});

it("[SY-71] a directory that cannot be made is one failure: no attributes are set on it", async () => {
  mkdirSync(join(root, "from/d/e"), { recursive: true });
  mkdirSync(join(root, "to"));
  const error = new StorageError("permission-denied");
  const faults = new Faults(({ operation }) =>
    operation === "mkdir" ? { kind: "fail-before", error } : undefined,
  );
  const { onEvent, lines } = recorder();
  await sync(place(disk, "from"), place(fault(disk, faults), "to"), { onEvent });
  expect(lines().toSorted()).toEqual(["d/e: failed", "d: failed"]);
});

it("[SY-71] an event for each path that would have been put where a directory was, within its limits", async () => {
  const source = await storeWith({ a: "12345", b: "12345" });
  const destination = await storeWith({ "a/x": "1", "b/x": "1" });
  const { onEvent, lines } = recorder();
  const report = await sync(place(source), place(destination), {
    force: true,
    maxTransfer: 6,
    onEvent,
  });
  expect(report.ended).toBe("max-transfer");
  expect(lines().filter((line) => line.includes("copy"))).toHaveLength(1);
});

describe("what goes with content that the store copies", () => {
  it.each([
    ["copies", {}],
    ["delayed updates", { delayUpdates: true }],
  ] as const)("[SY-34] the storage class: %s", async (_, wishes) => {
    const store = await storeWith({ "from/a": "1", "to/b": "2" });
    const asked: unknown[] = [];
    const copy = store.copy.bind(store);
    store.copy = async (source, path, options) => {
      asked.push([path, options?.storageClass]);
      return { ...(await copy(source, path, options)), storageClass: "GLACIER" };
    };
    const to = disable(store, "move");
    const stat = to.stat.bind(to);
    to.stat = async (path, options) => {
      const entry = await stat(path, options);
      return path.includes(".omnisync") && entry ? { ...entry, storageClass: "GLACIER" } : entry;
    };
    const options = { storageClass: "GLACIER", ...wishes };
    await sync(place(store, "from"), place(to, "to"), options);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((one) => (one as string[])[1] === "GLACIER")).toBe(true);
  });

  it("[SY-60] a rename that waits for the disk, where sources are removed", async () => {
    const durable: unknown[] = [];
    const move = disk.move.bind(disk);
    disk.move = (from, to, options) => {
      durable.push(options?.durable);
      return move(from, to, options);
    };
    const source = await storeWith({ a: "1" });
    const report = await sync(place(source), place(disk), { delayUpdates: true, move: true });
    expect(report).toMatchObject({ failed: 0, sourcesRemoved: 1 });
    expect(durable).toEqual([true]);
  });
});
