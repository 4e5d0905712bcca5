import {
  chmodSync,
  existsSync,
  lstatSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contentOf, createStore } from "../memory-store.ts";
import { type Outcome, type RunOptions, lines, runCli } from "../run-cli.ts";
import { addTo, createTree, treeOf } from "../temp-tree.ts";

const SOURCE = {
  "src/a.txt": "aaa",
  "src/sub/b.txt": "bb",
  "src/link": "-> a.txt",
  "src/empty/": "",
};
const COPIED = { "a.txt": "aaa", "sub/b.txt": "bb", link: "-> a.txt", "empty/": "" };

/** Runs inside a directory, with its own cache. */
function inside(root: string, ...argv: readonly string[]): Promise<Outcome> {
  const options: RunOptions = { cwd: root, env: { XDG_CACHE_HOME: join(root, ".cache") } };
  return runCli(argv, options);
}

function json(text: string): readonly Record<string, unknown>[] {
  return lines(text).map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("sync", () => {
  test("copies everything, says so, and the second run moves nothing", async () => {
    const root = createTree(SOURCE);
    chmodSync(join(root, "src/a.txt"), 0o640);
    const first = await inside(root, "sync", "src/", "dst");
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr).toMatch(/^copied 2 files \(5 B\) in \S+, .*0 unchanged, 0 failed\n$/);
    expect(treeOf(join(root, "dst"))).toEqual(COPIED);
    expect(statSync(join(root, "dst/a.txt"))).toMatchObject({
      mode: 0o100640,
      mtimeMs: Date.parse("2026-01-02T03:04:05Z"),
    });
    const second = await inside(root, "sync", "src/", "dst");
    expect(second.stderr).toMatch(/^copied 0 files \(0 B\)/);
    expect(json((await inside(root, "sync", "--json", "src/", "dst")).stdout).at(-1)).toMatchObject(
      { created: 0, replaced: 0, bytesTransferred: 0, failed: 0 },
    );
  });

  test("without a slash the directory itself goes under the destination", async () => {
    const root = createTree({ "src/f": "f", "dst/": "" });
    expect((await inside(root, "sync", "src", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ "src/f": "f" });
  });

  test("--delete removes extras; without it they stay", async () => {
    const root = createTree({ "src/f": "f", "dst/f": "f", "dst/extra": "e", "dst/gone/x": "x" });
    expect((await inside(root, "sync", "src/", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ f: "f", extra: "e", "gone/x": "x" });
    const { code, stderr } = await inside(root, "sync", "--delete", "src/", "dst");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("3 removed") });
    expect(treeOf(join(root, "dst"))).toEqual({ f: "f" });
  });

  test("--max-delete: a run that would remove more removes nothing and exits with 4", async () => {
    const root = createTree({ "src/f": "f", "dst/x": "x", "dst/y": "y" });
    const refused = await inside(root, "sync", "--delete", "--max-delete", "1", "src/", "dst");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(
      "2 extra entries not removed because they are more than --max-delete allows",
    );
    expect(treeOf(join(root, "dst"))).toEqual({ f: "f", x: "x", y: "y" });
    expect((await inside(root, "sync", "--delete", "--max-delete", "2", "src/", "dst")).code).toBe(
      0,
    );
    expect(treeOf(join(root, "dst"))).toEqual({ f: "f" });
  });

  test("an empty source removes nothing and exits with 4, unless allowed", async () => {
    const root = createTree({ "src/": "", "dst/x": "x" });
    const refused = await inside(root, "sync", "--delete", "src/", "dst");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("give --allow-empty-source");
    expect(treeOf(join(root, "dst"))).toEqual({ x: "x" });
    expect(
      (await inside(root, "sync", "--delete", "--allow-empty-source", "src/", "dst")).code,
    ).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({});
  });

  test("a missing source exits with 3, and nothing is deleted or created", async () => {
    const root = createTree({ "dst/x": "x" });
    const { code, stdout, stderr } = await inside(root, "sync", "--delete", "nope/", "dst");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toBe("omnisync: nope/: no such file or directory\n");
    expect((await inside(root, "sync", "nope", "fresh")).code).toBe(3);
    expect(treeOf(root)).toEqual({ "dst/x": "x" });
  });

  test("--dry-run says what would be done and changes nothing", async () => {
    const root = createTree({ ...SOURCE, "dst/extra": "e" });
    const before = treeOf(root);
    const { code, stdout, stderr } = await inside(
      root,
      "sync",
      "-n",
      "-i",
      "--delete",
      "src/",
      "dst",
    );
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual(
      expect.arrayContaining([">f+++++++++ a.txt", "cd+++++++++ empty/", "*deleting   extra"]),
    );
    expect(stderr).toMatch(/^would copy 2 files/);
    expect(treeOf(root)).toEqual(before);
  });

  test("one file: to a new name, and into a directory", async () => {
    const root = createTree({ f: "f", "dst/": "" });
    expect((await inside(root, "sync", "-v", "f", "g")).stdout).toBe("copied f (1 B)\n");
    expect((await inside(root, "sync", "-i", "f", "dst")).stdout).toBe(">f+++++++++ f\n");
    expect(treeOf(root)).toEqual({ f: "f", g: "f", "dst/f": "f" });
  });

  test("a place into itself is refused", async () => {
    const root = createTree(SOURCE);
    expect((await inside(root, "sync", "src/", "src/sub")).code).toBe(2);
    expect((await inside(root, "sync", "src/", "src")).code).toBe(2);
  });

  test("a name that cannot be kept is told of, the rest is done, nothing is deleted, exit 1", async () => {
    const root = createTree({ "src/good": "g", "dst/extra": "e" });
    writeFileSync(Buffer.concat([Buffer.from(join(root, "src/bad")), Buffer.of(0xff)]), "b");
    const { code, stderr } = await inside(root, "sync", "--delete", "src/", "dst");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^omnisync: bad.*UTF-8/m);
    expect(stderr).toMatch(/^omnisync: 1 extra entry not removed because .*: run again/m);
    expect(treeOf(join(root, "dst"))).toEqual({ good: "g", extra: "e" });
  });
});

