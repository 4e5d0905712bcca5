import { StorageError } from "@omnisync/storage";
import { Filter, type SyncOptions, createFilter, loadFilter, sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { PathList } from "../../src/walk/path-list.ts";
import { diskPlace } from "../disk-place.ts";
import { T0, bytes, contents, place, recorder, storeWith } from "../stores.ts";

const TREE = { a: "1", "d/b": "2", "d/e/c": "3", "empty/": "", "x/y": "4" };

/** What the destination holds after a run over `TREE`. */
async function after(
  options: SyncOptions,
  destination: Readonly<Record<string, string>> = {},
  source: Readonly<Record<string, string>> = TREE,
): Promise<string[]> {
  const to = await storeWith(destination);
  const report = await sync(place(await storeWith(source)), place(to), options);
  expect(report.failures).toEqual([]);
  return Object.keys(await contents(to)).sort();
}

describe("[SY-210] not recursive", () => {
  it("takes only the files directly inside", async () => {
    expect(await after({ recursive: false })).toEqual(["a"]);
  });

  it("takes directories themselves, empty, if they are wanted", async () => {
    const found = await after({ recursive: false, directories: true });
    expect(found).toContain("a");
    expect(found.filter((path) => !path.endsWith("/"))).toEqual(["a"]);
  });

  it("removes an extra directory with all that is in it, and nothing in one that both have", async () => {
    const found = await after(
      { recursive: false, directories: true, delete: true },
      { "d/old": "x", "gone/b": "x", "gone/c/d": "x", old: "x" },
    );
    expect(found.filter((path) => !path.endsWith("/"))).toEqual(["a", "d/old"]);
  });
});

describe("[SY-211] only named paths", () => {
  it("takes files, and directories with what is in them, in any order, each once", async () => {
    expect(await after({ files: ["x/y", "/d//e", "a", "./a", "d/e/c"] })).toEqual([
      "a",
      "d/e/c",
      "x/y",
    ]);
  });

  it("without recursion a directory comes alone, or with what is directly in it", async () => {
    expect(await after({ files: ["d"], recursive: false })).toEqual(["d/"]);
    expect(await after({ files: ["d/"], recursive: false })).toEqual(["d/b", "d/e/"]);
  });

  it("takes a stream of paths, and never lists the place", async () => {
    const source = await storeWith(TREE);
    source.list = () => {
      throw new Error("listed");
    };
    const to = await storeWith();
    async function* names(): AsyncIterable<string> {
      yield* ["d/b", "a"];
    }
    await sync(place(source), place(to), { files: names() });
    expect(Object.keys(await contents(to)).sort()).toEqual(["a", "d/b"]);
  });

  it("looks for extras in named directories only", async () => {
    const old = { old: "x", "d/e/old": "x", "d/old": "x", "x/old": "x" };
    const found = await after({ files: ["d/e", "a"], delete: true }, old);
    expect(found).toEqual(["a", "d/e/c", "d/old", "old", "x/old"]);
  });

  it("a named path that is not there is a failure, and withholds removals", async () => {
    const to = await storeWith({ "d/e/old": "x", lost: "x" });
    const report = await sync(place(await storeWith(TREE)), place(to), {
      files: ["lost", "d/e"],
      delete: true,
    });
    expect(report.failures.map(({ path, error }) => [path, error.code])).toEqual([
      ["lost", "not-found"],
    ]);
    expect(report.withheld).toBe("incomplete-listing");
    expect(Object.keys(await contents(to)).sort()).toEqual(["d/e/c", "d/e/old", "lost"]);
  });

  it.each([
    ["a file of a disk", diskPlace],
    ["an object", async () => place(await storeWith())],
  ])("%s above a named path is named by nobody", async (_, makeSource) => {
    const to = await storeWith({ a: "old" });
    const source = await makeSource();
    for (const path of ["a", "b"]) await source.driver.write(path, bytes("2"));
    const report = await sync(source, place(to), { files: ["a/x", "b"], delete: true });
    expect(report.failures.map(({ path, error }) => [path, error.code])).toEqual([
      ["a/x", "not-found"],
    ]);
    expect(await contents(to)).toEqual({ a: "old", b: "2" });
  });

  it("[SY-43] one at the destination makes way for the directory", async () => {
    const to = diskPlace();
    await to.driver.write("x", bytes("old"));
    await sync(place(await storeWith(TREE)), to, { files: ["x/y"] });
    expect(await contents(to.driver)).toEqual({ "x/": "", "x/y": "4" });
  });

  it("ignoreMissing: it is no failure", async () => {
    expect(await after({ files: ["lost", "a"], ignoreMissing: true }, { lost: "x" })).toEqual([
      "a",
      "lost",
    ]);
  });

  it("deleteMissing: it goes from the destination, and nothing else does", async () => {
    const found = await after(
      { files: ["lost", "a"], deleteMissing: true },
      { lost: "x", old: "x" },
    );
    expect(found).toEqual(["a", "old"]);
  });

  it("deleteMissing: a path that a rule leaves out is not missing", async () => {
    const filter = await loadFilter([{ kind: "filter", text: "H a" }]);
    expect(await after({ files: ["a"], deleteMissing: true, filter }, { a: "x" })).toEqual(["a"]);
  });

  it("reserved paths cannot be named", async () => {
    const found = await after({ files: [".omnisync/state", "a"], ignoreMissing: true });
    expect(found).toEqual(["a"]);
  });

  it("a long list goes to the disk, in order", async () => {
    const names = Array.from({ length: 120_000 }, (_, i) => `n${(i * 7919) % 120_000}`);
    const list = await PathList.create(names);
    const read: string[] = [];
    for await (const batch of list.batches()) read.push(...batch.map(({ path }) => path));
    await list.close();
    expect(read).toEqual(names.sort());
  }, 30_000);
});

describe("[SY-212] empty directories", () => {
  const tree = { "d/e/f/": "", "d/a": "1", "g/h/": "", "i/": "" };

  it("are left out where pruneEmptyDirs is set", async () => {
    expect(await after({ pruneEmptyDirs: true }, {}, tree)).toEqual(["d/a"]);
  });

  it("stay if a rule protects them", async () => {
    const filter = await loadFilter([{ kind: "filter", text: "P i/" }]);
    expect(await after({ pruneEmptyDirs: true, filter }, {}, tree)).toEqual(["d/a", "i/"]);
  });
});

describe("[SY-208] limits of size and age", () => {
  const big = { big: "0123456789", small: "1" };

  it("files outside are left alone on both sides; extras go whatever their size", async () => {
    const filter = await loadFilter([], { maxSize: 5 });
    const { onEvent, lines } = recorder();
    const to = await storeWith({ big: "old", old: "0123456789" });
    await sync(place(await storeWith(big)), place(to), { filter, delete: true, onEvent });
    expect(await contents(to)).toEqual({ big: "old", small: "1" });
    expect(lines()).toContain("big: skip (limits)");
  });

  it("in the simple style extras outside stay too", async () => {
    const filter = createFilter({ maxSize: 5 });
    expect(await after({ filter, delete: true }, { old: "0123456789", tiny: "" }, big)).toEqual([
      "old",
      "small",
    ]);
  });

  it("ages count from the time of the last change", async () => {
    const source = await storeWith({ old: "1" });
    await source.write("young", bytes("2"), { mtime: T0 + 10_000 });
    const taken = async (settings: object): Promise<string[]> => {
      const to = await storeWith();
      const filter = await loadFilter([], { now: T0 + 20_000, ...settings });
      await sync(place(source), place(to), { filter });
      return Object.keys(await contents(to));
    };
    expect(await taken({ maxAge: 15_000 })).toEqual(["young"]);
    expect(await taken({ minAge: 15_000 })).toEqual(["old"]);
  });
});

describe("[SY-209] what cannot be read", () => {
  it("a rule file that cannot be read shuts its directory and withholds removals", async () => {
    const filter = await loadFilter([{ kind: "ignore-file", text: ".gitignore" }]);
    const source = await storeWith({ "d/.gitignore": "x", "d/a": "1", b: "1" });
    const { read } = source;
    source.read = (path, options) => {
      if (path !== "d/.gitignore") return read.call(source, path, options);
      throw new StorageError("permission-denied", { path });
    };
    const to = await storeWith({ "d/old": "x", old: "x" });
    const report = await sync(place(source), place(to), { filter, delete: true });
    expect(report.withheld).toBe("incomplete-listing");
    expect(Object.keys(await contents(to)).sort()).toEqual(["b", "d/old", "old"]);
  });

  it("a bad line in a directory's rule file ends the run before anything there is done", async () => {
    const filter = await loadFilter([{ kind: "filter", text: ": .rules" }]);
    const source = await storeWith({ "d/.rules": "- ok\nnonsense", "d/a": "1" });
    const to = await storeWith({ "d/b": "x" });
    const run = sync(place(source), place(to), { filter, delete: true });
    await expect(run).rejects.toThrow(/d\/\.rules line 2: "nonsense"/);
    expect(Object.keys(await contents(to))).toEqual(["d/b"]);
  });

  it.each(["/etc/passwd", "../../secret"])(
    "[SY-206] a rule file does not merge %s",
    async (file) => {
      const filter = await loadFilter([{ kind: "filter", text: ": .rules" }]);
      const source = await storeWith({ "d/.rules": `. ${file}`, "d/a": "1" });
      const run = sync(place(source), place(await storeWith()), { filter });
      await expect(run).rejects.toThrow("which lies outside");
    },
  );

  it("[SY-206] a rule file merges another beside it", async () => {
    const filter = await loadFilter([{ kind: "filter", text: ": .rules" }]);
    const tree = { "d/.rules": ". more", "d/more": "- a", "d/a": "1", "d/b": "1" };
    expect(await after({ filter }, {}, tree)).toEqual(["d/.rules", "d/b", "d/more"]);
  });

  it("a filter without rules lets everything through", async () => {
    expect(await after({ filter: new Filter(), delete: true }, { old: "x" }, { a: "1" })).toEqual([
      "a",
    ]);
  });
});
