import { Filter, parseFilterRule } from "@omnisync/sync";
import { describe, expect, it } from "vitest";

/** `- pattern` and `+ pattern`, in order. */
function filter(...rules: readonly string[]): Filter {
  return new Filter(rules.map((rule) => parseFilterRule(rule.startsWith("+"), rule.slice(2))));
}

/** A path that ends in "/" is a directory. */
function includes(rules: Filter, path: string): boolean {
  return rules.includes(path.replace(/\/$/, ""), path.endsWith("/"));
}

describe("filter patterns, as in rsync(1)", () => {
  it.each([
    ["*.o", ["a.o", "d/a.o", ".o"], ["a.o.c", "o"]],
    ["foo", ["foo", "d/foo", "foo/x", "d/foo/"], ["foobar", "xfoo", "fo"]],
    ["/foo", ["foo", "foo/bar"], ["d/foo"]],
    ["foo/", ["foo/", "d/foo/", "foo/x"], ["foo", "d/foo"]],
    ["/foo/*/bar", ["foo/x/bar"], ["foo/bar", "foo/x/y/bar", "z/foo/x/bar"]],
    ["/foo/**/bar", ["foo/x/bar", "foo/x/y/bar"], ["foo/bar"]],
    ["foo/bar", ["foo/bar", "x/foo/bar"], ["foo/x/bar", "xfoo/bar"]],
    ["**/bar", ["bar", "x/bar", "x/y/bar"], ["xbar"]],
    ["a?c", ["abc", "d/abc"], ["a/c", "ac"]],
    ["[a-c]x", ["ax", "bx"], ["dx", "x"]],
    ["[!a-c]x", ["dx"], ["ax", "x"]],
    ["[^a]x", ["bx"], ["ax"]],
    ["a[/]b", [], ["a/b"]],
    ["[[:digit:]]*", ["1x", "9"], ["x1"]],
    ["[]]x", ["]x"], ["x"]],
    ["dir/***", ["dir/", "dir/a", "dir/a/b", "x/dir/a"], ["dirx", "dir2/a"]],
    ["a.b+c(d)|e", ["a.b+c(d)|e"], ["axb+c(d)|e"]],
    ["\\*x", ["\\*x", "*x"], ["ax"]],
    ["name with space", ["name with space"], ["name"]],
    ["ünï*", ["ünïcode"], ["uni"]],
    ["a?", ["a😀"], ["a"]],
  ] as const)("exclude %s", (pattern, out, kept) => {
    const rules = filter(`- ${pattern}`);
    // A backslash escapes only beside a wildcard: a literal pattern keeps it.
    const expected = pattern === "\\*x" ? ["*x"] : out;
    for (const path of expected) expect(includes(rules, path), path).toBe(false);
    for (const path of kept) expect(includes(rules, path), path).toBe(true);
  });

  it("the first rule that matches decides", () => {
    const rules = filter("+ *.txt", "- *", "+ *.c");
    expect(includes(rules, "a.txt")).toBe(true);
    expect(includes(rules, "a.c")).toBe(false);
  });

  it("nothing in an excluded directory is reached by a later include", () => {
    const rules = filter("- /d/", "+ /d/keep");
    expect(includes(rules, "d/keep")).toBe(false);
  });

  it("parents must be included for their content to be", () => {
    const rules = filter("+ /some/", "+ /some/path/", "+ /some/path/file", "- *");
    expect(includes(rules, "some/path/file")).toBe(true);
    expect(includes(rules, "some/path/other")).toBe(false);
    expect(includes(filter("+ /some/path/file", "- *"), "some/path/file")).toBe(false);
  });

  it("the scanner agrees with the plain test on an ordered listing", () => {
    const rules = filter("+ /a/b/keep*", "- /a/b/*", "- tmp/", "- *.o");
    const paths = [
      "a/",
      "a/b/",
      "a/b/keep1",
      "a/b/x",
      "a/b/x/",
      "a/b/x/y",
      "a/c.o",
      "tmp",
      "tmp/",
      "tmp/z",
      "z.o",
    ];
    const scan = rules.scanner();
    for (const path of paths) {
      expect(scan(path.replace(/\/$/, ""), path.endsWith("/")), path).toBe(includes(rules, path));
    }
  });

  it.each(["", "/", "a[b", "a\0b"])("refuses %j", (pattern) => {
    expect(() => parseFilterRule(false, pattern)).toThrow(/filter pattern|has no/);
  });
});
