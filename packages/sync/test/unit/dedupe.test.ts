import { type Driver, FileDriver, StorageError, hashBytes } from "@omnisync/storage";
import { Faults, disable, fault, intercept, readOnly } from "@omnisync/storage/layers";
import {
  type DuplicateEvent,
  type Duplicates,
  type FindDuplicatesOptions,
  type KeepPolicy,
  type SettleOptions,
  findDuplicates,
} from "@omnisync/sync";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { withHash } from "../altered-entries.ts";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

async function find(driver: Driver, options?: FindDuplicatesOptions): Promise<Duplicates> {
  const found = await findDuplicates(place(driver), options);
  onTestFinished(() => found.close());
  return found;
}

function sets(found: Duplicates, keep?: KeepPolicy): readonly (readonly string[])[] {
  return [...found.list(keep)].map((set) => [
    set.keep.path,
    ...[...set.duplicates].map(({ path }) => path),
  ]);
}

function told(): { readonly options: SettleOptions; readonly lines: string[] } {
  const lines: string[] = [];
  const onEvent = ({ kind, path, kept }: DuplicateEvent): void =>
    void lines.push(`${kind} ${path} (${kept})`);
  return { options: { onEvent }, lines };
}

describe("findDuplicates", () => {
  it("[SY-350] finds equal content, what frees most first, and reads only what shares its size", async () => {
    const store = await storeWith({
      "a/1": "same",
      "b/1": "same",
      "c/1": "same",
      "big 1": "0123456789",
      "big 2": "0123456789",
      "big 3": "012345678x",
      alone: "other size",
      longer: "another size",
      empty: "",
      "empty 2": "",
    });
    const faults = new Faults();
    const found = await find(fault(store, faults));
    expect(sets(found)).toEqual([
      ["big 1", "big 2"],
      ["a/1", "b/1", "c/1"],
    ]);
    expect(found).toMatchObject({ files: 10, sets: 2, duplicates: 3, reclaimable: 18, failed: 0 });
    const read = faults.calls.filter(({ operation }) => operation === "readBlock");
    expect(read.map(({ path }) => path).sort()).toEqual(
      ["a/1", "alone", "b/1", "big 1", "big 2", "big 3", "c/1"].sort(),
    );
  });

  it("[SY-350] of long files of equal size only those with equal beginnings are read whole", async () => {
    const long = (first: string, last: string): string => first + "-".repeat(200_000) + last;
    const store = await storeWith({
      a: long("1", "x"),
      b: long("1", "x"),
      c: long("1", "y"),
      d: long("2", "x"),
      e: long("3", "x"),
    });
    const faults = new Faults();
    const found = await find(fault(store, faults));
    expect(sets(found)).toEqual([["a", "b"]]);
    const reads = faults.calls
      .filter(({ operation }) => operation === "readBlock")
      .map(({ path }) => path)
      .sort();
    expect(reads).toEqual(["a", "a", "b", "b", "c", "c", "d", "e"]);
  });

  it("[SY-350] a long file whose beginning cannot be read is no duplicate, and said once", async () => {
    const text = "-".repeat(200_000);
    const store = await storeWith({ a: text, b: text, c: text });
    const error = new StorageError("permission-denied");
    const faults = new Faults(({ operation, path }) =>
      operation === "readBlock" && path === "b" ? { kind: "fail-before", error } : undefined,
    );
    const found = await find(fault(store, faults));
    expect(sets(found)).toEqual([["a", "c"]]);
    expect(found).toMatchObject({ failed: 1, failures: [{ path: "b" }] });
  });

  it("[SY-350] a file that cannot be read is no duplicate, and said", async () => {
    const store = await storeWith({ a: "x", b: "x", c: "x" });
    const error = new StorageError("permission-denied");
    const faults = new Faults(({ operation, path }) =>
      operation === "readBlock" && path === "b" ? { kind: "fail-before", error } : undefined,
    );
    const found = await find(fault(store, faults));
    expect(sets(found)).toEqual([["a", "c"]]);
    expect(found).toMatchObject({ failed: 1, failures: [{ path: "b" }] });
  });

  it("[SY-354] the policy says which copy stays", async () => {
    const store = await storeWith();
    for (const [path, age] of [
      ["m/long", 2],
      ["z", 1],
      ["n/l", 3],
    ] as const)
      await store.write(path, bytes("x"), { mtime: T0 + age * 1000 });
    const found = await find(store);
    expect(sets(found)[0]![0]).toBe("m/long");
    expect(sets(found, "newest")[0]![0]).toBe("n/l");
    expect(sets(found, "oldest")[0]![0]).toBe("z");
    expect(sets(found, "shortest-path")[0]![0]).toBe("z");
    expect(sets(found, "longest-path")[0]![0]).toBe("m/long");
  });

  it("[SY-350] minSize leaves small files alone", async () => {
    const store = await storeWith({ a: "x", b: "x", c: "12345", d: "12345" });
    expect(sets(await find(store, { minSize: 5 }))).toEqual([["c", "d"]]);
  });
});

