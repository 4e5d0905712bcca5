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
