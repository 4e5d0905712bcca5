import type { Entry } from "@omnisync/storage";
import { comparePaths, orderKey } from "@omnisync/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryCursor } from "../../src/merge/entry-cursor.ts";
import { type MergeOptions, type Pair, mergeJoin } from "../../src/merge/merge-join.ts";

const PLAIN: MergeOptions = { fileAndDirectory: true, twinsAtSource: false };
const REAL: MergeOptions = { fileAndDirectory: false, twinsAtSource: true };

/** `a` is a file, `a/` a directory. */
function listing(names: readonly string[]): Entry[] {
  const list = names.map((name): Entry => {
    const kind = name.endsWith("/") ? "directory" : "file";
    return { path: name.replace(/\/$/, ""), kind, size: 0, complete: true };
  });
  return list.sort((a, b) => comparePaths(orderKey(a), orderKey(b)));
}

async function* pages(list: readonly Entry[], size: number): AsyncIterable<readonly Entry[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size);
}

async function merge(
  a: readonly string[],
  b: readonly string[],
  options: MergeOptions,
  size = 2,
): Promise<Pair[]> {
  const found: Pair[] = [];
  const cursors = [listing(a), listing(b)].map((list) => new EntryCursor(pages(list, size)));
  await mergeJoin(cursors[0]!, cursors[1]!, options, (pair) => void found.push(pair));
  return found;
}

function show(pairs: readonly Pair[]): string[] {
  return pairs.map(({ path, source, destination, obstacle }) => {
    const side = source === undefined ? ">" : destination === undefined ? "<" : "=";
    return `${side} ${path}${obstacle === undefined ? "" : ` ${obstacle}`}`;
  });
}

describe("merge-join", () => {
  it("[SY-10] pairs equal paths and passes single ones, in byte order", async () => {
    const pairs = await merge(["a", "b/", "b/x", "d"], ["a", "b/", "b/y", "c"], PLAIN);
    expect(show(pairs)).toEqual(["= a", "= b", "< b/x", "> b/y", "> c", "< d"]);
  });

  it("[SY-42] knows a destination directory that the source implies", async () => {
    expect(show(await merge(["a/x"], ["a/", "b/"], PLAIN))).toEqual([
      "> a implied",
      "< a/x",
      "> b",
    ]);
  });

  it("[SY-43] tells before the directory comes that a destination file is in its way", async () => {
    const pairs = await merge(["a-b", "a/", "a/x"], ["a"], REAL);
    expect(show(pairs)).toEqual(["< a-b", "> a directory-at-source", "< a", "< a/x"]);
    expect(show(await merge(["a/x"], ["a"], REAL))).toEqual(["> a directory-at-source", "< a/x"]);
  });

  it("[SY-44] tells that a destination directory is where a file is to go", async () => {
    const pairs = await merge(["a"], ["a!", "a/", "a/x"], REAL);
    expect(show(pairs)).toEqual(["> a!", "< a directory-at-destination", "> a", "> a/x"]);
  });

  it("[SY-45] tells that the source has a file and a directory of one name", async () => {
    expect(show(await merge(["a", "a/x"], [], REAL))).toEqual(["< a twin-at-source", "< a/x"]);
    expect(show(await merge(["a", "a/x"], ["a"], REAL))).toEqual(["= a twin-at-source", "< a/x"]);
  });

  it("a listing that fails fails the merge", async () => {
    const failing = async function* (): AsyncIterable<readonly Entry[]> {
      yield listing(["a"]);
      throw new Error("page 2");
    };
    const source = new EntryCursor(failing());
    const destination = new EntryCursor(pages(listing(["a", "b"]), 10));
    await expect(mergeJoin(source, destination, PLAIN, () => undefined)).rejects.toThrow("page 2");
  });

  it("every path comes exactly once, with both of its sides, whatever the pages", async () => {
    const name = fc.stringMatching(/^[ab!0-]{1,3}(\/[ab!]{1,2}){0,2}\/?$/);
    const names = fc.uniqueArray(name, { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        names,
        names,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (a, b, size, real) => {
          const pairs = await merge(a, b, real ? REAL : PLAIN, size);
          const keys = pairs.map((pair) => orderKey((pair.source ?? pair.destination)!));
          expect(new Set(keys)).toEqual(new Set([...a, ...b]));
          expect(keys).toHaveLength(new Set(keys).size);
          for (const pair of pairs) {
            const key = orderKey((pair.source ?? pair.destination)!);
            expect([pair.source !== undefined, pair.destination !== undefined]).toEqual([
              a.includes(key),
              b.includes(key),
            ]);
          }
          if (!real) expect(keys).toEqual([...keys].sort(comparePaths));
        },
      ),
      { numRuns: 500 },
    );
  });
});
