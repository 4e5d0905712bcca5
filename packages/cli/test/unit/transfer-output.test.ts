/** What rsync's output flags do on `sync`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryDriver, StorageError } from "@omnisync/storage";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createStore } from "../memory-store.ts";
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

describe("an error in the middle of a run", () => {
  /** Listings fail behind their first page. */
  function breakListings(): void {
    const list = MemoryDriver.prototype.list;
    const spy = vi.spyOn(MemoryDriver.prototype, "list").mockImplementation(async function* (
      this: MemoryDriver,
      path,
      options,
    ) {
      yield* list.call(this, path, options);
      throw new StorageError("permission-denied", { path: "", message: "no more of it" });
    });
    onTestFinished(() => spy.mockRestore());
  }

  test.each([
    ["sync", { created: 1, failed: 0, interrupted: false }],
    ["copy", { created: 1 }],
    ["move", { created: 1 }],
    ["check", { match: 0, sourceOnly: 2, inSync: false }],
    ["diff", { new: 2, error: 0 }],
    ["verify", { unknown: 0, match: 2, verified: false }],
    ["hashsum md5", { files: 0, failed: 0 }],
  ])("leaves %s --json a summary of what was done", async (command, counts) => {
    const { url } = await createStore({ a: "a", b: "b" });
    const root = createTree({ "to/": "" });
    breakListings();
    const onlyOne = ["verify", "hashsum md5"].includes(command);
    const argv = [...command.split(" "), "--json", `${url}/`, ...(onlyOne ? [] : ["to"])];
    const { code, stdout, stderr } = await runCli(argv, { cwd: root });
    expect(code).toBe(1);
    const message = `${onlyOne ? "" : "the source could not be listed: "}no more of it`;
    expect(stderr).toBe(`omnisync: ${message}\n`);
    const summary: unknown = JSON.parse(lines(stdout).at(-1) ?? "");
    const endedBy = { code: "permission-denied", message };
    expect(summary).toMatchObject({ kind: "summary", ...counts, endedBy });
  });

  test("leaves the closing line of what was done", async () => {
    const { url } = await createStore({ a: "a", b: "b" });
    const root = createTree({ "to/": "" });
    breakListings();
    const { code, stderr } = await runCli(["sync", `${url}/`, "to"], { cwd: root });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^copied 1 file \(1 B\) in .*, 0 failed\nomnisync: the source could not be listed: no more of it\n$/,
    );
    const check = await runCli(["check", `${url}/`, "to"], { cwd: root });
    expect(check.stderr).toMatch(
      /^not in sync: .*\nomnisync: the source could not be listed: no more of it\n$/,
    );
  });

  test("is not one that forbids the run", async () => {
    const root = createTree({ "src/a": "a" });
    const { code, stdout, stderr } = await runCli(["sync", "--json", "src/", "src/in"], {
      cwd: root,
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("omnisync: the destination lies inside the source\n");
  });
});
