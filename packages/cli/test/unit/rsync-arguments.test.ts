import { expect, test } from "vitest";
import { engineOptions, withRsyncDefaults } from "../../src/engine-options.ts";
import type { FlagValues } from "../../src/flags/flag-values.ts";
import { type RsyncArguments, parseArguments } from "../../src/rsync/parse-arguments.ts";
import { Session } from "../../src/session.ts";
import { lines, runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

function parse(...argv: readonly string[]): RsyncArguments {
  const stream = { write: () => true };
  const { signal } = new AbortController();
  return parseArguments(
    argv,
    new Session({ stdout: stream, stderr: stream, env: {}, cwd: "/", signal }),
  );
}

const CASES: readonly (readonly [string, readonly string[], FlagValues])[] = [
  ["bundled short options", ["-nvvi"], { dryRun: true, verbose: 2, itemizeChanges: 1 }],
  ["a value joined to its letter", ["-Ttmp", "-@3"], { tempDir: "tmp", modifyWindow: 3000 }],
  ["a value behind its letter", ["-nT", "tmp"], { dryRun: true, tempDir: "tmp" }],
  ["a value joined by =", ["--bwlimit=1M"], { bwlimit: 1024 * 1024 }],
  ["a value that follows", ["--bwlimit", "1M"], { bwlimit: 1024 * 1024 }],
  ["rsync's units", ["--max-size=1.5mb", "--min-size=2K+1"], { maxSize: 1_500_000, minSize: 2049 }],
  ["a negated long name", ["-t", "--no-times"], { times: false }],
  ["a negated short name", ["-t", "--no-t"], { times: false }],
  ["the last one counts", ["--no-p", "-p"], { perms: true }],
  ["rsync's block sizes, which are none of ours", ["-B700", "--block-size=131073"], {}],
  ["a block size that is one of ours", ["-B", "128K"], { blockSize: 131_072 }],
  ["deltas", ["--no-W", "--sidecar"], { wholeFile: false, sidecar: true }],
  ["-P", ["-P"], { partial: true, progress: true }],
  ["-h with others", ["-vh"], { verbose: 1, humanReadable: 2 }],
  ["--del", ["--del"], { delete: true, deleteTimings: ["during"] }],
  ["--delete-excluded", ["--delete-excluded"], { delete: true, deleteExcluded: true }],
  ["--backup-dir", ["--backup-dir=x"], { backup: true, backupDir: "x" }],
  ["--acls", ["-A"], { acls: true, perms: true }],
  [
    "filters in their order",
    ["--include=a", "-f", "- b", "--exclude", "c", "-FC"],
    {
      rules: [
        { kind: "include", text: "a" },
        { kind: "filter", text: "- b" },
        { kind: "exclude", text: "c" },
        { kind: "F", text: "" },
        { kind: "cvs-exclude", text: "" },
      ],
    },
  ],
  [
    "--chown",
    ["--chown=u:g"],
    {
      owner: true,
      group: true,
      usermap: { by: "--chown", rules: [{ from: "*", to: "u" }] },
      groupmap: { by: "--chown", rules: [{ from: "*", to: "g" }] },
    },
  ],
  [
    "-a without -g",
    ["-a", "--no-g"],
    {
      recursive: "archive",
      links: true,
      perms: true,
      times: true,
      group: false,
      owner: true,
      devices: true,
      specials: true,
    },
  ],
];

test.each(CASES)("%s", (_, argv, values) => {
  expect(parse(...argv).values).toEqual(values);
});

test("operands are what is no option, and everything behind two dashes", () => {
  expect(parse("a", "-n", "b", "--", "-v", "--", "c").operands).toEqual([
    "a",
    "b",
    "-v",
    "--",
    "c",
  ]);
  expect(parse("-").operands).toEqual(["-"]);
});

test("-h alone is help", () => {
  expect(parse("-h").help).toBe(true);
  expect(parse("-h", "a", "b").help).toBe(false);
});

const BAD: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  [
    "an unknown option",
    ["--nope"],
    1,
    /^rsync: --nope: unknown option\nrsync error: syntax or usage error \(code 1\) at /,
  ],
  ["an unknown letter", ["-a?"], 1, /-\?: unknown option/],
  ["a missing value", ["--bwlimit"], 1, /--bwlimit: missing argument/],
  ["a value for none", ["--archive=1"], 1, /--archive: option does not take an argument/],
  ["an abbreviation", ["--recurs"], 1, /--recurs: unknown option/],
  ["a bad size", ["--max-size=1X", "a", "b"], 1, /--max-size: "1X" is not a size/],
  ["a bad block size", ["-Bx", "a", "b"], 1, /-B: "x" is not a size/],
  [
    "two places for signatures",
    ["--sidecar", "--no-sidecar", "a", "b"],
    1,
    /--sidecar and --no-sidecar exclude each other/,
  ],
  ["a rate that is too small", ["--bwlimit=1B", "a", "b"], 1, /too small/],
  ["a time that has passed", ["--stop-at=2001-01-01T00:00", "a", "b"], 1, /is not in the future/],
  [
    "two owners",
    ["--chown=a", "--usermap=b:c", "a", "b"],
    1,
    /--usermap and --chown exclude each other: both say what the owner becomes/,
  ],
  [
    "what is not supported",
    ["--iconv=utf8,latin1", "a", "b"],
    4,
    /--iconv is not supported: names are kept/,
  ],
  ["a remote shell", ["host:x", "b"], 4, /host:x: there is no remote shell here/],
  ["a daemon", ["rsync://h/m", "b"], 4, /no rsync daemon protocol/],
  ["a daemon in short", ["h::m", "b"], 4, /no rsync daemon protocol/],
  [
    "two timings",
    ["--delete-before", "--delete-after", "a", "b"],
    1,
    /--delete-before and --delete-after exclude each other/,
  ],
  [
    "append with whole-file",
    ["--append", "-W", "a", "b"],
    1,
    /--append and --whole-file exclude each other, because only the rest/,
  ],
  [
    "delete without recursion",
    ["--delete", "a", "b"],
    1,
    /--delete does not work without --recursive \(-r\) or --dirs \(-d\)/,
  ],
  ["an unknown word", ["--info=nope", "a", "b"], 1, /^Unknown --info item: "nope"/],
];

