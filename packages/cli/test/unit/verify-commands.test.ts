import { MemoryDriver, StorageError, hashBytes } from "@omnisync/storage";
import { KEEP_POLICIES } from "@omnisync/sync";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { POLICIES } from "../../src/commands/dedupe.ts";
import { contentOf, createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

vi.setConfig({ testTimeout: 30_000 });

const md5 = (text: string): string => hashBytes("md5", new TextEncoder().encode(text));

describe("check", () => {
  test("[SY-340] --download compares content and finds what size and time hide", async () => {
    const root = createTree({ "a/same": "1", "a/rotten": "22", "b/same": "1", "b/rotten": "2x" });
    const plain = await runCli(["check", "a/", "b/"], { cwd: root });
    expect(plain.code).toBe(0);
    const { code, stdout } = await runCli(["check", "--download", "a/", "b/"], { cwd: root });
    expect([code, stdout]).toEqual([1, "differs rotten (checksum)\n"]);
  });

  test("lists go to files, as rclone writes them, and to stdout", async () => {
    const root = createTree({
      "a/same": "1",
      "a/size": "22",
      "a/new": "3",
      "b/same": "1",
      "b/size": "2",
      "b/old": "4",
    });
    const files = ["match", "differ", "missing-on-dst", "missing-on-src", "error"];
    const flags = files.map((name) => `--${name}=${name}.txt`);
    writeFileSync(join(root, "error.txt"), "from before\n");
    const { code, stdout } = await runCli(["check", ...flags, "--combined", "-", "a/", "b/"], {
      cwd: root,
    });
    expect(code).toBe(1);
    expect(lines(stdout)).toEqual(["+ new", "- old", "= same", "* size"]);
    expect(files.map((name) => readFileSync(join(root, `${name}.txt`), "utf8"))).toEqual([
      "same\n",
      "size\n",
      "new\n",
      "old\n",
      "",
    ]);
  });

  test.each([
    [["--download", "--checksum"], "--download and --checksum"],
    [["--download", "--size-only"], "--download and --size-only"],
    [["--json", "--combined", "-"], "--json and a list on stdout"],
    [["--match", "/nonexistent/x"], "--match"],
  ])("refuses %j", async (flags, message) => {
    const root = createTree({ "a/f": "1", "b/f": "1" });
    const { code, stderr } = await runCli(["check", ...flags, "a/", "b/"], { cwd: root });
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe("diff", () => {
  test("[SY-342] one line for each path that differs, exit code as diff", async () => {
    const root = createTree({
      "a/same": "1",
      "a/size": "22",
      "a/new": "3",
      "b/same": "1",
      "b/size": "2",
      "b/old": "4",
    });
    const { code, stdout, stderr } = await runCli(["diff", "a/", "b/"], { cwd: root });
    expect([code, stdout, stderr]).toEqual([1, "+ new\n- old\n~ size (size)\n", ""]);
    const json = await runCli(["diff", "--json", "a/", "b/"], { cwd: root });
    expect(lines(json.stdout).map((line) => JSON.parse(line) as unknown)).toEqual([
      { path: "new", status: "new", type: "file" },
      { path: "old", status: "deleted", type: "file" },
      { path: "size", status: "modified", type: "file", reason: "size" },
      { kind: "summary", new: 1, modified: 1, deleted: 1, error: 0 },
    ]);
    const same = await runCli(["diff", "-q", "--json", "a/", "a/"], { cwd: root });
    expect(JSON.parse(same.stdout)).toMatchObject({ kind: "summary", new: 0 });
    expect(await runCli(["diff", "-v", "a/", "b/"], { cwd: root })).toMatchObject({ code: 2 });
    expect(await runCli(["diff", "a/", "a/"], { cwd: root })).toMatchObject({ code: 0 });
    expect(await runCli(["diff", "a/same", "b/same"], { cwd: root })).toMatchObject({
      code: 0,
      stdout: "",
    });
    expect(await runCli(["diff", "a/", "none/"], { cwd: root })).toMatchObject({ code: 3 });
  });
});

describe("hashsum and verify", () => {
  test("[SY-347] hashsum prints what md5sum prints, and verify --sums reads it", async () => {
    const root = createTree({ "d/b": "2", "d/a": "1", "d/sub/c": "3", "d/l": "-> a" });
    const sums = await runCli(["hashsum", "md5", "d"], { cwd: root });
    expect(sums.stdout).toBe(`${md5("1")}  a\n${md5("2")}  b\n${md5("3")}  sub/c\n`);
    writeFileSync(join(root, "SUMS"), sums.stdout);
    expect(await runCli(["verify", "--sums", "SUMS", "d"], { cwd: root })).toMatchObject({
      code: 0,
      stdout: "",
    });
    writeFileSync(join(root, "d/a"), "x");
    writeFileSync(join(root, "d/new"), "x");
    const after = await runCli(["verify", "--sums", "SUMS", "d"], { cwd: root });
    expect([after.code, lines(after.stdout).slice().sort()]).toEqual([
      1,
      ["DAMAGED a (md5)", "not in the sums new"],
    ]);
    expect(after.stderr).toMatch(/^not verified: 2 files right, 1 damaged, 1 not in the sums, /);
  });

  test("[SY-347] a bad line names file and line", async () => {
    const root = createTree({ "d/a": "1", SUMS: `${md5("1")}  a\nnonsense\n` });
    const bad = await runCli(["verify", "--sums", "SUMS", "d"], { cwd: root });
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringMatching(/SUMS: .*line 2/)]);
    expect(await runCli(["verify", "--sums", "NONE", "d"], { cwd: root })).toMatchObject({
      code: 2,
    });
    expect(await runCli(["verify", "--hash", "md5", "d"], { cwd: root })).toMatchObject({
      code: 2,
    });
    expect(await runCli(["hashsum", "md4", "d"], { cwd: root })).toMatchObject({ code: 2 });
  });

  test("[SY-345] verify reads a place back; nothing known is not verified", async () => {
    const { url } = await createStore({ a: "1", b: "2" });
    const { code, stdout, stderr } = await runCli(["verify", url]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^verified: 2 files right, 2 B read/);
    const root = createTree({ "d/a": "1" });
    const local = await runCli(["verify", "d"], { cwd: root });
    expect([local.code, local.stdout]).toEqual([1, "no hash known a\n"]);
    const json = await runCli(["verify", "--json", url]);
    expect(JSON.parse(lines(json.stdout).at(-1) as string)).toMatchObject({
      kind: "summary",
      match: 2,
      verified: true,
    });
  });

  test("[SY-347] a name that holds line ends of other alphabets is one line", async () => {
    const root = createTree({ "d/a\u2028b": "1", "d/c\u2029": "2", "d/e\u0085\r\nf": "3" });
    const sums = await runCli(["hashsum", "md5", "d"], { cwd: root });
    writeFileSync(join(root, "SUMS"), sums.stdout);
    const verified = await runCli(["verify", "--sums", "SUMS", "d"], { cwd: root });
    expect([verified.code, verified.stdout]).toEqual([0, ""]);
    const stdin = Readable.from([Buffer.from(sums.stdout)]);
    const again = await runCli(["verify", "--sums", "-", "d"], { cwd: root, stdin });
    expect([again.code, again.stdout]).toEqual([0, ""]);
  });

  test("filters apply, and --tag writes BSD lines", async () => {
    const root = createTree({ "d/a": "1", "d/b": "2" });
    const { stdout } = await runCli(["hashsum", "md5", "--tag", "--exclude", "b", "d"], {
      cwd: root,
    });
    expect(stdout).toBe(`MD5 (a) = ${md5("1")}\n`);
  });

  test("hashsum --json has a line for what failed, and a summary", async () => {
    const { url } = await createStore({ a: "1", b: "22" });
    refuseToRead("a");
    const { code, stdout } = await runCli(["hashsum", "sha256", "--download", "--json", url]);
    expect(code).toBe(1);
    expect(lines(stdout).map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { kind: "failed", path: "a", error: { code: "permission-denied" } },
      { kind: "sum", path: "b", size: 2, sha256: expect.any(String) },
      { kind: "summary", files: 1, bytes: 2, failed: 1 },
    ]);
  });

  test.each(["-q", "-v", "--progress"])("hashsum has no use for %s", async (flag) => {
    const { url } = await createStore({ a: "1" });
    expect(await runCli(["hashsum", "md5", flag, url])).toMatchObject({ code: 2, stdout: "" });
  });

  test("every filter that check takes is one for a single place too", async () => {
    const root = createTree({
      "d/a.txt": "12",
      "d/b.log": "12",
      "d/c.txt": "1",
      "d/s/b.txt": "12",
    });
    writeFileSync(join(root, "rules"), "+ *.txt\n- *\n");
    const filters = ["--filter", "- /s/", "--filter-from", "rules", "--min-size", "2"];
    const sums = await runCli(["hashsum", "md5", ...filters, "d"], { cwd: root });
    expect(sums.stdout).toBe(`${md5("12")}  a.txt\n`);
    const verified = await runCli(["verify", "--json", ...filters, "d"], { cwd: root });
    expect(lines(verified.stdout).map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { kind: "unknown", path: "a.txt" },
      { kind: "summary", unknown: 1, match: 0 },
    ]);
    const checked = await runCli(["check", ...filters, "d/", "d/s/"], { cwd: root });
    expect(lines(checked.stdout)).toEqual(["only in source a.txt", "only in destination b.txt"]);
    const found = await runCli(["dedupe", "--filter", "- *.log", "--json", "d"], { cwd: root });
    expect(JSON.parse(lines(found.stdout)[0]!)).toMatchObject({
      keep: { path: "a.txt" },
      duplicates: [{ path: "s/b.txt" }],
    });
  });
});

describe("dedupe", () => {
  const FILES = { "d/long name": "same", "d/b": "same", "d/c": "other" };

  test("[SY-350] reports, and changes nothing", async () => {
    const root = createTree(FILES);
    const { code, stdout, stderr } = await runCli(["dedupe", "d"], { cwd: root });
    expect([code, stdout]).toEqual([0, "2 × 4 B, 4 B reclaimable\n  keep  b\n  copy  long name\n"]);
    expect(stderr).toBe("1 duplicate of 1 content, 4 B reclaimable, 3 files looked at\n");
    expect(treeOf(root)).toEqual(FILES);
    const json = await runCli(["dedupe", "--json", "d"], { cwd: root });
    expect(lines(json.stdout).map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { kind: "set", size: 4, count: 2, keep: { path: "b" }, duplicates: [{ path: "long name" }] },
      { kind: "summary", sets: 1, duplicates: 1, reclaimable: 4 },
    ]);
  });

  test("[SY-354] --delete --yes keeps what the policy says", async () => {
    const root = createTree(FILES);
    const args = ["dedupe", "--delete", "--keep", "longest-path", "d"];
    const dry = await runCli([...args, "-n"], { cwd: root });
    expect(dry.stdout).toBe("would remove b (equal to long name)\n");
    expect(treeOf(root)).toEqual(FILES);
    expect(await runCli([...args, "--yes"], { cwd: root })).toMatchObject({ code: 0 });
    expect(treeOf(root)).toEqual({ "d/long name": "same", "d/c": "other" });
  });

  test("--json ends with one summary, with what was done and what could not be read", async () => {
    const { url } = await createStore({ a: "same", b: "same", c: "lock" });
    refuseToRead("c");
    const of = async (...flags: string[]): Promise<readonly unknown[]> => {
      const { stdout } = await runCli(["dedupe", "--json", "--delete", ...flags, url]);
      return lines(stdout).map((line) => JSON.parse(line) as unknown);
    };
    const found = { sets: 1, duplicates: 1, unreadable: 1, failed: 1, removed: 1 };
    expect(await of("-n")).toMatchObject([
      { kind: "error", path: "c", error: { code: "permission-denied" } },
      { kind: "set", count: 2 },
      { kind: "removed", path: "b" },
      { kind: "summary", ...found, dryRun: true },
    ]);
    expect(await of("--yes", "-q")).toMatchObject([{ kind: "summary", ...found, dryRun: false }]);
  });

  test("[SY-356] asks first, and only a clear yes is one", async () => {
    const { url, storage } = await createStore({ a: "same", b: "same" });
    const questions: string[] = [];
    for (const answer of ["", "n", "yess"]) {
      const ask = async (question: string): Promise<string> => {
        questions.push(question);
        return answer;
      };
      const { code, stderr } = await runCli(["dedupe", "--delete", url], { ask });
      expect([code, stderr]).toEqual([0, expect.stringContaining("nothing was changed")]);
    }
    expect(questions).toEqual(Array.from({ length: 3 }, () => "remove 1 duplicate (4 B)? [y/N] "));
    expect(Object.keys(await contentOf(storage))).toEqual(["a", "b"]);
    await runCli(["dedupe", "--delete", url], { ask: async () => "Yes" });
    expect(Object.keys(await contentOf(storage))).toEqual(["a"]);
  });

  test.each([
    [["--delete"], "no terminal to ask"],
    [["--delete", "--link", "--yes"], "exclude each other"],
    [["--keep", "oldest"], "without --delete or --link"],
    [["--yes"], "without --delete or --link"],
    [["--delete", "--yes", "--keep", "best"], "--keep"],
  ])("[SY-356] refuses %j", async (flags, message) => {
    const { url, storage } = await createStore({ a: "same", b: "same" });
    const { code, stderr } = await runCli(["dedupe", ...flags, url]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(Object.keys(await contentOf(storage))).toEqual(["a", "b"]);
  });

  test("[SY-395] --link leaves what has another mode, and says so, also with -n", async () => {
    const root = createTree(FILES);
    chmodSync(join(root, "d/long name"), 0o600);
    for (const flag of ["-n", "--yes"]) {
      const { code, stderr } = await runCli(["dedupe", "--link", flag, "d"], { cwd: root });
      expect(code).toBe(1);
      expect(stderr).toContain("long name: has another mode than b: it stays\n");
      const done = flag === "-n" ? "would link" : "linked";
      expect(stderr).toContain(`${done} 0 files (0 B), 1 left for their attributes`);
    }
    expect(statSync(join(root, "d/b")).nlink).toBe(1);
  });

  test("[SY-353] --link makes one file of them, and names what is linked already", async () => {
    const root = createTree(FILES);
    const done = await runCli(["dedupe", "--link", "--yes", "-v", "d"], { cwd: root });
    expect([done.code, lines(done.stdout).at(-1)]).toEqual([0, "linked long name (equal to b)"]);
    expect(statSync(join(root, "d/b")).nlink).toBe(2);
    const again = await runCli(["dedupe", "d"], { cwd: root });
    expect(again.stdout).toBe("2 × 4 B, 0 B reclaimable\n  keep  b\n  link  long name\n");
    const { url } = await createStore({ a: "same", b: "same" });
    expect(await runCli(["dedupe", "--link", "--yes", url])).toMatchObject({ code: 2 });
  });

  test("[SY-393] a second one says who is at it, and what to do if nobody is", async () => {
    const root = createTree(FILES);
    const lock = `.omnisync/locks/dedupe-${"f".repeat(24)}-019a9f2c41d7-00000000`;
    mkdirSync(join(root, "d/.omnisync/locks"), { recursive: true });
    writeFileSync(join(root, "d", lock), "process 7 on elsewhere");
    const { code, stderr } = await runCli(["dedupe", "--delete", "--yes", "d"], { cwd: root });
    expect(code).toBe(4);
    expect(stderr).toContain(
      `${lock}: dedupe runs here since 2025-11-20T02:51:09.143Z (process 7 on elsewhere); wait for its end, or remove this file if it is dead`,
    );
    rmSync(join(root, "d", lock));
    expect(await runCli(["dedupe", "--delete", "--yes", "d"], { cwd: root })).toMatchObject({
      code: 0,
    });
  });

  test("knows all policies of the library", () => {
    expect(POLICIES).toEqual(KEEP_POLICIES);
  });
});

function refuseToRead(name: string): void {
  const read = MemoryDriver.prototype.read;
  const spy = vi.spyOn(MemoryDriver.prototype, "read").mockImplementation(function (
    this: MemoryDriver,
    path,
    options,
  ) {
    if (path === name) throw new StorageError("permission-denied", { path });
    return read.call(this, path, options);
  });
  onTestFinished(() => spy.mockRestore());
}
