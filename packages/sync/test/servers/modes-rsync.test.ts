/** Ways of removing, keeping and writing against rsync: the same trees and flags, the same result. */
import { FileDriver } from "@omnisync/storage";
import { type SyncOptions, sync } from "@omnisync/sync";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { place } from "../stores.ts";

/** Paths to contents; `-> x` is a link, a path that ends in "/" an empty directory. */
type Tree = Readonly<Record<string, string>>;

interface Row {
  readonly name: string;
  readonly flags: readonly string[];
  readonly options: SyncOptions;
  readonly source: Tree;
  readonly destination: Tree;
  /** Files of the destination that are newer than the source's. Default: all are older. */
  readonly others?: Tree | undefined;
  readonly exit?: number;
  readonly withheld?: boolean;
}

let scratch: string;
let source: string;
let ours: string;
let theirs: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  [source, ours, theirs] = ["source", "ours", "theirs"].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => rmSync(scratch, { recursive: true, force: true }));

function plant(root: string, tree: Tree, seconds: number): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(tree)) {
    const full = join(root, path);
    mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
    if (path.endsWith("/")) continue;
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), full);
    else {
      writeFileSync(full, content);
      utimesSync(full, seconds, seconds);
    }
  }
}

function harvest(root: string, below = ""): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    const full = join(root, path);
    if (entry.isDirectory()) return [`${path}/`, ...harvest(root, path)];
    if (entry.isSymbolicLink()) return [`${path} -> ${readlinkSync(full)}`];
    const { mtimeMs } = lstatSync(full);
    return [`${path} = ${readFileSync(full, "utf8")} @${Math.floor(mtimeMs / 1000)}`];
  });
}

const OLD: Tree = {
  same: "same",
  a: "old a",
  "d/b": "old b",
  gone: "g",
  "x/y": "extra",
  "x/z/w": "w",
  "e/": "",
};
const NEW: Tree = { same: "same", a: "new a!", "d/b": "new b!", n: "n", "m/": "" };

const ROWS: readonly Row[] = [
  { name: "[SY-260] -b", flags: ["-b"], options: { backup: {} } },
  {
    name: "[SY-260] -b --delete",
    flags: ["-b", "--delete"],
    options: { backup: {}, delete: true },
  },
  {
    name: "[SY-260] -b --suffix --delete",
    flags: ["-b", "--suffix=.old", "--delete"],
    options: { backup: { suffix: ".old" }, delete: true },
  },
  {
    name: "[SY-260] --backup-dir --delete",
    flags: ["-b", "--backup-dir=bak", "--delete"],
    options: { backup: { directory: "bak" }, delete: true },
  },
  {
    name: "[SY-260] --backup-dir --suffix --delete-before",
    flags: ["-b", "--backup-dir=bak", "--suffix=.1", "--delete-before"],
    options: { backup: { directory: "bak", suffix: ".1" }, delete: true, deleteTiming: "before" },
  },
  {
    name: "[SY-263] backups that lie there stay",
    flags: ["-b", "--delete"],
    options: { backup: {}, delete: true },
    destination: { ...OLD, "gone~": "older", "x/q~": "older", "a~": "older a", "old~": "o" },
  },
  {
    name: "[SY-263] a backup that the source has too",
    flags: ["-b", "--delete"],
    options: { backup: {}, delete: true },
    source: { ...NEW, "a~": "of the source" },
    destination: { ...OLD, "a~": "older a" },
  },
  ...(["before", "during", "delay", "after"] as const).map((deleteTiming) => ({
    name: `[SY-271] --delete-${deleteTiming}`,
    flags: [`--delete-${deleteTiming}`],
    options: { delete: true, deleteTiming },
  })),
  {
    name: "[SY-272] --delete with links that are left out",
    flags: ["--delete", "--no-links"],
    options: { delete: true, links: "skip" },
    source: { ...NEW, gone: "-> same", l: "-> same", "x/y": "-> z" },
    destination: { ...OLD, l: "-> other", k: "-> other" },
  },
  {
    name: "[SY-276] --force",
    flags: ["--force"],
    options: { force: true },
    source: { ...NEW, x: "a file now", e: "and this" },
  },
  {
    name: "[SY-44] a directory in the way, without --force",
    flags: [],
    options: {},
    source: { ...NEW, x: "a file now" },
    exit: 23,
  },
  {
    name: "[SY-275] --remove-source-files --delete",
    flags: ["--remove-source-files", "--delete"],
    options: { move: true, delete: true },
  },
].map((row) => ({ source: NEW, destination: OLD, ...row }) as Row);

describe.each(ROWS)("$name", (row) => {
  it("leaves what rsync leaves", async (test) => {
    programOrSkip(test, "rsync");
    plant(theirs, row.destination, 1_600_000_000);
    plant(source, row.source, 1_700_000_000);
    const ended = spawnSync("rsync", ["-rlt", ...row.flags, `${source}/`, `${theirs}/`]);
    expect(ended.status, ended.stderr.toString()).toBe(row.exit ?? 0);
    const expected = { destination: harvest(theirs), source: harvest(source) };
    plant(ours, row.destination, 1_600_000_000);
    plant(source, row.source, 1_700_000_000);
    const report = await run(row.options);
    expect(report.failed > 0, JSON.stringify(report.failures)).toBe(row.exit === 23);
    expect(harvest(ours)).toEqual(expected.destination);
    expect(harvest(source)).toEqual(expected.source);
  });
});

it("[SY-273] --max-delete removes as many as rsync does", async (test) => {
  programOrSkip(test, "rsync");
  plant(theirs, OLD, 1_600_000_000);
  plant(source, NEW, 1_700_000_000);
  const before = harvest(theirs).length;
  const flags = ["-rlt", "--delete-after", "--max-delete=2", "--existing"];
  expect(spawnSync("rsync", [...flags, `${source}/`, `${theirs}/`]).status).toBe(25);
  plant(ours, OLD, 1_600_000_000);
  const report = await run({ delete: true, existing: true, maxDelete: 2, maxDeleteMode: "stop" });
  expect(report).toMatchObject({ withheld: "too-many-deletes", removed: 2 });
  expect(harvest(theirs)).toHaveLength(before - 2);
  expect(harvest(ours)).toHaveLength(before - 2);
});

async function run(options: SyncOptions) {
  const [from, to] = [new FileDriver({ root: source }), new FileDriver({ root: ours })];
  try {
    return await sync(place(from), place(to), options);
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}