describe("comparison", () => {
  function twins(): string {
    const root = createTree({ "src/f": "new", "dst/f": "old", "src/only": "o" });
    return root;
  }
  const dst = (root: string): string | undefined => treeOf(join(root, "dst"))["f"];

  test("equal size and time is equal; --checksum looks closer", async () => {
    const root = twins();
    await inside(root, "sync", "src/", "dst");
    expect(dst(root)).toBe("old");
    await inside(root, "sync", "-c", "src/", "dst");
    expect(dst(root)).toBe("new");
  });

  test("--size-only ignores the time, --modify-window allows some", async () => {
    const root = twins();
    utimesSync(join(root, "src/f"), 1_000_000, 1_000_000);
    utimesSync(join(root, "dst/f"), 1_000_005, 1_000_005);
    await inside(root, "sync", "--modify-window", "10", "src/", "dst");
    expect(dst(root)).toBe("old");
    await inside(root, "sync", "--modify-window", "2s", "src/", "dst");
    expect(dst(root)).toBe("new");
    // Last, for it takes over the time of what it finds equal.
    writeFileSync(join(root, "src/f"), "alt");
    utimesSync(join(root, "src/f"), 1_000_100, 1_000_100);
    await inside(root, "sync", "--size-only", "src/", "dst");
    expect(dst(root)).toBe("new");
    expect(statSync(join(root, "dst/f")).mtimeMs).toBe(1_000_100_000);
  });

  test("--update, --existing and --ignore-existing", async () => {
    const root = twins();
    utimesSync(join(root, "src/f"), 1_000_000, 1_000_000);
    await inside(root, "sync", "--update", "--existing", "src/", "dst");
    expect(treeOf(join(root, "dst"))).toEqual({ f: "old" });
    await inside(root, "sync", "--ignore-existing", "src/", "dst");
    expect(treeOf(join(root, "dst"))).toEqual({ f: "old", only: "o" });
    await inside(root, "sync", "src/", "dst");
    expect(dst(root)).toBe("new");
  });

  test("--no-perms leaves modes alone, --skip-links leaves links out", async () => {
    const root = createTree(SOURCE);
    await inside(root, "sync", "src/", "dst");
    chmodSync(join(root, "dst/a.txt"), 0o600);
    rmSync(join(root, "dst/link"));
    await inside(root, "sync", "--no-perms", "--skip-links", "src/", "dst");
    expect(statSync(join(root, "dst/a.txt")).mode & 0o777).toBe(0o600);
    expect(existsSync(join(root, "dst/link"))).toBe(false);
    await inside(root, "sync", "src/", "dst");
    expect(statSync(join(root, "dst/a.txt")).mode & 0o777).not.toBe(0o600);
    expect(lstatSync(join(root, "dst/link")).isSymbolicLink()).toBe(true);
  });
});

