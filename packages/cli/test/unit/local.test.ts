/** The commands for one place, on the local disk: links, modes, special files. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createStore, contentOf } from "../memory-store.ts";
import { type Outcome, lines, runCli } from "../run-cli.ts";
import { addTo, createTree, treeOf } from "../temp-tree.ts";

const TREE = { "d/a.txt": "aaa", "d/sub/b": "b", "d/link": "-> a.txt", "to-d": "-> d", f: "f" };

const inside = (root: string, ...argv: readonly string[]): Promise<Outcome> =>
  runCli(argv, { cwd: root });

describe("looking", () => {
  test("ls and tree follow a link that they are given, and show those that they find", async () => {
    const root = createTree(TREE);
    expect((await inside(root, "ls", "to-d")).stdout).toBe("a.txt\nlink\nsub/\n");
    expect((await inside(root, "ls", "-l", "d")).stdout).toMatch(/^l.* link -> a\.txt$/m);
    expect((await inside(root, "ls", ".")).stdout).toBe("d/\nf\nto-d\n");
    expect((await inside(root, "tree", "d/")).stdout).toContain("└── sub/\n    └── b\n");
  });

  test("stat does not follow links, cat does", async () => {
    const root = createTree(TREE);
    chmodSync(join(root, "f"), 0o4755);
    expect(JSON.parse((await inside(root, "stat", "--json", "d/link")).stdout)).toMatchObject({
      kind: "symlink",
    });
    expect((await inside(root, "ls", "-l", "f")).stdout).toMatch(/^-rwsr-xr-x +1 /);
    expect((await inside(root, "cat", "d/link", "f")).stdout).toBe("aaaf");
  });

  test("one of several locations that fails does not keep the others from being done", async () => {
    const root = createTree({ ...TREE, loose: "-> nowhere" });
    expect(await inside(root, "cat", "f", "loose", "d", "none", "d/a.txt")).toEqual(
      expect.objectContaining({
        code: 1,
        stdout: "faaa",
        stderr:
          "omnisync: loose: is a link: name what it leads to, which stat shows\n" +
          "omnisync: d: is a directory: name a file, or use ls\n" +
          "omnisync: none: no such file or directory\n",
      }),
    );
    const du = await inside(root, "du", "none", "f");
    expect(du).toMatchObject({ code: 3, stdout: "1\tf\n" });
    const stat = await inside(root, "stat", "--json", "none", "f");
    expect([stat.code, lines(stat.stdout).length]).toEqual([3, 1]);
    expect(await inside(root, "stat", "none")).toMatchObject({ code: 3 });
    const mkdir = await inside(root, "mkdir", "new", "d/a.txt/x", "d/sub/b", "newer");
    expect(mkdir.code).toBe(1);
    expect(lines(mkdir.stderr).map((line) => line.split(":")[1])).toEqual([
      " d/a.txt/x",
      " d/sub/b",
    ]);
    expect(treeOf(root)).toMatchObject({ "new/": "", "newer/": "" });
  });

  test("[ST-18] errors name the location as it was written, and a line's end in it as one", async () => {
    const root = createTree({ "d/f": "f" });
    spawnSync("bash", ["-c", "mkfifo $'d/pi\\npe'"], { cwd: root });
    const kind = "is a FIFO, socket or device\n";
    for (const [written, shown] of [
      ["d/pi\npe", "d/pi\\npe"],
      ["./d/../d/pi\npe", "./d/../d/pi\\npe"],
      [join(root, "d/pi\npe"), join(root, "d/pi\\npe")],
    ] as const)
      expect((await inside(root, "cat", written)).stderr).toBe(`omnisync: ${shown}: ${kind}`);
    addTo(root, "s/d\nd", "f");
    addTo(root, "t/d\nd/inside", "f");
    const { stderr } = await inside(root, "sync", "s/", "t/");
    expect(lines(stderr)[0]).toMatch(/^omnisync: d\\nd: (?!d)/);
  });

  test("[ST-266] links that lead in a circle are told as that", async () => {
    const root = createTree({ loop: "-> loop", f: "f" });
    const circle = `omnisync: ${root}/loop: links lead in a circle\n`;
    for (const argv of [
      ["cat", "loop"],
      ["rm", "loop/x"],
      ["sync", "f", "loop/"],
    ])
      expect(await inside(root, ...argv)).toMatchObject({ code: 2, stderr: circle });
    const { code, stderr } = await inside(root, "sync", "-L", `${root}/`, `${createTree()}/to`);
    const line = "omnisync: loop: the link leads in a circle";
    expect([code, lines(stderr)[0]]).toEqual([1, line]);
  });

  test("a FIFO is shown, and never opened", async () => {
    const root = createTree({ f: "f" });
    spawnSync("bash", ["-c", "mkfifo pipe"], { cwd: root });
    expect((await inside(root, "ls", root)).stdout).toBe("f\npipe\n");
    expect((await inside(root, "cat", "pipe")).code).toBe(2);
    expect((await inside(root, "du", "-s", ".")).stdout).toBe("1\t.\n");
  });
});

describe("the directory that one works in", () => {
  const work = (): string =>
    createTree({ "home/keep": "1", "home/work/x/f": "f", "by-link": "-> home" });

  // Nothing here may lead out of the tree, whatever the code makes of it.
  test.each([
    ...["..", ".", "./", "..//", "x/..", "x/.", "x/../", "x/..//", "./..", "x/../.", "../work/.."],
    ...["file://$PWD/x/..", "file://$PWD/%2E%2e/", "file://$PWD/%2e"],
  ])("is not removed or moved as %s", async (written) => {
    const root = work();
    const cwd = join(root, "home/work");
    const location = written.replace("$PWD", cwd);
    const before = treeOf(root);
    for (const argv of [
      ["rm", "-r", location],
      ["rm", "-r", "--force", "x/f", location],
      ["mv", location, "../../z"],
      ["mv", location, "memory://elsewhere/z"],
    ]) {
      const { code, stderr } = await inside(cwd, ...argv);
      expect(code, argv.join(" ")).toBe(2);
      expect(stderr).toBe(
        `omnisync: ${location}: ends in "." or "..": name the directory itself\n`,
      );
    }
    expect(treeOf(root)).toEqual(before);
  });

  test("is not removed or moved by any other name, nor is one above it", async () => {
    const root = work();
    const before = treeOf(root);
    const cwd = join(root, "home/work");
    for (const location of [cwd, `${cwd}/`, `file://${cwd}`, root, "../../home", "../work"]) {
      for (const argv of [
        ["rm", "-r", location],
        ["mv", location, "../../z"],
      ]) {
        const { code, stderr } = await inside(cwd, ...argv);
        expect(code, argv.join(" ")).toBe(2);
        expect(stderr).toBe(
          `omnisync: ${location}: is the working directory, or above it: leave it first\n`,
        );
      }
    }
    const linked = await inside(cwd, "rm", "-r", "../../by-link/work");
    expect(linked.code).toBe(2);
    expect(linked.stderr).toContain("is the working directory");
    expect(treeOf(root)).toEqual(before);
  });

  test("does not keep what lies beside or below it, nor a link that leads to it", async () => {
    const root = createTree({ "work/x/f": "f", "work2/f": "f", link: "-> work" });
    const { code, stderr } = await inside(
      join(root, "work"),
      "rm",
      "-r",
      "x",
      "../work2",
      "../link",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(treeOf(root)).toEqual({ "work/": "" });
  });

  test("stays when what is in it is moved", async () => {
    const root = createTree({ "work/f": "f", "work/d/g": "g" });
    for (const argv of [
      ["move", ".", "../to"],
      ["sync", "--remove-source-files", ".", "../to"],
      ["move", "--delete-empty-src-dirs", ".", "../to"],
    ]) {
      expect((await inside(join(root, "work"), ...argv)).code, argv.join(" ")).toBeLessThan(3);
      expect(existsSync(join(root, "work"))).toBe(true);
    }
    expect(treeOf(join(root, "to"))).toEqual({ "d/g": "g", f: "f" });
  });
});

describe("changing", () => {
  test("mkdir creates what is missing, and refuses a file in the way", async () => {
    const root = createTree(TREE);
    expect((await inside(root, "mkdir", "-p", "x/y/z", "d/sub")).code).toBe(0);
    expect(treeOf(join(root, "x"))).toEqual({ "y/z/": "" });
    expect((await inside(root, "mkdir", "f/x")).code).toBe(2);
    expect((await inside(root, "mkdir", "f")).code).toBe(2);
  });

  test("rm removes a link and not what it points to", async () => {
    const root = createTree(TREE);
    expect((await inside(root, "rm", "to-d")).code).toBe(0);
    expect((await inside(root, "rm", "-r", "d/link")).code).toBe(0);
    expect(treeOf(root)).toEqual({ "d/a.txt": "aaa", "d/sub/b": "b", f: "f" });
  });

  test("rm -r removes directories, empty ones too, and links in them", async () => {
    const root = createTree({ ...TREE, "d/empty/": "", "d/out": "-> ../f" });
    expect((await inside(root, "rm", "-r", "d", "to-d")).code).toBe(0);
    expect(treeOf(root)).toEqual({ f: "f" });
  });

  test("rm -r of a link with a slash is refused", async () => {
    const root = createTree(TREE);
    expect((await inside(root, "rm", "-r", "to-d/")).code).toBe(2);
    expect(existsSync(join(root, "d/a.txt"))).toBe(true);
  });

  test("mv renames, replaces files, and moves into directories", async () => {
    const root = createTree({ ...TREE, g: "g" });
    expect((await inside(root, "mv", "f", "g")).code).toBe(0);
    expect((await inside(root, "mv", "g", "d")).code).toBe(0);
    expect((await inside(root, "mv", "d", "e")).code).toBe(0);
    expect(treeOf(root)).toEqual({
      "e/a.txt": "aaa",
      "e/g": "f",
      "e/sub/b": "b",
      "e/link": "-> a.txt",
      "to-d": "-> d",
    });
    expect((await inside(root, "mv", "e", "e/sub/x")).code).toBe(2);
    expect((await inside(root, "mv", "e/link", "l2")).code).toBe(0);
    expect(lstatSync(join(root, "l2")).isSymbolicLink()).toBe(true);
  });

  test("mv of a directory to another store leaves nothing behind", async () => {
    const root = createTree({ "d/a": "a", "d/sub/b": "b", "d/empty/": "", f: "f" });
    const { url, storage } = await createStore();
    expect((await inside(root, "mv", "d", url)).code).toBe(0);
    expect(treeOf(root)).toEqual({ f: "f" });
    expect(await contentOf(storage)).toEqual({ "d/a": "a", "d/sub/b": "b" });
  });

  test("cp follows a link, cp -r keeps links", async () => {
    const root = createTree(TREE);
    expect((await inside(root, "cp", "d/link", "copy")).code).toBe(0);
    expect((await inside(root, "cp", "-r", "d", "e/")).code).toBe(0);
    expect(treeOf(root)).toMatchObject({ copy: "aaa", "e/d/a.txt": "aaa", "e/d/link": "-> a.txt" });
    expect(lines((await inside(root, "cp", "-rv", "d/", "e/d")).stdout)).toEqual([]);
  });
});
