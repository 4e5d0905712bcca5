/** Files that flags name: one that cannot be read, or written, is told of before anything is done. */
import { expect, test } from "vitest";
import { runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

const NAMED: readonly (readonly [flag: string, argv: readonly string[]])[] = [
  ["--files-from", ["sync", "a/", "b/"]],
  ["--exclude-from", ["sync", "a/", "b/"]],
  ["--include-from", ["check", "a/", "b/"]],
  ["--filter-from", ["diff", "a/", "b/"]],
  ["--prices", ["plan", "a/", "b/"]],
  ["--sums", ["verify", "a"]],
];

test.each(NAMED)("%s names the file and the reason, whatever the source", async (flag, argv) => {
  const cwd = createTree({ "a/f": "1" });
  const missing = await runCli([...argv, flag, "gone"], { cwd });
  expect(missing).toMatchObject({
    code: 2,
    stdout: "",
    stderr: `omnisync: ${flag}: gone: no such file or directory\n`,
  });
  const directory = await runCli([...argv.map((word) => word.replace(/^a/, "none")), flag, "a"], {
    cwd,
  });
  expect(directory.code).toBe(2);
  expect(directory.stderr).toBe(`omnisync: ${flag}: a: illegal operation on a directory\n`);
  expect(treeOf(cwd)).toEqual({ "a/f": "1" });
});

test("a file that a rule merges is named, too", async () => {
  const cwd = createTree({ "a/f": "1" });
  const { code, stderr } = await runCli(["sync", "-f", ". gone", "a/", "b/"], { cwd });
  expect([code, stderr]).toEqual([2, "omnisync: --filter: gone: no such file or directory\n"]);
});

test("to omnisync rsync it is an error of file IO", async () => {
  const cwd = createTree({ "a/f": "1" });
  for (const flag of ["--files-from=gone", "--exclude-from=gone"]) {
    expect((await runCli(["rsync", "-r", flag, "a/", "b/"], { cwd })).code).toBe(11);
  }
});

test.each([
  ["none/p", "no such file or directory"],
  ["a/f/p", "not a directory"],
  ["a", "illegal operation on a directory"],
])("plan -o %s fails before it plans", async (file, reason) => {
  const cwd = createTree({ "a/f": "1" });
  const { code, stderr } = await runCli(["plan", "none", "b/", "-o", file], { cwd });
  expect([code, stderr]).toEqual([2, `omnisync: --output: ${file}: ${reason}\n`]);
});