describe("--include and --exclude", () => {
  const TREE = { "src/a.jpg": "1", "src/b.txt": "2", "src/d/c.jpg": "3", "src/d/e.txt": "4" };

  test.each(["1M", "0.5y", "30", "720h"])("--max-age %s leaves out what is older", async (age) => {
    const root = createTree(TREE);
    const now = new Date();
    utimesSync(join(root, "src/b.txt"), now, now);
    expect((await inside(root, "sync", "--max-age", age, "src/", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ "b.txt": "2", "d/": "" });
  });

  test("an age that is none is told with what can be written", async () => {
    const { code, stderr } = await inside(createTree(TREE), "sync", "--max-age", "1q", "src/", "d");
    expect(code).toBe(2);
    expect(stderr).toContain("6M (months) or 1y");
  });

  test.each([
    [
      "the first rule that matches decides",
      ["--include", "*.jpg", "--include", "*/", "--exclude", "*"],
      ["a.jpg", "d/c.jpg"],
    ],
    [
      "so the order across both flags counts",
      ["--exclude", "*", "--include", "*.jpg", "--include", "*/"],
      [],
    ],
    [
      "an excluded directory is not looked into",
      ["--include", "c.jpg", "--exclude", "d/"],
      ["a.jpg", "b.txt"],
    ],
    [
      "a leading slash anchors",
      ["--exclude", "/a.jpg", "--exclude", "/c.jpg"],
      ["b.txt", "d/c.jpg", "d/e.txt"],
    ],
  ])("%s", async (_, flags, expected) => {
    const root = createTree(TREE);
    expect((await inside(root, "sync", ...flags, "src/", "dst")).code).toBe(0);
    const files = existsSync(join(root, "dst")) ? Object.keys(treeOf(join(root, "dst"))) : [];
    expect(files.filter((path) => !path.endsWith("/"))).toEqual(expected);
  });

  test("without a slash at the source, anchors are above its name, as in rsync", async () => {
    const root = createTree(TREE);
    await inside(root, "sync", "--exclude", "/src/a.jpg", "--exclude", "/b.txt", "src", "dst");
    expect(Object.keys(treeOf(join(root, "dst")))).toEqual([
      "src/b.txt",
      "src/d/c.jpg",
      "src/d/e.txt",
    ]);
  });

  test("what is excluded is not deleted at the destination either", async () => {
    const root = createTree({ ...TREE, "dst/keep.log": "k", "dst/gone": "g" });
    await inside(root, "sync", "--delete", "--exclude", "*.log", "src/", "dst");
    expect(Object.keys(treeOf(join(root, "dst")))).toContain("keep.log");
    expect(Object.keys(treeOf(join(root, "dst")))).not.toContain("gone");
  });
});

describe("copy and move", () => {
  test("copy removes no extras", async () => {
    const root = createTree({ "src/f": "f", "dst/x": "x" });
    expect((await inside(root, "copy", "src/", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ f: "f", x: "x" });
  });

  test("copy replaces a file in the way of a directory, and a directory only with --force", async () => {
    const root = createTree({ "src/a": "1", "src/d/x": "2", "dst/a/y": "3", "dst/d": "4" });
    const first = await inside(root, "copy", "src/", "dst");
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("sync, copy and move replace it with --force");
    expect(treeOf(join(root, "dst"))).toEqual({ "a/y": "3", "d/x": "2" });
    expect((await inside(root, "copy", "--force", "src/", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ a: "1", "d/x": "2" });
  });

  test("-d takes directories and does not go into them, unless -r says so", async () => {
    const root = createTree({ "src/f": "1", "src/d/x": "2" });
    expect((await inside(root, "sync", "-d", "src/", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ f: "1", "d/": "" });
    expect((await inside(root, "copy", "-rd", "src/", "dst")).code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ f: "1", "d/x": "2" });
  });

  test("move removes the sources, dry-run does not", async () => {
    const root = createTree(SOURCE);
    await inside(root, "move", "-n", "src/", "dst");
    expect(treeOf(root)).toEqual(SOURCE);
    const { code, stderr } = await inside(root, "move", "src/", "dst");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^moved 2 files/) });
    expect(treeOf(join(root, "dst"))).toMatchObject(COPIED);
    expect(Object.keys(treeOf(join(root, "src"))).filter((path) => !path.endsWith("/"))).toEqual(
      [],
    );
  });

  test("between a disk and a store, and back", async () => {
    const root = createTree({ "src/a.txt": "aaa", "src/sub/b.txt": "bb" });
    const { url, storage } = await createStore();
    expect((await inside(root, "copy", "src", url)).code).toBe(0);
    expect(await contentOf(storage)).toEqual({ "src/a.txt": "aaa", "src/sub/b.txt": "bb" });
    expect((await inside(root, "copy", `${url}/src/`, "back")).code).toBe(0);
    expect(treeOf(join(root, "back"))).toEqual({ "a.txt": "aaa", "sub/b.txt": "bb" });
    expect((await inside(root, "check", "-c", "src", url)).code).toBe(0);
  });
});

