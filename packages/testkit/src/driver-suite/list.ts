import { type Driver, type Entry, type ListOptions, type Prune, orderKey } from "@omnisync/storage";
import { expect } from "vitest";
import { forEachOf, inByteOrder, listAll, listNames, put, putAll, refused } from "./content.ts";
import { ORDER_NAMES } from "./odd-names.ts";
import type { Suite } from "./suite.ts";

const TREE = ["a/1", "a/2", "a/b/3", "a.txt", "ab/4", "c"];

export function addListTests(suite: Suite): void {
  const { capabilities } = suite;
  const tree = suite.filled("list: tree", (driver) => putAll(driver, TREE));
  /** What a recursive listing adds to the files: directories that exist by themselves. */
  const and = (...directories: string[]): string[] => (capabilities.directories ? directories : []);

  suite.test("ST-30", "not recursive: children only, each once", async () => {
    const driver = await tree();
    expect(await listNames(driver)).toEqual(["a.txt", "a/", "ab/", "c"]);
    expect(await listNames(driver, "a")).toEqual(["a/1", "a/2", "a/b/"]);
    expect(await listNames(driver, "a/b")).toEqual(["a/b/3"]);
  });

  suite.test("ST-31", "recursive: everything below", async () => {
    const driver = await tree();
    expect(await listNames(driver, "", { recursive: true })).toEqual(
      inByteOrder([...TREE, ...and("a/", "a/b/", "ab/")]),
    );
    expect(await listNames(driver, "a", { recursive: true })).toEqual(
      inByteOrder(["a/1", "a/2", "a/b/3", ...and("a/b/")]),
    );
  });

  suite.test("ST-15 ST-30", "a directory's listing ends at its slash", async ({ driver }) => {
    await putAll(driver, ["foo/x", "foobar/y", "foo!/y", "foo0", "foo.txt", "fo"]);
    for (const recursive of [false, true])
      expect(await listNames(driver, "foo", { recursive })).toEqual(["foo/x"]);
  });

  suite.test("ST-35", "a missing directory", async () => {
    const driver = await tree();
    for (const directory of ["none", "a/none", "none/none", "a/b/3x"]) {
      for (const recursive of [false, true]) {
        const listing = listAll(driver, directory, { recursive });
        if (capabilities.directories) await refused(listing, "not-found");
        else expect(await listing).toEqual([]);
      }
    }
  });

  suite.test("ST-36", "a file in the place of the directory", async () => {
    const listing = listAll(await tree(), "c");
    if (capabilities.directories) await refused(listing, "not-a-directory");
    else expect(await listing).toEqual([]);
  });

  suite.test("ST-30", "an empty root", async ({ driver }) => {
    expect(await listAll(driver)).toEqual([]);
    expect(await listAll(driver, "", { recursive: true })).toEqual([]);
  });

  suite.test("ST-37", "reserved paths are hidden, and there when asked for", async ({ driver }) => {
    const reserved = [
      ".omnisync/state",
      "dir/.omnisync/x",
      "dir/.omnisync-0123456789abcdef-00000001.tmp",
    ];
    const plain = [".omnisync-0123.tmp", ".omnisyncx", "dir/file"];
    await putAll(driver, [...reserved, ...plain]);
    const files = async (includeReserved: boolean): Promise<string[]> =>
      (await listNames(driver, "", { recursive: true, includeReserved })).filter(
        (name) => !name.endsWith("/"),
      );
    expect(await files(false)).toEqual(inByteOrder(plain));
    expect(await files(true)).toEqual(inByteOrder([...reserved, ...plain]));
    expect(await listNames(driver)).toEqual([".omnisync-0123.tmp", ".omnisyncx", "dir/"]);
    expect(await listNames(driver, "dir")).toEqual(["dir/file"]);
    expect(await listNames(driver, ".omnisync", { includeReserved: true })).toEqual([
      ".omnisync/state",
    ]);
    expect(await listNames(driver, "", { includeReserved: true })).toContain(".omnisync/");
    for (const recursive of [true, false])
      expect(await listNames(driver, ".omnisync", { recursive })).toEqual([".omnisync/state"]);
    for (const path of reserved) {
      expect(await driver.stat(path)).toMatchObject({ kind: "file" });
      await driver.remove(path);
      expect(await driver.stat(path)).toBeUndefined();
    }
  });

  suite.test("ST-290", "what need not be listed costs nothing else", async () => {
    const driver = await tree();
    const closed = (expression: RegExp): Prune => ({
      before: "x/",
      rules: [
        { enter: true, subject: "path", expression: /^x\/ab$/ },
        { enter: false, subject: "slashed", expression },
      ],
    });
    const cases: readonly (readonly [ListOptions, directory: string, inside: RegExp])[] = [
      [{ prune: closed(/^x\/a/) }, "", /^a\/./],
      [{ prune: closed(/^x\/b\/$/) }, "a", /^a\/b\/./],
      [{ prune: closed(/^x\/a\/$/), startAfter: "a/1" }, "", /^a\/./],
      [{ leave: () => "a" }, "", /^a\/./],
      [{ leave: () => "a/b" }, "a", /^a\/b\/./],
    ];
    for (const [options, directory, inside] of cases) {
      const { startAfter } = options;
      const all = await listNames(driver, directory, { recursive: true, startAfter });
      const told = await listNames(driver, directory, { ...options, recursive: true });
      expect(all).toEqual(expect.arrayContaining(told));
      expect(all.filter((name) => !told.includes(name) && !inside.test(name))).toEqual([]);
      // Only what lies directly in it was asked for: nothing was to be entered anyway.
      expect(await listNames(driver, directory, options)).toEqual(
        await listNames(driver, directory, { startAfter }),
      );
    }
  });

  suite.test("ST-39", "entries are those of stat", async () => {
    const driver = await tree();
    for (const entry of await listAll(driver, "", { recursive: true })) {
      const known = await driver.stat(entry.path);
      expect(known).toBeDefined();
      const { path, kind, size, complete } = entry;
      expect({ path, kind, size }).toEqual({ path, kind: known?.kind, size: known?.size });
      if (kind === "file" && entry.etag !== undefined) expect(entry.etag).toBe(known?.etag);
      if (capabilities.completeList) expect(complete).toBe(true);
      if (complete) expect(attributesOf(entry)).toEqual(attributesOf(known!));
    }
  });

  suite.test("ST-3", "an aborted listing throws, or has given everything", async () => {
    const driver = await tree();
    await refused(listAll(driver, "", { signal: AbortSignal.abort() }), "aborted");
    const controller = new AbortController();
    const { signal } = controller;
    let seen = 0;
    const listing = async (): Promise<void> => {
      for await (const page of driver.list("", { recursive: true, signal })) {
        seen += page.length;
        controller.abort();
      }
      expect(seen).toBe((await listAll(driver, "", { recursive: true })).length);
    };
    await listing().catch((error: unknown) => refused(Promise.reject(error), "aborted"));
  });

  suite.test("ST-40", "what stays is listed once while others come and go", async ({ driver }) => {
    const staying = names("stay", 60);
    await putAll(driver, [...staying, ...names("go", 30)]);
    let done = false;
    const churn = async (): Promise<void> => {
      for (let i = 0; !done; i++) {
        await put(driver, `come${i % 20}`, "x");
        await driver.remove(`go${String(i % 30).padStart(5, "0")}`);
      }
    };
    const churning = churn();
    try {
      for (let round = 0; round < 5; round++) {
        const found = await listNames(driver, "", { recursive: true });
        expect(found.filter((name) => name.startsWith("stay"))).toEqual(staying);
      }
    } finally {
      done = true;
      await churning;
    }
  });

  addOrderTests(suite);
  addLongTests(suite);
}

