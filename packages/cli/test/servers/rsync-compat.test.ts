/**
 * The same scene for rsync and for `omnisync rsync`, with and without a flag: the trees that come out,
 * the itemized lines and the kind of exit must be the same. And the scene must be one in which the
 * flag makes a difference to rsync.
 */
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lines, runCli } from "../run-cli.ts";
import { ROWS, type Row } from "./compat-rows.ts";
import { OUTPUT_ROWS, type OutputRow, small } from "./output-rows.ts";
import { Scene, snapshot } from "./compat-scenario.ts";

interface Result {
  readonly code: number;
  readonly items: readonly string[];
  readonly tree: readonly string[];
}

type Program = (
  argv: readonly string[],
  cwd: string,
) => Promise<{ readonly code: number; readonly stdout: string }>;

const ENV = { HOME: "/nonexistent", LC_ALL: "C.UTF-8", TZ: "UTC" };

let directory: string;
let serial = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "omnisync-compat-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rsync: Program = (argv, cwd) =>
  new Promise((resolve) => {
    const env = { ...ENV, PATH: process.env["PATH"] };
    execFile("rsync", [...argv], { cwd, env }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout });
    });
  });

const omnisync: Program = (argv, cwd) => runCli(["rsync", ...argv], { cwd, env: ENV });

async function outcome(program: Program, row: Row, flags: readonly string[]): Promise<Result> {
  const root = join(directory, String(++serial));
  const scene = new Scene(root);
  row.scene?.(scene);
  scene.settle();
  const operands = row.operands ?? ["src/", "dst"];
  const { code, stdout } = await program(
    [...(row.base ?? ["-rlt"]), "-i", ...flags, ...operands],
    root,
  );
  return {
    code,
    items: itemized(stdout),
    tree: snapshot(root),
  };
}

/** Only the lines of changes: the order in which they end differs. */
function itemized(stdout: string): readonly string[] {
  return lines(stdout)
    .filter((line) => /^([<>ch.][fdLDS][cstTpogunbax.+? ]{9}|\*deleting  ) /.test(line))
    .sort();
}

const there = programOrSkip("rsync");

describe.runIf(there)("omnisync rsync does as rsync does", () => {
  test.each(ROWS)("$name", async (row) => {
    const theirs = await outcome(rsync, row, row.flags);
    const ours = await outcome(omnisync, row, row.flags);
    expect(ours.tree).toEqual(theirs.tree);
    expect(ours.code).toBe(theirs.code);
    if (row.itemsDiffer === undefined) expect(ours.items).toEqual(theirs.items);
    if (row.flags.length === 0) return;
    const without = await outcome(rsync, row, []);
    if (row.noDifference) expect(theirs).toEqual(without);
    else expect(theirs).not.toEqual(without);
    expect(await outcome(omnisync, row, []), "without the flags").toMatchObject({
      tree: without.tree,
      code: without.code,
    });
  });
});

/** What no two runs have in common: bytes of a protocol, seconds, process ids, the time of day. */
function comparable(text: string, without: RegExp | undefined): readonly string[] {
  return text
    .replaceAll(/\r *[\d,.KMG]+ +\d+% +[\d.]+[kMG]B\/s +\d+:\d\d:\d\d(?! \(xfr)/g, "")
    .split("\n")
    .map((line) =>
      line
        .replace(/^[ \r]+(?=[\d,.]+[KMG]? +\d+%)/, "progress ")
        .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\d+\]/, "now"),
    )
    .map((line) =>
      line
        .replace(/^(progress .*%).*?(\(xfr|$)/, "$1 $2")
        .replace(/(?<=\(xfr)#\d+, (ir|to)-chk=\d+/, "#1"),
    )
    .map((line) => line.replace(/^(now )?sent .*/, "$1sent").replace(/ {2}speedup is [\d.,]+/, ""))
    .map((line) => line.replace(/^(File list .*|Total bytes .*): .*/, "$1"))
    .filter((line) => without?.test(line) !== true)
    .sort();
}

describe.runIf(there)("omnisync rsync prints what rsync prints", () => {
  const say = async (program: Program, row: OutputRow): Promise<readonly string[]> => {
    const root = join(directory, String(++serial));
    const scene = new Scene(root);
    (row.scene ?? small)(scene);
    scene.settle();
    const { stdout } = await program(row.argv, root);
    const text = row.file === undefined ? stdout : readFileSync(join(root, row.file), "utf8");
    return comparable(text, row.without);
  };
  test.each(OUTPUT_ROWS)("$name", async (row) => {
    expect(await say(omnisync, row)).toEqual(await say(rsync, row));
  });
});
