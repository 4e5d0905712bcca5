/** Backups, trash and every timing of removals under faults: what was there once is there still, or was meant to go. */
import { type Driver, FileDriver, StorageError } from "@omnisync/storage";
import { type Fault, Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { type SyncOptions, sync } from "@omnisync/sync";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

const OLD: Readonly<Record<string, string>> = {
  same: "same",
  changed: "old content",
  "dir/changed": "old",
  extra: "extra",
  "gone/x": "extra too",
};
const NEW: Readonly<Record<string, string>> = {
  same: "same",
  changed: "new",
  "dir/changed": "newer",
  "dir/new": "n",
  z: "zzz",
};

const DOWN = new StorageError("unavailable", { message: "down" });
const FAULTS: Readonly<Record<string, Fault>> = {
  "nothing is done": { kind: "fail-before", error: DOWN },
  "the answer is lost": { kind: "fail-after", error: DOWN },
  "somebody was faster": { kind: "fail-before", error: new StorageError("precondition-failed") },
};

const WAYS: Readonly<Record<string, (driver: Driver) => Driver>> = {
  copies: (driver) => driver,
  "reading and writing": (driver) => disable(driver, "copy"),
  "copies, nothing renamed": (driver) => disable(driver, "move"),
  "without conditions": (driver) => disable(driver, "conditions"),
};

const KEEPING: Readonly<Record<string, SyncOptions>> = {
  "backups beside": { backup: {} },
  "backups in a directory, extras first": {
    backup: { directory: "bak" },
    deleteTiming: "before",
  },
  "trash, extras during": { trash: true, deleteTiming: "during" },
  "backups, updates delayed": { backup: {}, delayUpdates: true },
};

async function run(
  keeping: SyncOptions,
  way: string,
  side: "source" | "destination",
  faults: Faults,
) {
  const source = await storeWith(NEW, { mtime: T0 + 60_000 });
  const destination = await storeWith(OLD);
  await source.write("same", bytes("same"), { mtime: T0 });
  const from = side === "source" ? fault(source, faults) : source;
  const to = WAYS[way]!(side === "destination" ? fault(destination, faults) : destination);
  const options = { delete: true, ...keeping };
  const ended = await sync(place(from), place(to), options).then(
    (report) => report.failed > 0 || report.withheld !== undefined,
    () => true,
  );
  return { failed: ended, source, destination };
}

/** Every content that the store holds under some name that ends as the path does. */
function kept(store: ReadonlyMap<string, { readonly bytes: Uint8Array }>, path: string): string[] {
  const found: string[] = [];
  for (const [key, object] of store) {
    if (key === path || key === `${path}~` || key.endsWith(`/${path}`))
      found.push(Buffer.from(object.bytes).toString());
  }
  return found;
}

describe.each(Object.keys(KEEPING))("%s", (keeping) => {
  describe.each(Object.keys(WAYS))("%s", (way) => {
    it.each(["source", "destination"] as const)(
      "[SY-265] a fault at every call to the %s loses neither old nor new",
      async (side) => {
        const counting = new Faults();
        await run(KEEPING[keeping]!, way, side, counting);
        expect(counting.calls.length).toBeGreaterThan(5);
        for (const [name, one] of Object.entries(FAULTS)) {
          for (let n = 1; n <= counting.calls.length; n++) {
            const where = `${name} at call ${n}`;
            const faults = new Faults(onCall(n, one));
            const { destination, source, failed } = await run(KEEPING[keeping]!, way, side, faults);
            const found = await contents(destination);
            for (const [path, content] of Object.entries(OLD)) {
              expect(kept(destination.store.objects, path), `${where}: ${path}`).toContain(content);
              if (path in NEW) expect([content, NEW[path]], where).toContain(found[path]);
            }
            for (const path of Object.keys(NEW)) {
              if (!failed) expect(found[path], where).toBe(NEW[path]);
            }
            const again = await sync(place(source), place(destination), {
              delete: true,
              ...KEEPING[keeping],
            });
            expect(again.failed, where).toBe(0);
            expect(await contents(destination), where).toMatchObject(NEW);
            for (const [path, content] of Object.entries(OLD)) {
              expect(kept(destination.store.objects, path), `${where}: ${path}`).toContain(content);
            }
          }
        }
      },
    );
  });
});

const WRITING: Readonly<Record<string, SyncOptions>> = {
  "a directory for temporary files": { tempDirectory: "tmp" },
  "parts kept in a directory": { partial: { directory: ".part" } },
  "parts kept under their own names": { partial: true },
};

describe.each(Object.keys(WRITING))("on a disk, with %s", (writing) => {
  const big = { old: "o".repeat(1_100_000), new: "n".repeat(1_200_000) };
  let root: string;
  let disk: FileDriver;
  let source: Driver;
  let runs = 0;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    disk = new FileDriver({ root });
    source = disable(await storeWith({ big: big.new, fresh: big.new }), "copy");
  });
  afterAll(async () => {
    await disk.close();
    rmSync(root, { recursive: true, force: true });
  });

  const read = async (path: string): Promise<string> => {
    if ((await disk.stat(path)) === undefined) return "";
    return Buffer.from((await disk.readBlock(path, { offset: 0, length: 2e6 })).bytes).toString();
  };

  async function runOnDisk(faults: Faults) {
    const at = `run-${++runs}`;
    await disk.write(`${at}/big`, bytes(big.old), { mtime: T0 });
    const options = { attempts: 1, ...WRITING[writing] };
    const to = fault(disk, faults);
    const report = await sync(place(source), place(to, at), options).catch(() => undefined);
    const found = await Promise.all([read(`${at}/big`), read(`${at}/fresh`)]);
    const again = await sync(place(source), place(disk, at), WRITING[writing]);
    const after = await Promise.all([read(`${at}/big`), read(`${at}/fresh`)]);
    return { ok: report?.failed === 0, found, again, after };
  }

  it.each(Object.keys(FAULTS))("[SY-265] %s, at any call", async (name) => {
    const counting = new Faults();
    await runOnDisk(counting);
    expect(counting.calls.length).toBeGreaterThan(8);
    for (let n = 1; n <= counting.calls.length; n++) {
      const { ok, found, again, after } = await runOnDisk(new Faults(onCall(n, FAULTS[name]!)));
      const where = `call ${n}: ${counting.calls[n - 1]!.operation}`;
      expect(found[0] === big.old || found[0] === big.new, where).toBe(true);
      if (ok)
        expect(
          found.every((text) => text === big.new),
          where,
        ).toBe(true);
      // Of a new file there may be a part, where that was asked for: it is the beginning of the file.
      expect(big.new.startsWith(found[1]), where).toBe(true);
      expect(again.failed, where).toBe(0);
      expect(
        after.every((text) => text === big.new),
        where,
      ).toBe(true);
    }
  });
});