function addOrderTests(suite: Suite): void {
  const { capabilities } = suite;
  // Where `a` cannot be both, the file is left out.
  const files = ORDER_NAMES.filter(
    (name) => capabilities.fileAndDirectory || (name !== "a" && name !== "a/b"),
  ).filter((name) => capabilities.caseSensitive || name !== "A");
  const odd = suite.filled("list: order", (driver) => putAll(driver, files));

  suite.test("ST-32 ST-33", "names that sort differently in UTF-16", async () => {
    const driver = await odd();
    const keys = (await listAll(driver, "", { recursive: true })).map(orderKey);
    const expected = [...files, ...(capabilities.directories ? ["a/", "a/b/"] : [])];
    if (capabilities.orderedList) expect(keys).toEqual(inByteOrder(expected));
    else expect(inByteOrder(keys)).toEqual(inByteOrder(expected));
  });

  suite.test("ST-34", "startAfter at, before and behind every key", async () => {
    const driver = await odd();
    for (const recursive of [true, false]) {
      const all = (await listAll(driver, "", { recursive })).map(orderKey);
      const marks = all.flatMap((key) => [key, `${key}\u0001`, `${key}/`, key.slice(0, -1)]);
      const valid = marks.filter((mark) => mark !== "" && mark.isWellFormed());
      await forEachOf([...new Set(valid)], 8, async (startAfter) => {
        const rest = (await listAll(driver, "", { recursive, startAfter })).map(orderKey);
        expect(inByteOrder(rest), JSON.stringify({ recursive, startAfter })).toEqual(
          inByteOrder(all.filter((key) => Buffer.compare(utf8(key), utf8(startAfter)) > 0)),
        );
      });
    }
  });

  suite.test("ST-34", "startAfter in a directory, and outside of it", async ({ driver }) => {
    await putAll(driver, ["a", "d/1", "d/2", "d/3", "e"]);
    const after = (startAfter: string): Promise<string[]> => listNames(driver, "d", { startAfter });
    expect(await after("d/1")).toEqual(["d/2", "d/3"]);
    expect(await after("d/2x")).toEqual(["d/3"]);
    expect(await after("a")).toEqual(["d/1", "d/2", "d/3"]);
    expect(await after("d")).toEqual(["d/1", "d/2", "d/3"]);
    expect(await after("d/3")).toEqual([]);
    expect(await after("e")).toEqual([]);
    expect(await after("z")).toEqual([]);
  });
}