test.each(BAD)("%s", async (_, argv, code, stderr) => {
  const result = await runCli(["rsync", ...argv]);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe("");
  expect(result.stderr).toMatch(stderr);
});

test("nothing is recursive and no attribute kept unless asked for", () => {
  const { values } = parse("src/", "dst");
  expect(engineOptions(withRsyncDefaults(values))).toMatchObject({
    recursive: false,
    links: "skip",
    preserveTimes: false,
    preserveMode: false,
    deleteTiming: "during",
  });
});

test("--version has the shape that scripts look for, and -VV is JSON", async () => {
  const { stdout, code } = await runCli(["rsync", "--version"]);
  expect(code).toBe(0);
  expect(lines(stdout)[0]).toMatch(/^rsync {2}version 3\.\d+\.\d+ {2}protocol version \d+$/);
  const json = JSON.parse((await runCli(["rsync", "-VV"])).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({
    program: "rsync",
    capabilities: { symlinks: true, crtimes: false },
  });
});

test("without operands the usage is shown, and the code is 1", async () => {
  const { code, stderr } = await runCli(["rsync"]);
  expect(code).toBe(1);
  expect(stderr).toContain("Usage: rsync [OPTION]... SRC [SRC]... DEST");
});

test("a missing source keeps extras, unless --ignore-errors says otherwise", async () => {
  const root = createTree({ "src/f": "f", "dst/extra": "e" });
  const argv = ["rsync", "-r", "--delete", "src/", "nowhere", "dst"];
  const first = await runCli(argv, { cwd: root });
  expect(first.code).toBe(23);
  expect(first.stderr).toMatch(/link_stat ".*\/nowhere" failed: No such file or directory \(2\)/);
  expect(treeOf(root)).toEqual({ "src/f": "f", "dst/f": "f", "dst/extra": "e" });
  const second = await runCli([...argv, "--ignore-errors"], { cwd: root });
  expect(second.code).toBe(23);
  expect(treeOf(root)).toEqual({ "src/f": "f", "dst/f": "f" });
});

test("an object store is a destination like any other", async () => {
  const root = createTree({ "src/a/f": "f" });
  const argv = ["rsync", "-ri", "src/", "memory://rsync-arguments/x/"];
  expect(await runCli(argv, { cwd: root })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("<f+++++++++ a/f\n"),
  });
});
