import { FileDriver, StorageError } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { type SyncOptions, sync } from "@omnisync/sync";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { T0, bytes, contents, place, recorder, storeWith } from "../stores.ts";

const MiB = 1024 * 1024;
const DOWN = new StorageError("unavailable", { message: "down" });

let root: string;
let disk: FileDriver;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  disk = new FileDriver({ root });
});
afterEach(async () => {
  await disk.close();
  rmSync(root, { recursive: true, force: true });
});

/** Bytes that are nowhere the same twice. */
function pattern(size: number): Uint8Array {
  const made = new Uint8Array(size);
  const words = new DataView(made.buffer);
  for (let at = 0; at + 4 <= size; at += 4) words.setUint32(at, at);
  return made;
}

function all(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted();
}

function watchPatches(driver: FileDriver, onWrite: (offset: number) => void): FileDriver {
  return new Proxy(driver, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "patch") return typeof value === "function" ? value.bind(target) : value;
      return async (...args: Parameters<FileDriver["patch"]>) => {
        const patch = await target.patch(...args);
        return {
          ...patch,
          write: async (...wrote: Parameters<typeof patch.write>) => {
            onWrite(wrote[0]);
            return patch.write(...wrote);
          },
          close: (...closed: Parameters<typeof patch.close>) => patch.close(...closed),
          leave: () => patch.leave(),
        };
      };
    },
  });
}

describe("inplace", () => {
  it("[SY-280] keeps the inode, with mtime and length of the source", async () => {
    writeFileSync(join(root, "f"), "old content that is longer");
    const { ino } = statSync(join(root, "f"));
    const source = await storeWith({ f: "new", g: "n" });
    const report = await sync(place(source), place(disk), { inplace: true });
    expect(report).toMatchObject({ replaced: 1, created: 1, failed: 0 });
    expect(readFileSync(join(root, "f"), "utf8")).toBe("new");
    expect(statSync(join(root, "f"))).toMatchObject({ ino, mtimeMs: T0 });
    expect(await sync(place(source), place(disk), { inplace: true })).toMatchObject({
      unchanged: 2,
    });
  });

  it("[SY-416] without whole files, only what differs is written", async () => {
    const old = pattern(3 * MiB);
    const fresh = Uint8Array.from(old);
    fresh.fill(7, 2 * MiB, 2 * MiB + 10);
    writeFileSync(join(root, "f"), old);
    const source = disable(await storeWith({ f: fresh }), "readBlock");
    const written: number[] = [];
    const watched = watchPatches(disk, (offset) => written.push(offset));
    const options = { inplace: true, wholeFile: false };
    const report = await sync(place(source), place(watched), options);
    expect(Buffer.compare(readFileSync(join(root, "f")), fresh)).toBe(0);
    expect(report.bytesTransferred + report.bytesMatched).toBe(3 * MiB);
    expect(report.bytesMatched).toBeGreaterThan(0);
    expect(written.length).toBeGreaterThan(0);
    expect(written.every((offset) => offset > MiB)).toBe(true);
  });

  it("[SY-417] what took its place meanwhile is not taken for what was written", async () => {
    writeFileSync(join(root, "f"), "old");
    const source = await storeWith({ f: "from the source" });
    let isDone = false;
    const raced = watchPatches(disk, () => {
      if (isDone) return;
      isDone = true;
      writeFileSync(join(root, "other"), "somebody else's");
      renameSync(join(root, "other"), join(root, "f"));
    });
    const options = { inplace: true, move: true, attempts: 1 };
    const report = await sync(place(source), place(raced), options);
    expect(report).toMatchObject({ failed: 1, sourcesRemoved: 0 });
    expect(readFileSync(join(root, "f"), "utf8")).toBe("somebody else's");
    expect(statSync(join(root, "f")).mtimeMs).not.toBe(T0);
    expect(await contents(source)).toEqual({ f: "from the source" });
  });

  it("[SY-280] a backup is a copy, which the new content does not get into", async () => {
    writeFileSync(join(root, "f"), "old content");
    const source = await storeWith({ f: "new" });
    await sync(place(source), place(disk), { inplace: true, backup: {} });
    expect(readFileSync(join(root, "f~"), "utf8")).toBe("old content");
    expect(readFileSync(join(root, "f"), "utf8")).toBe("new");
  });

  it.each<SyncOptions>([{ inplace: true }, { append: true }, { append: "verify" }])(
    "[SY-280] %o never changes a file under its other names",
    async (options) => {
      writeFileSync(join(root, "f"), "old");
      linkSync(join(root, "f"), join(root, "twin"));
      const source = await storeWith({ f: "old and new" }, { mtime: T0 + 5000 });
      const report = await sync(place(source), place(disk), options);
      expect(report).toMatchObject({ replaced: 1, failed: 0 });
      expect(readFileSync(join(root, "f"), "utf8")).toBe("old and new");
      expect(readFileSync(join(root, "twin"), "utf8")).toBe("old");
    },
  );

  it("[SY-280] is an ordinary transfer on a store that changes nothing in place", async () => {
    const destination = await storeWith({ f: "old" });
    const source = await storeWith({ f: "newer" });
    expect(
      await sync(place(source), place(destination), { inplace: true, append: "verify" }),
    ).toMatchObject({ replaced: 1 });
    expect(await contents(destination)).toEqual({ f: "newer" });
  });
});