function addLongTests(suite: Suite): void {
  const { capabilities, longListing } = suite;
  const long = names("long/file", longListing);
  const filled = suite.filled("list: long", (driver) => putAll(driver, [...long, "longer", "m/x"]));

  suite.test("ST-32 ST-33", `${longListing} entries in one directory`, async () => {
    const driver = await filled();
    for (const recursive of [false, true]) {
      const pages = await Array.fromAsync(driver.list("long", { recursive }));
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(5000);
      const paths = pages.flat().map((entry) => entry.path);
      if (recursive && capabilities.orderedList) expect(paths).toEqual(long);
      else expect(inByteOrder(paths)).toEqual(long);
    }
  });

  suite.test("ST-34", "a long listing in pieces is the whole", async () => {
    const driver = await filled();
    for (const at of [0, 1, 998, 999, 1000, 1999, 2000, longListing - 2, longListing - 1]) {
      const startAfter = long[at];
      if (startAfter === undefined) continue;
      const paths = (await listAll(driver, "long", { recursive: true, startAfter })).map(
        (entry) => entry.path,
      );
      expect(paths.length).toBe(longListing - at - 1);
      expect(inByteOrder(paths)).toEqual(long.slice(at + 1));
    }
  });

  suite.test("ST-38", "a listing left early, and several at once", async () => {
    const driver = await filled();
    for (let i = 0; i < 5; i++) expect(await firstOf(driver)).toBeDefined();
    const [a, b] = await Promise.all([listAll(driver, "long"), listAll(driver, "long")]);
    expect([a.length, b.length]).toEqual([longListing, longListing]);
  });
}

async function firstOf(driver: Driver): Promise<Entry | undefined> {
  for await (const page of driver.list("", { recursive: true })) return page[0];
  return undefined;
}

function names(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${stem}${String(i).padStart(5, "0")}`);
}

function attributesOf({ mtime, mode, contentType, metadata }: Entry): object {
  return { mtime, mode, contentType, metadata };
}

function utf8(text: string): Buffer {
  return Buffer.from(text);
}
