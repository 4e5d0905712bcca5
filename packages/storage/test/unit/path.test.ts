import {
  RESERVED_NAME,
  baseName,
  checkPath,
  comparePaths,
  isReserved,
  isTempName,
  isWithin,
  joinPath,
  orderKey,
  parentPath,
  pathProblem,
  sortPaths,
} from "@omnisync/storage";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Strings rich in what sorts differently in UTF-16 and UTF-8, and in what paths are made of. */
const unit = fc.oneof(
  fc.constantFrom("/", ".", "a", "b", "!", "0", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "😀"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);
const text = fc.string({ unit, maxLength: 12 }).filter((value) => value.isWellFormed());
const segment = text
  .map((value) => value.replaceAll(/[/\0]/g, ""))
  .filter((value) => value !== "" && value !== "." && value !== "..");
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));

function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe("comparePaths", () => {
  test("is the byte order of the UTF-8 forms", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(comparePaths(a, b))).toBe(byteOrder(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  test("also behind a long common prefix, and for prefixes of each other", () => {
    fc.assert(
      fc.property(text, text, text, (prefix, a, b) => {
        expect(Math.sign(comparePaths(prefix + a, prefix + b))).toBe(byteOrder(a, b));
        expect(Math.sign(comparePaths(prefix, prefix + a))).toBe(a === "" ? 0 : -1);
      }),
    );
  });

  test("sorts what JavaScript sorts otherwise", () => {
    expect(sortPaths(["😀", "\uffef", "\ue000", "a0", "a/b", "a!", "a"])).toEqual([
      "a",
      "a!",
      "a/b",
      "a0",
      "\ue000",
      "\uffef",
      "😀",
    ]);
  });
});

describe("pathProblem", () => {
  test.each([
    "a",
    "a/b",
    "..a",
    "a..",
    "...",
    ".a",
    "a/...",
    "a/..b",
    " ",
    "\n",
    "~",
    "😀",
    "a\\b",
  ])("%j is a path", (value) => {
    expect(pathProblem(value)).toBeUndefined();
    expect(checkPath(value)).toBe(value);
  });

  test.each([
    ["", "empty"],
    ["/", "empty segment"],
    ["/a", "empty segment"],
    ["a/", "empty segment"],
    ["a//b", "empty segment"],
    [".", '"."'],
    ["./a", '"."'],
    ["a/./b", '"."'],
    ["..", '".."'],
    ["../a", '".."'],
    ["a/..", '".."'],
    ["a/../../b", '".."'],
    ["a\0", "NUL"],
    ["\ud800", "Unicode"],
    ["a/\udc00b", "Unicode"],
  ])("%j is none", (value, reason) => {
    expect(pathProblem(value)).toContain(reason);
    expect(() => checkPath(value)).toThrow(
      expect.objectContaining({ code: "invalid-path", path: value }),
    );
  });

  test("the root only where it is allowed", () => {
    expect(pathProblem("", true)).toBeUndefined();
    expect(checkPath("", { root: true })).toBe("");
    expect(() => checkPath("")).toThrow(expect.objectContaining({ code: "invalid-path" }));
    expect(pathProblem("..", true)).toBeDefined();
  });

  test("agrees with looking at each segment", () => {
    fc.assert(
      fc.property(text, (value) => {
        const bad = value.split("/").some((name) => ["", ".", ".."].includes(name));
        expect(pathProblem(value) !== undefined).toBe(bad || value.includes("\0"));
      }),
    );
  });

  test("every path made of good segments is one", () => {
    fc.assert(
      fc.property(path, (value) => {
        expect(pathProblem(value)).toBeUndefined();
      }),
    );
  });
});

describe("parts of paths", () => {
  test("parent and base put together are the path", () => {
    fc.assert(
      fc.property(path, (value) => {
        expect(joinPath(parentPath(value), baseName(value))).toBe(value);
        expect(baseName(value)).not.toContain("/");
      }),
    );
    expect(parentPath("a")).toBe("");
    expect(joinPath("", "a", "", "b/c")).toBe("a/b/c");
    expect(joinPath("", "")).toBe("");
  });

  test("isWithin goes by whole segments", () => {
    expect(isWithin("", "anything")).toBe(true);
    expect(isWithin("foo", "foo")).toBe(true);
    expect(isWithin("foo", "foo/bar")).toBe(true);
    expect(isWithin("foo", "foobar")).toBe(false);
    expect(isWithin("foo", "foo!")).toBe(false);
    expect(isWithin("foo/bar", "foo")).toBe(false);
    fc.assert(
      fc.property(path, path, (directory, value) => {
        expect(isWithin(directory, joinPath(directory, value))).toBe(true);
        expect(isWithin(directory, `${directory}${baseName(value)}`)).toBe(false);
      }),
    );
  });

  test("orderKey puts a directory where its content is listed", () => {
    expect(orderKey({ path: "a", kind: "directory" })).toBe("a/");
    expect(orderKey({ path: "a", kind: "file" })).toBe("a");
    expect(orderKey({ path: "a", kind: "symlink" })).toBe("a");
  });
});

describe("reserved names", () => {
  const temp = ".omnisync-0123456789abcdef-0000000a.tmp";

  test.each([
    RESERVED_NAME,
    `${RESERVED_NAME}/x`,
    `a/${RESERVED_NAME}`,
    temp,
    `a/${temp}`,
    `${temp}/b`,
  ])("%s is reserved", (value) => expect(isReserved(value)).toBe(true));

  test.each([
    ".omnisyncx",
    "x.omnisync",
    ".omnisync-",
    ".Omnisync",
    ".omnisync-0123456789abcdef-0000000a.tmp2",
    ".omnisync-0123456789ABCDEF-0000000a.tmp",
    ".omnisync-0123456789abcde-0000000a.tmp",
    "a.tmp",
  ])("%s is not", (value) => {
    expect(isReserved(value)).toBe(false);
    expect(isTempName(value)).toBe(false);
  });
});