describe("output", () => {
  test("--json: one line per path, then the summary", async () => {
    const root = createTree({ "src/new": "n", "src/same": "s", "dst/same": "s", "dst/extra": "e" });
    const { stdout, stderr } = await inside(root, "sync", "--json", "--delete", "src/", "dst");
    const events = json(stdout);
    expect(stderr).toBe("");
    expect(events.at(-1)).toMatchObject({
      kind: "summary",
      created: 1,
      removed: 1,
      unchanged: expect.any(Number),
      failed: 0,
    });
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "copy", path: "new", reason: "new", size: 1 }),
    );
    expect(events).toContainEqual(expect.objectContaining({ kind: "unchanged", path: "same" }));
    expect(events).toContainEqual(expect.objectContaining({ kind: "remove", path: "extra" }));
    const quiet = await inside(root, "sync", "--json", "-q", "src/", "dst");
    expect(json(quiet.stdout)).toHaveLength(1);
  });

  test("-i prints changes only, so that nothing is printed the second time", async () => {
    const root = createTree(SOURCE);
    const first = await inside(root, "sync", "-i", "src", "dst");
    expect(lines(first.stdout)).toEqual(
      expect.arrayContaining([
        ">f+++++++++ src/a.txt",
        "cd+++++++++ src/empty/",
        "cL+++++++++ src/link",
      ]),
    );
    expect((await inside(root, "sync", "-i", "src", "dst")).stdout).toBe("");
    expect((await inside(root, "sync", "-ivv", "src", "dst")).stdout).toContain(
      ".f          src/a.txt",
    );
  });

  test("-q says nothing, -v one line per change, -vv one per path, --stats counts", async () => {
    const root = createTree({ "src/f": "f" });
    expect(await inside(root, "sync", "-q", "src/", "quiet")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect((await inside(root, "sync", "-v", "src/", "dst")).stdout).toContain("copied f (1 B)\n");
    expect((await inside(root, "sync", "-v", "src/", "dst")).stdout).toBe("");
    expect((await inside(root, "sync", "-vv", "src/", "dst")).stdout).toContain("unchanged f\n");
    const { stdout } = await inside(root, "sync", "--stats", "src/", "dst");
    expect(stdout).toMatch(/^Unchanged: +1$/m);
    expect(stdout).toMatch(/^Bytes transferred: +0 \(0 B\)$/m);
  });
});

