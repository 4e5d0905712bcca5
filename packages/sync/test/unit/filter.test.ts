import { Filter, type GivenRule, createFilter, loadFilter, parseAge } from "@omnisync/sync";
import { describe, expect, it } from "vitest";

/** Rules of `--filter`, in order. */
function filter(...rules: readonly string[]): Promise<Filter> {
  return loadFilter(rules.map((text): GivenRule => ({ kind: "filter", text })));
}

/** A path that ends in "/" is a directory. */
function includes(rules: Filter, path: string): boolean {
  return rules.includes(path.replace(/\/$/, ""), path.endsWith("/"));
}

describe("[SY-200] filter patterns, as in rsync(1)", () => {
  it.each([
    ["*.o", ["a.o", "d/a.o", ".o"], ["a.o.c", "o"]],
    ["foo", ["foo", "d/foo", "foo/x", "d/foo/"], ["foobar", "xfoo", "fo"]],
    ["/foo", ["foo", "foo/bar"], ["d/foo"]],
    ["foo/", ["foo/", "d/foo/", "foo/x"], ["foo", "d/foo"]],
    ["/foo/*/bar", ["foo/x/bar"], ["foo/bar", "foo/x/y/bar", "z/foo/x/bar"]],
    ["/foo/**/bar", ["foo/x/bar", "foo/x/y/bar"], ["foo/bar"]],
    ["foo/bar", ["foo/bar", "x/foo/bar"], ["foo/x/bar", "xfoo/bar"]],
    ["**/bar", ["bar", "x/bar", "x/y/bar"], ["xbar"]],
    ["/*", ["a", "b/"], []],
    ["a?c", ["abc", "d/abc"], ["a/c", "ac"]],
    ["[a-c]x", ["ax", "bx"], ["dx", "x"]],
    ["[!a-c]x", ["dx"], ["ax", "x"]],
    ["[^a]x", ["bx"], ["ax"]],
    ["a[/]b", [], ["a/b"]],
    ["[[:digit:]]*", ["1x", "9"], ["x1"]],
    ["[]]x", ["]x"], ["x"]],
    ["dir/***", ["dir/", "dir/a", "dir/a/b", "x/dir/a"], ["dirx", "dir2/a", "dir"]],
    ["a.b+c(d)|e", ["a.b+c(d)|e"], ["axb+c(d)|e"]],
    ["a{b}", ["a{b}"], ["ab"]],
    ["\\*x", ["\\*x", "*x"], ["ax"]],
    ["name with space", ["name with space"], ["name"]],
    ["ünï*", ["ünïcode"], ["uni"]],
    ["a?", ["a😀"], ["a"]],
  ] as const)("exclude %s", async (pattern, out, kept) => {
    const rules = await filter(`- ${pattern}`);
    // A backslash escapes only beside a wildcard: a literal pattern keeps it.
    const expected = pattern === "\\*x" ? ["*x"] : out;
    for (const path of expected) expect(includes(rules, path), path).toBe(false);
    for (const path of kept) expect(includes(rules, path), path).toBe(true);
  });

  it("the first rule that matches decides", async () => {
    const rules = await filter("+ *.txt", "- *", "+ *.c");
    expect(includes(rules, "a.txt")).toBe(true);
    expect(includes(rules, "a.c")).toBe(false);
  });

  it("nothing in an excluded directory is reached by a later include", async () => {
    expect(includes(await filter("- /d/", "+ /d/keep"), "d/keep")).toBe(false);
  });

  it("parents must be included for their content to be", async () => {
    const rules = await filter("+ /some/", "+ /some/path/", "+ /some/path/file", "- *");
    expect(includes(rules, "some/path/file")).toBe(true);
    expect(includes(rules, "some/path/other")).toBe(false);
    expect(includes(await filter("+ /some/path/file", "- *"), "some/path/file")).toBe(false);
  });
});