describe("Duplicates.remove", () => {
  it("[SY-354] exactly one copy of each content stays", async () => {
    const store = await storeWith({ a: "x", b: "x", c: "x", d: "y", e: "y", f: "z" });
    const { options, lines } = told();
    const report = await (await find(store)).remove(options);
    expect(report).toMatchObject({ removed: 3, bytes: 3, changed: 0, failed: 0, dryRun: false });
    expect(lines.sort()).toEqual(["removed b (a)", "removed c (a)", "removed e (d)"]);
    expect(await contents(store)).toEqual({ a: "x", d: "y", f: "z" });
    expect((await find(store)).sets).toBe(0);
  });

  it("[SY-355] a dry run changes nothing", async () => {
    const store = await storeWith({ a: "x", b: "x" });
    const faults = new Faults();
    const { options, lines } = told();
    const found = await find(fault(store, faults));
    const before = faults.calls.length;
    expect(await found.remove({ ...options, dryRun: true })).toMatchObject({
      removed: 1,
      dryRun: true,
    });
    expect(lines).toEqual(["removed b (a)"]);
    expect(faults.calls.length).toBe(before);
  });

  it("[SY-351] what the store claims of the content is not enough", async () => {
    const store = await storeWith({ a: "1", b: "2", c: "2" });
    const hash = hashBytes("blake3", bytes("2"));
    const found = await find(withHash(store, hash));
    expect(sets(found)).toEqual([["a", "b", "c"]]);
    const { options, lines } = told();
    expect(await found.remove(options)).toMatchObject({ removed: 0, changed: 2 });
    expect(lines).toEqual(["changed b (a)", "changed c (a)"]);
    expect(await found.remove({ keep: "longest-path" })).toMatchObject({ removed: 0 });
    expect(await contents(store)).toEqual({ a: "1", b: "2", c: "2" });
  });

  it("[SY-352] a duplicate that changed after it was compared stays", async () => {
    const store = await storeWith({ a: "x", b: "x", c: "x" });
    const found = await find(store);
    await store.write("b", bytes("y"), { mtime: T0 });
    const { options, lines } = told();
    await found.remove(options);
    expect(lines).toEqual(["changed b (a)", "removed c (a)"]);
    expect(await contents(store)).toEqual({ a: "x", b: "y" });
  });

  it("[SY-352] nothing goes for a kept copy that changed or is gone", async () => {
    for (const change of ["write", "remove"] as const) {
      const store = await storeWith({ a: "x", b: "x" });
      const found = await find(store);
      if (change === "write") await store.write("a", bytes("y"), { mtime: T0 });
      else await store.remove("a");
      expect(await found.remove()).toMatchObject({ removed: 0, changed: 1 });
      expect((await contents(store))["b"]).toBe("x");
    }
  });

  it("[SY-352] a change in the very last moment is seen by the store", async () => {
    const store = await storeWith({ a: "x", b: "x" });
    const racing = intercept(store, {
      around: async ({ operation }, run) => {
        if (operation === "remove") await store.write("b", bytes("new"), { mtime: T0 });
        return run();
      },
    });
    expect(await (await find(racing)).remove()).toMatchObject({ removed: 0, changed: 1 });
    expect(await contents(store)).toEqual({ a: "x", b: "new" });
  });

  it("[SY-352] touched but equal files are read again, and then go", async () => {
    const store = await storeWith({ a: "x", b: "x" });
    const found = await find(store);
    await store.write("b", bytes("x"), { mtime: T0 + 1 });
    expect(await found.remove()).toMatchObject({ removed: 1 });
    expect(await contents(store)).toEqual({ a: "x" });
  });

  it("[SY-352] works where the store honours no condition", async () => {
    const store = await storeWith({ a: "x", b: "x" });
    expect(await (await find(disable(store, "conditions"))).remove()).toMatchObject({ removed: 1 });
    expect(await contents(store)).toEqual({ a: "x" });
  });

  it("a failure leaves the file and goes on with the others", async () => {
    const store = await storeWith({ a: "x", b: "x", c: "x" });
    const error = new StorageError("permission-denied");
    const faults = new Faults(({ operation, path }) =>
      operation === "remove" && path === "b" ? { kind: "fail-before", error } : undefined,
    );
    expect(await (await find(fault(store, faults))).remove()).toMatchObject({
      removed: 1,
      failed: 1,
    });
    expect(await contents(store)).toEqual({ a: "x", b: "x" });
  });
});