describe("append", () => {
  const source = () => storeWith({ log: "line 1\nline 2\n", same: "x" }, { mtime: T0 + 5000 });

  it.each([true, "verify"] as const)("[SY-281] %s sends only what is missing", async (append) => {
    writeFileSync(join(root, "log"), "line 1\n");
    writeFileSync(join(root, "same"), "y");
    const { onEvent, lines } = recorder();
    const options = { append, onEvent };
    const report = await sync(place(await source()), place(disk), options);
    expect(report).toMatchObject({ bytesTransferred: 7, failed: 0, skipped: 1 });
    expect(readFileSync(join(root, "log"), "utf8")).toBe("line 1\nline 2\n");
    expect(lines()).toContain("same: skip (not-shorter)");
  });

  it.each([
    ["[SY-281] verify", { append: "verify" }],
    ["[SY-63] move", { append: true, move: true }],
  ] as const)("%s sends the whole of a file that begins otherwise", async (_, options) => {
    writeFileSync(join(root, "log"), "other\n");
    await sync(place(await source()), place(disk), options);
    expect(readFileSync(join(root, "log"), "utf8")).toBe("line 1\nline 2\n");
  });
});

describe("partial", () => {
  const content = pattern(3 * MiB);

  /** A run whose source breaks off after so many bytes. */
  async function broken(options: SyncOptions, after: number) {
    const source = await storeWith({ "d/big": content });
    const read = source.read.bind(source);
    source.read = async (path, call) => {
      const { entry, body } = await read(path, call);
      const cut = async function* (): AsyncIterable<Uint8Array> {
        let given = call?.range?.offset ?? 0;
        for await (const chunk of body) {
          if (given >= after) throw DOWN;
          given += chunk.byteLength;
          yield chunk;
        }
      };
      return { entry, body: cut() };
    };
    const poor = disable(source, "readBlock");
    return sync(place(poor), place(disk), { attempts: 1, ...options });
  }

  async function whole(options: SyncOptions) {
    const source = await storeWith({ "d/big": content });
    return sync(place(source), place(disk), options);
  }

  it("[SY-282] in a directory: the next run goes on from there", async () => {
    const options = { partial: { directory: ".part" } };
    expect(await broken(options, MiB)).toMatchObject({ failed: 1 });
    expect(all(root)).toEqual(["d/.part/big"]);
    expect(statSync(join(root, "d/.part/big")).size).toBe(MiB);
    const report = await whole({ ...options, delete: true });
    expect(report).toMatchObject({ failed: 0, created: 1, bytesTransferred: 2 * MiB, removed: 0 });
    expect(all(root)).toEqual(["d/big"]);
    expect(Buffer.compare(readFileSync(join(root, "d/big")), content)).toBe(0);
    expect(existsSync(join(root, "d/.part"))).toBe(false);
  });

  it("[SY-282] a part that does not begin as its file is no part of it", async () => {
    mkdirSync(join(root, "d/.part"), { recursive: true });
    writeFileSync(join(root, "d/.part/big"), pattern(MiB).reverse());
    await whole({ partial: { directory: ".part" } });
    expect(Buffer.compare(readFileSync(join(root, "d/big")), content)).toBe(0);
  });

  it("[SY-283] true: under its own name, unless something is there", async () => {
    expect(await broken({ partial: true }, MiB)).toMatchObject({ failed: 1 });
    expect(all(root)).toEqual(["d/big"]);
    expect(statSync(join(root, "d/big")).size).toBe(MiB);
    const report = await whole({ partial: true });
    expect(report).toMatchObject({ failed: 0, replaced: 1, bytesTransferred: 2 * MiB });
    expect(Buffer.compare(readFileSync(join(root, "d/big")), content)).toBe(0);
    expect(all(root)).toEqual(["d/big"]);
    writeFileSync(join(root, "d/big"), "old content");
    expect(await broken({ partial: true }, MiB)).toMatchObject({ failed: 1 });
    expect(readFileSync(join(root, "d/big"), "utf8")).toBe("old content");
  });

  it("[SY-30] without it nothing is left", async () => {
    expect(await broken({}, MiB)).toMatchObject({ failed: 1 });
    expect(all(root)).toEqual([]);
  });
});