describe("check", () => {
  test("equal places exit with 0, different ones with 1 and each difference in a line", async () => {
    const root = createTree({ "a/same": "s", "b/same": "s" });
    const equal = await inside(root, "check", "a/", "b/");
    expect(equal).toMatchObject({ code: 0, stdout: "" });
    expect(equal.stderr).toMatch(/^in sync: 1 same, in /);
    addTo(root, "a/left", "l");
    addTo(root, "b/right", "r");
    addTo(root, "a/both", "1");
    addTo(root, "b/both", "22");
    const { code, stdout } = await inside(root, "check", "a/", "b/");
    expect(code).toBe(1);
    expect(lines(stdout).toSorted()).toEqual([
      "differs both (size)",
      "only in destination right",
      "only in source left",
    ]);
    expect((await inside(root, "check", "--one-way", "a/", "b/")).stdout).not.toContain("right");
    expect(json((await inside(root, "check", "--json", "a/", "b/")).stdout).at(-1)).toMatchObject({
      kind: "summary",
      differ: 1,
      sourceOnly: 1,
      destinationOnly: 1,
      inSync: false,
    });
  });

  test("checks what sync with the same places did, and a missing place is no match", async () => {
    const root = createTree({ "src/f": "f", "dst/": "" });
    await inside(root, "sync", "src", "dst");
    expect((await inside(root, "check", "src", "dst")).code).toBe(0);
    const missing = await inside(root, "check", "src", "src");
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain("src/src/: no such directory: end the source with a slash");
    expect((await inside(root, "check", "nope", "dst")).code).toBe(3);
    expect((await inside(root, "check", "src/", "nope")).code).toBe(3);
  });
});

describe("the attribute cache", () => {
  test("that cannot be opened is a warning; --no-attribute-cache does without", async () => {
    const root = createTree({ "src/f": "f", ".cache/omnisync": "in the way" });
    const { url } = await createStore({ f: "f" });
    const { openAttributeCache } = await import("../../src/attribute-cache.ts");
    const { Session } = await import("../../src/session.ts");
    const said: string[] = [];
    const stream = { write: (text: string | Uint8Array) => (said.push(String(text)), true) };
    const session = new Session({
      stdout: stream,
      stderr: stream,
      env: { XDG_CACHE_HOME: join(root, ".cache") },
      cwd: root,
      signal: new AbortController().signal,
    });
    const driver = await session.open({ driver: "memory", store: url.slice("memory://".length) });
    const partial = { ...driver, capabilities: { ...driver.capabilities, completeList: false } };
    expect(await openAttributeCache(session, [{ driver: partial, path: "" }])).toBeUndefined();
    expect(said.join("")).toMatch(
      /^omnisync: warning: the attribute cache in .* cannot be used: .*: going on without it\n$/,
    );
    await session.close();
  });
});

test("an interrupted run exits with 130 and says how to go on", async () => {
  const root = createTree(SOURCE);
  const interrupt = new AbortController();
  interrupt.abort();
  const { code, stderr } = await runCli(["sync", "src/", "dst"], {
    cwd: root,
    signal: interrupt.signal,
  });
  expect(code).toBe(130);
  expect(stderr).toContain("interrupted");
});
