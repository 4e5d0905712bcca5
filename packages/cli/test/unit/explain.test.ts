import { describe, expect, it } from "vitest";
import { lines, runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

const tree = (): string =>
  createTree({
    "rules.txt": "# remark\n- *.o\n",
    "a/.gitignore": "dist/\n",
    "a/x.o": "1",
    "a/y.c": "1",
    "a/dist/z": "1",
    "b/old": "1",
  });

describe("omnisync explain", () => {
  it.each([
    [
      ["x.o", "a/", "b/", "--filter", ". rules.txt"],
      'left out by "- *.o" (rules.txt:2)',
      "left-out",
    ],
    [["x.o", "a/", "b/", "--exclude", "*.o"], 'left out by "*.o" (--exclude)', "left-out"],
    [
      ["y.c", "a/", "b/"],
      "takes part (no rule matches)",
      "copy: would be transferred: the destination",
    ],
    [["old", "a/", "b/"], "not protected", "keep: only the destination has it, and --delete"],
    [
      ["old", "a/", "b/", "--delete", "-f", "P old"],
      'protected by "P old" (--filter)',
      "protected",
    ],
    [["old", "a/", "b/", "--delete"], "not protected", "remove: would be removed"],
  ])("[SY-213] %j", async (args, decision, outcome) => {
    const { code, stdout } = await runCli(["explain", ...args], { cwd: tree() });
    expect(code).toBe(0);
    expect(stdout).toContain(decision);
    expect(lines(stdout).at(-1)).toContain(`outcome      ${outcome}`);
  });

  it("[SY-213] --json names the file, the line and the directory that matched", async () => {
    const args = ["explain", "--json", "dist/z", "a/", "b/", "--ignore-file", ".gitignore"];
    const { stdout } = await runCli(args, { cwd: tree() });
    expect(JSON.parse(stdout)).toMatchObject({
      path: "dist/z",
      outcome: "left-out",
      source: { included: false, rule: { text: "dist/", line: 1, path: "dist" } },
    });
  });

  it("[SY-213] a list of files counts, and links are followed as in the run", async () => {
    const cwd = createTree({
      "a/f": "1",
      "a/l": "-> f",
      "a/d/g": "1",
      "a/k": "-> d",
      "a/out": "-> ../list",
      list: "f\n",
      "b/": "",
    });
    const outcome = async (path: string, ...flags: string[]): Promise<unknown> => {
      const { stdout } = await runCli(["explain", "--json", path, "a/", "b/", ...flags], { cwd });
      return (JSON.parse(stdout) as { outcome: string }).outcome;
    };
    expect(await outcome("f", "--files-from", "list")).toBe("copy");
    expect(await outcome("d/g", "--files-from", "list")).toBe("not-listed");
    expect(await outcome("l")).toBe("link");
    expect(await outcome("l", "-L")).toBe("copy");
    expect(await outcome("k/g", "-L")).toBe("copy");
    expect(await outcome("l", "--copy-unsafe-links")).toBe("link");
    expect(await outcome("out", "--copy-unsafe-links")).toBe("copy");
    expect(await outcome("k", "-k")).toBe("mkdir");
    expect(await outcome("f", "-m")).toBe("copy");
  });

  it.each([
    ["-m", "d", "--prune-empty-dirs"],
    ["-x", "f", "--one-file-system"],
  ])("refuses %s where it would not be right about %s", async (flag, path, name) => {
    const cwd = createTree({ "a/f": "1", "a/d/g": "1", "b/": "" });
    const { code, stderr } = await runCli(["explain", flag, path, "a/", "b/"], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(name)]);
  });

  it("takes the path with or without the directory's own name", async () => {
    const cwd = tree();
    const [plain, named] = await Promise.all(
      ["y.c", "a/y.c"].map((path) => runCli(["explain", path, "a", "b"], { cwd })),
    );
    expect(named!.stdout).toBe(plain!.stdout);
  });

  it("[SY-207] a bad line of a rule file is wrong usage, told with file and line", async () => {
    const cwd = createTree({ rules: "- ok\nnonsense\n", "a/": "" });
    const { code, stderr } = await runCli(["sync", "a/", "b/", "-f", ". rules"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('rules line 2: "nonsense" is no filter rule');
  });
});