describe("delayUpdates and tempDirectory", () => {
  it("[SY-284] nothing gets its place before all is there", async () => {
    writeFileSync(join(root, "a"), "old");
    const source = await storeWith({ a: "newer", "d/b": "2", c: "3" });
    const seen: string[][] = [];
    const report = await sync(place(source), place(disk), {
      delayUpdates: true,
      onEvent: () => void seen.push(all(root).filter((path) => !path.includes(".omnisync"))),
      hooks: { before: async () => void seen.push(all(root).filter((p) => !p.includes(".omni"))) },
    });
    expect(report).toMatchObject({ failed: 0, created: 2, replaced: 1 });
    expect(seen.slice(0, 3)).toEqual([["a"], ["a"], ["a"]]);
    expect(all(root)).toEqual(["a", "c", "d/b"]);
    expect(existsSync(join(root, ".omnisync"))).toBe(false);
  });

  it.each<SyncOptions>([{ delete: true }, { force: true }])(
    "[SY-284] %o: a file that takes the place of a directory gets there, though last",
    async (options) => {
      mkdirSync(join(root, "d"));
      writeFileSync(join(root, "d/x"), "in the way");
      const source = await storeWith({ a: "1", d: "a file" });
      const report = await sync(place(source), place(disk), { ...options, delayUpdates: true });
      expect(report).toMatchObject({ failed: 0, created: 2, removed: 2 });
      expect(await contents(disk)).toEqual({ a: "1", d: "a file" });
    },
  );

  it("[SY-284] an interrupted run leaves the old, and nothing else", async () => {
    writeFileSync(join(root, "a"), "old");
    const source = await storeWith({ a: "newer", b: "2" });
    const stop = new AbortController();
    const faulty = fault(
      source,
      new Faults(onCall(2, { kind: "fail-before", error: DOWN }, "readBlock")),
    );
    const hooks = {
      before: async ({ path }: { readonly path: string }) => void (path === "b" && stop.abort()),
    };
    const options = { delayUpdates: true, signal: stop.signal, hooks, jobs: 1 };
    expect(await sync(place(faulty), place(disk), options)).toMatchObject({ interrupted: true });
    expect(all(root)).toEqual(["a"]);
    expect(readFileSync(join(root, "a"), "utf8")).toBe("old");
  });

  it("[SY-284] by copies of the store, where nothing can be renamed", async () => {
    const destination = await storeWith({ a: "old" });
    const source = await storeWith({ a: "newer", b: "2" });
    const to = disable(destination, "move");
    await sync(place(source), place(to), { delayUpdates: true, backup: {} });
    expect([...destination.store.objects.keys()].toSorted()).toEqual(["a", "a~", "b"]);
    expect(await contents(destination)).toEqual({ a: "newer", "a~": "old", b: "2" });
  });

  it("[SY-285] writes beside, in the directory that was named", async () => {
    mkdirSync(join(root, "tmp"));
    writeFileSync(join(root, "a"), "old");
    const source = await storeWith({ a: "newer", "d/b": "2" });
    const report = await sync(place(source), place(disk), { tempDirectory: "tmp" });
    expect(report).toMatchObject({ failed: 0, created: 1, replaced: 1 });
    expect(all(root)).toEqual(["a", "d/b"]);
  });
});