describe("on a disk", () => {
  function disk(files: Readonly<Record<string, string>>): {
    readonly root: string;
    readonly driver: Driver;
  } {
    const root = mkdtempSync(join(tmpdir(), "omnisync-dedupe-"));
    const driver = new FileDriver({ root });
    onTestFinished(async () => {
      await driver.close();
      rmSync(root, { recursive: true });
    });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return { root, driver };
  }

  it("[SY-353] hard links of the kept file are named, free nothing and stay", async () => {
    const { root, driver } = disk({ a: "same", c: "same" });
    linkSync(join(root, "a"), join(root, "b"));
    const found = await find(driver);
    expect(found).toMatchObject({ sets: 1, duplicates: 2, reclaimable: 4 });
    const { options, lines } = told();
    expect(await found.remove(options)).toMatchObject({ removed: 1, hardLinks: 1 });
    expect(lines).toEqual(["hard-link b (a)", "removed c (a)"]);
    expect(readdirSync(root).sort()).toEqual(["a", "b"]);
    expect(await find(driver)).toMatchObject({ sets: 1, reclaimable: 0 });
  });

  it("[SY-353] names that share another file than the kept one all go", async () => {
    const { root, driver } = disk({ a: "same", b: "same" });
    for (const name of ["c", "d"]) linkSync(join(root, "b"), join(root, name));
    const found = await find(driver);
    expect(found.reclaimable).toBe(4);
    expect(await found.remove()).toMatchObject({ removed: 3, changed: 0 });
    expect(readdirSync(root)).toEqual(["a"]);
  });

  it("[SY-353] link makes one file of them, once", async () => {
    const { root, driver } = disk({ a: "same", "d/b": "same", c: "same", e: "other" });
    expect(await (await find(driver)).link()).toMatchObject({
      linked: 2,
      changed: 0,
      failed: 0,
      bytes: 8,
    });
    const inodes = ["a", "c", "d/b"].map((name) => statSync(join(root, name)).ino);
    expect(new Set(inodes).size).toBe(1);
    expect(readFileSync(join(root, "d/b"), "utf8")).toBe("same");
    const again = await find(driver);
    expect(again.reclaimable).toBe(0);
    expect(await again.link()).toMatchObject({ linked: 0, hardLinks: 2 });
  });

  it("[SY-352] a file written after it was compared is neither linked nor removed", async () => {
    const { root, driver } = disk({ a: "same", b: "same", c: "same" });
    const found = await find(driver);
    writeFileSync(join(root, "b"), "new!");
    expect(await found.link()).toMatchObject({ linked: 1, changed: 1 });
    expect(readFileSync(join(root, "b"), "utf8")).toBe("new!");
    expect(readFileSync(join(root, "a"), "utf8")).toBe("same");
  });

  it("[SY-395] what differs in more than its time is not linked, and told of", async () => {
    const { root, driver } = disk({
      a: "x",
      exec: "x",
      mode: "x",
      note: "x",
      same: "x",
      time: "x",
    });
    chmodSync(join(root, "exec"), 0o755);
    chmodSync(join(root, "mode"), 0o600);
    utimesSync(join(root, "time"), 1e9, 1e9);
    await driver.setAttributes!("note", { xattrs: { "user.note": "eA==" } });
    for (const dryRun of [true, false]) {
      const { options, lines } = told();
      const report = await (await find(driver)).link({ ...options, dryRun });
      expect(report).toMatchObject({ linked: 2, differing: 3, failed: 0, changed: 0, bytes: 2 });
      expect(lines).toEqual([
        ...["differs exec (a)", "differs mode (a)", "differs note (a)"],
        ...["linked same (a)", "linked time (a)"],
      ]);
    }
    const inode = (name: string): number => statSync(join(root, name)).ino;
    expect(inode("time")).toBe(inode("a"));
    expect(new Set(["a", "exec", "mode", "note"].map(inode)).size).toBe(4);
    expect(statSync(join(root, "exec")).mode & 0o777).toBe(0o755);
    const { xattrs } = (await driver.stat("note", { attributes: ["xattrs"] }))!;
    expect(xattrs).toEqual({ "user.note": "eA==" });
  });

  it.runIf(process.getuid?.() === 0)("[SY-395] nor what is another user's or group's", async () => {
    const { root, driver } = disk({ a: "x", group: "x", user: "x" });
    chownSync(join(root, "group"), 0, 1);
    chownSync(join(root, "user"), 1, 0);
    const errors: string[] = [];
    const onEvent = ({ error }: DuplicateEvent): void => void errors.push(error!.message);
    const report = await (await find(driver)).link({ onEvent });
    expect(report).toMatchObject({ linked: 0, differing: 2 });
    expect(errors).toEqual(["group: has another group than a", "user: has another owner than a"]);
  });

  it("[SY-353] refuses to link where the store has no hard links", async () => {
    await expect((await find(await storeWith({ a: "x", b: "x" }))).link()).rejects.toMatchObject({
      code: "unsupported",
    });
    const { driver } = disk({ a: "x", b: "x" });
    await expect((await find(readOnly(driver))).link()).rejects.toMatchObject({
      code: "read-only",
    });
  });
});
