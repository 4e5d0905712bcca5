/** What rsync's output flags do on `sync`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lines, runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

const TREE = { "src/a": "aaa", "src/d/b": "b", "src/l": "-> a" };

test("--out-format prints a line per change", async () => {
  const root = createTree(TREE);
  const argv = ["sync", "--out-format=%i|%n%L|%l|%o", "src/", "dst"];
  const { code, stdout } = await runCli(argv, { cwd: root });
  expect(code).toBe(0);
  expect([...lines(stdout)].sort()).toEqual([
    ">f+++++++++|a|3|send",
    ">f+++++++++|d/b|1|send",
    "cL+++++++++|l -> a|1|send",
    "cd+++++++++|d/|0|send",
  ]);
});

test("--log-file gets a line per change, with time and process, after what is in it", async () => {
  const root = createTree({ ...TREE, log: "before\n" });
  const argv = ["sync", "--log-file=log", "--log-file-format=%o %n", "src/", "dst"];
  const { stdout } = await runCli(argv, { cwd: root });
  expect(stdout).toBe("");
  const [first, ...logged] = lines(readFileSync(join(root, "log"), "utf8"));
  expect(first).toBe("before");
  expect(logged).toHaveLength(4);
  expect(logged[0]).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\d+\] send /);
});

test("--info says what is told", async () => {
  const root = createTree(TREE);
  const { stdout } = await runCli(["sync", "--info=name,stats2", "src/", "dst"], { cwd: root });
  expect(lines(stdout)).toEqual(expect.arrayContaining(["copied a (3 B)", "directory d"]));
  expect(stdout).toContain("Files created:");
  const help = await runCli(["sync", "--info=help", "src/", "dst"], { cwd: root });
  expect(help.stdout).toContain("PROGRESS   Mention 1) per-file progress");
});

test("--no-human-readable shows plain bytes", async () => {
  const root = createTree({ "src/a": "a".repeat(5000) });
  const argv = ["sync", "-v", "--no-human-readable", "src/", "dst"];
  expect((await runCli(argv, { cwd: root })).stdout).toContain("copied a (5000 bytes)");
});

test("-h alone is help, with others rsync's", async () => {
  expect((await runCli(["sync", "-h"])).stdout).toContain("Usage: omnisync sync");
  const root = createTree(TREE);
  expect((await runCli(["sync", "-h", "src/", "dst"], { cwd: root })).code).toBe(0);
});