describe("alternates and fuzzy", () => {
  it("[SY-290] link: one file with its alternate; a dry run says so", async () => {
    const other = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    const before = new FileDriver({ root: other });
    try {
      await before.write("d/f", bytes("same"), { mtime: T0, mode: 0o644 });
      await before.write("g", bytes("SAME"), { mtime: T0 - 5000 });
      const source = await storeWith({ "d/f": "same", g: "same" }, { mtime: T0, mode: 0o644 });
      const alternates = { kind: "link", places: [place(before)] } as const;
      const [dry, real] = [recorder(), recorder()];
      const poor = disable(source, "copy");
      await sync(place(poor), place(disk), { alternates, dryRun: true, onEvent: dry.onEvent });
      expect(all(root)).toEqual([]);
      const report = await sync(place(poor), place(disk), { alternates, onEvent: real.onEvent });
      expect(dry.lines().toSorted()).toEqual(real.lines().toSorted());
      expect(report).toMatchObject({ failed: 0, linksWritten: 1, created: 1, bytesTransferred: 4 });
      expect(statSync(join(root, "d/f")).ino).toBe(statSync(join(other, "d/f")).ino);
      expect(readFileSync(join(root, "g"), "utf8")).toBe("same");
    } finally {
      await before.close();
      rmSync(other, { recursive: true });
    }
  });

  it("[SY-290] copy: by the store, without a transfer", async () => {
    const destination = await storeWith({ "before/a": "1", "before/b": "2", "now/": "" });
    const source = await storeWith({ a: "1", b: "other" });
    const alternates = { kind: "copy", places: [place(destination, "before")] } as const;
    const report = await sync(place(source), place(destination, "now"), { alternates });
    expect(report).toMatchObject({ created: 2, bytesTransferred: 5 });
    expect(await contents(destination, "now")).toMatchObject({ "now/a": "1", "now/b": "other" });
    expect((await destination.stat("now/a"))?.mtime).toBe(T0);
  });

  it("[SY-291] fuzzy: a renamed file is copied from its old name, if its content is the same", async () => {
    const destination = await storeWith({ "d/old": "same content", "d/x": "else contenT" });
    const source = await storeWith({ "d/new": "same content", "d/y": "not  content" });
    const report = await sync(place(source), place(destination), { fuzzy: true, delete: true });
    expect(report).toMatchObject({ failed: 0, created: 2, bytesTransferred: 12, removed: 2 });
    expect(await contents(destination)).toEqual({ "d/new": "same content", "d/y": "not  content" });
  });
});

describe("what moved meanwhile", () => {
  it("[SY-292] failOnConflict refuses a destination that changed since it was listed", async () => {
    for (const failOnConflict of [true, false]) {
      const destination = await storeWith({ a: "old", b: "old" });
      const source = await storeWith({ a: "newer", b: "newer" }, { mtime: T0 + 9000 });
      const hooks = {
        before: async ({ path }: { readonly path: string }) => {
          if (path === "b" && (await destination.stat("b"))?.mtime === T0)
            await destination.write("b", bytes("someone's"), { mtime: T0 + 1 });
        },
      };
      const report = await sync(place(source), place(destination), { failOnConflict, hooks });
      expect(report.failures.map(({ error }) => error.code)).toEqual(
        failOnConflict ? ["precondition-failed"] : [],
      );
      const expected = { a: "newer", b: failOnConflict ? "someone's" : "newer" };
      expect(await contents(destination)).toEqual(expected);
    }
  });

  it("[SY-293] a source that vanishes is counted, and with skipVanished no failure", async () => {
    for (const skipVanished of [true, false]) {
      const source = await storeWith({ a: "1", b: "2" });
      const hooks = {
        before: async ({ path }: { readonly path: string }) =>
          void (path === "b" && (await source.remove("b"))),
      };
      const report = await sync(place(source), place(await storeWith()), { skipVanished, hooks });
      expect(report).toMatchObject({ vanished: 1, created: 1, failed: skipVanished ? 0 : 1 });
      expect(report.skipped).toBe(skipVanished ? 1 : 0);
    }
  });
});