describe("[SY-201] the language of rules", () => {
  it.each([
    ["exclude *.o", "a.o", false],
    ["exclude_*.o", "a.o", false],
    ["-_*.o", "a.o", false],
    ["-,s *.o", "a.o", false],
    ["hide,! *.o", "a.c", false],
    ["hide,! *.o", "a.o", true],
    ["P *.o", "a.o", true],
    ["-r *.o", "a.o", true],
    ["protect *.o", "a.o", true],
    ["-x user.*", "user.a", true],
    ["-C", "a.o", false],
    ["-C", "a.c", true],
  ] as const)("%s: %s takes part: %s", async (rule, path, expected) => {
    expect(includes(await filter(rule), path)).toBe(expected);
  });

  it("! forgets the rules before it", async () => {
    expect(includes(await filter("- *", "!", "- *.o"), "a.c")).toBe(true);
  });

  it("--include and --exclude know only + and - and !", async () => {
    const rules = await loadFilter([
      { kind: "exclude", text: "+ a" },
      { kind: "include", text: "- b" },
      { kind: "exclude", text: "P c" },
    ]);
    expect(["a", "b", "P c", "c"].map((path) => includes(rules, path))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it("extended attributes have rules of their own", async () => {
    const rules = await filter("-x user.secret*", "- *.o");
    expect(rules.decideXattr("user.secret1", "source")?.include).toBe(false);
    expect(rules.decideXattr("a.o", "source")).toBeUndefined();
  });

  it.each([
    ["excl foo", "is no filter rule"],
    ["-z foo", 'no modifier "z"'],
    ["-", "the pattern is missing"],
    [":", "the name of the file is missing"],
    ["!x", "nothing may follow"],
    ["Ps foo", 'no modifier "s"'],
    ["-e foo", 'no modifier "e"'],
    [":! foo", 'no modifier "!"'],
    ["- a[b", 'the "[" has no "]"'],
    ["- /", "is not a filter pattern"],
  ])("refuses %j", async (rule, problem) => {
    await expect(filter(rule)).rejects.toThrow(`--filter: `);
    await expect(filter(rule)).rejects.toThrow(problem);
  });
});

describe("[SY-202] files of rules", () => {
  const files: Readonly<Record<string, string>> = {
    rules: "# remark\n; remark\n\n- *.o\r\nmerge,- more\n",
    more: "*.a\n*.b\n",
    bad: "- ok\n\nnonsense\n",
    patterns: "*.x\n+ *.y\n# z\n",
    nul: "a\nb\0c\0",
    "bad.rclone": "- a\nb\n",
    "bad.size": "--max-size 10X\n",
  };
  const readFile = (path: string): Promise<string> => Promise.resolve(files[path] ?? "");
  const load = (kind: GivenRule["kind"], text: string, settings = {}): Promise<Filter> =>
    loadFilter([{ kind, text }], { readFile, ...settings });

  it("are merged where they are named", async () => {
    const rules = await load("filter", ". rules");
    expect(["a.o", "a.a", "a.b", "a.c"].map((path) => includes(rules, path))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(rules.decide("a.b", false)?.origin).toEqual({ name: "more", line: 2 });
  });

  it("exclude-from takes patterns, with + and - allowed", async () => {
    const rules = await load("exclude-from", "patterns");
    expect(["a.x", "a.y", "# z"].map((path) => includes(rules, path))).toEqual([false, true, true]);
  });

  it("--from0: entries end in NUL", async () => {
    const rules = await load("exclude-from", "nul", { nul: true });
    expect(["a\nb", "a", "c"].map((path) => includes(rules, path))).toEqual([false, true, false]);
  });

  it.each([
    [". bad", "rsync", "bad line 3: "],
    ["bad.rclone", "rclone", "bad.rclone line 2: "],
    ["bad.size", "simple", "bad.size line 1: "],
  ] as const)(
    "[SY-207] a bad line is told with file and line: %s",
    async (text, style, expected) => {
      const kind = style === "rsync" ? "filter" : "filter-from";
      await expect(load(kind, text, { style })).rejects.toThrow(expected);
    },
  );
});

describe("[SY-204] rules without order", () => {
  it("an exclude goes before every include, and an include leaves out everything else", () => {
    const rules = createFilter({
      include: ["*.{jpg,png}", "/docs/**"],
      exclude: ["tmp/", "*.png"],
    });
    const taken = ["a.jpg", "d/a.jpg", "a.png", "docs/x", "tmp/a.jpg", "a.txt"];
    expect(taken.map((path) => includes(rules, path))).toEqual([
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  it("lines of a file: + - # and a bare one, sizes and ages", async () => {
    const content = "# remark\n*.tmp\n+ *.txt\n- secret*\n--min-size 1K\n--max-age 2d\n";
    const rules = await loadFilter([{ kind: "filter-from", text: "f" }], {
      style: "simple",
      now: 10 * 86_400_000,
      readFile: () => Promise.resolve(content),
    });
    expect(["a.txt", "secret.txt", "a.tmp", "a.c"].map((path) => includes(rules, path))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(rules.limits).toMatchObject({ minSize: 1024, notBefore: 8 * 86_400_000 });
  });

  it("refuses limits that nothing can be within", () => {
    expect(() => createFilter({ minSize: 2, maxSize: 1 })).toThrow("no file could take part");
  });

  it.each([
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["2w", 14 * 86_400_000],
    ["6M", 180 * 86_400_000],
    ["1y", 365 * 86_400_000],
  ])("an age of %s", (text, expected) => expect(parseAge(text)).toBe(expected));

  it.each(["", "5", "1x", "-1d"])("%j is no age", (text) =>
    expect(() => parseAge(text)).toThrow("is not an age"),
  );
});
