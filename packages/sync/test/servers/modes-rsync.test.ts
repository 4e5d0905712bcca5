/** Ways of removing, keeping and writing against rsync: the same trees and flags, the same result. */
import { FileDriver } from "@omnisync/storage";
import { type Alternates, type SyncOptions, sync } from "@omnisync/sync";
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
  /** Directories beside the destination, and what is done with them. */
  readonly alternates?: { readonly kind: Alternates["kind"]; readonly trees: readonly Tree[] };
  readonly exit?: number;
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

const GROWN = {
  source: {
    grown: "0123456789",
    shrunk: "01234",
    other: "abcdef",
    longer: "ab",
    same: "x",
    n: "n",
  },
  destination: { grown: "0123", shrunk: "0123456789", other: "xyz", longer: "abc", same: "y" },
};

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
  {
    name: "[SY-280] --inplace",
    flags: ["--inplace"],
    options: { inplace: true },
  },
  {
    name: "[SY-281] --append: only shorter files change, whatever they hold",
    flags: ["--append"],
    options: { append: true },
    ...GROWN,
  },
  {
    name: "[SY-281] --append-verify: what does not begin alike is sent whole",
    flags: ["--append-verify"],
    options: { append: "verify" },
    ...GROWN,
  },
  {
    name: "[SY-284] --delay-updates",
    flags: ["--delay-updates", "--delete-after"],
    options: { delayUpdates: true, delete: true },
  },
  {
    name: "[SY-284] --delay-updates with backups",
    flags: ["--delay-updates", "-b"],
    options: { delayUpdates: true, backup: {} },
  },
  {
    name: "[SY-282] --partial-dir",
    flags: ["--partial-dir=.part"],
    options: { partial: { directory: ".part" } },
    source: { ...NEW, ".part/x": "1", "d/.part/y": "2" },
  },
  {
    name: "[SY-282] --partial-dir is no extra",
    flags: ["--partial-dir=.part", "--delete"],
    options: { partial: { directory: ".part" }, delete: true },
    destination: { ...OLD, "d/.part/y": "2" },
  },
  {
    name: "[SY-285] --temp-dir",
    flags: ["--temp-dir=e"],
    options: { tempDirectory: "e" },
  },
  ...(["compare", "copy", "link"] as const).flatMap((kind) => [
    {
      name: `[SY-290] --${kind}-dest`,
      flags: [`--${kind}-dest=../alternate-0`, "--delete"],
      options: { delete: true },
      alternates: { kind, trees: [{ n: "n", "d/k": "k", same: "other", z: "no" }] },
      source: { ...NEW, l: "-> n", "d/k": "k", "only/here": "1" },
    },
    {
      name: `[SY-290] --${kind}-dest, several in order`,
      flags: [`--${kind}-dest=../alternate-0`, `--${kind}-dest=../alternate-1`],
      options: {},
      alternates: { kind, trees: [{ n: "N" }, { n: "n", "q/r": "qr", a: "new a!" }] },
      source: { ...NEW, "q/r": "qr" },
      destination: {},
    },
  ]),
  {
    name: "[SY-291] --fuzzy",
    flags: ["--fuzzy"],
    options: { fuzzy: true },
    source: { "d/renamed": "old b" },
  },
].map((row) => ({ source: NEW, destination: OLD, ...row }) as Row);

const there = programOrSkip("rsync");

describe.runIf(there).each(ROWS)("$name", (row) => {
  it("leaves what rsync leaves", async () => {
    plant(theirs, row.destination, 1_600_000_000);
    plant(source, row.source, 1_700_000_000);
    const trees = row.alternates?.trees ?? [];
    trees.forEach((tree, i) => plant(join(scratch, `alternate-${i}`), tree, 1_700_000_000));
    const ended = spawnSync("rsync", ["-rlt", ...row.flags, `${source}/`, `${theirs}/`]);
    expect(ended.status, ended.stderr.toString()).toBe(row.exit ?? 0);
    const expected = { destination: harvest(theirs), source: harvest(source) };
    plant(ours, row.destination, 1_600_000_000);
    plant(source, row.source, 1_700_000_000);
    const others = trees.map((_, i) => new FileDriver({ root: join(scratch, `alternate-${i}`) }));
    const alternates = row.alternates && {
      kind: row.alternates.kind,
      places: others.map((driver) => place(driver)),
    };
    const report = await run({ ...row.options, alternates });
    await Promise.all(others.map((driver) => driver.close()));
    expect(report.failed > 0, JSON.stringify(report.failures)).toBe(row.exit === 23);
    expect(harvest(ours)).toEqual(expected.destination);
    expect(harvest(source)).toEqual(expected.source);
  });
});

it.runIf(there)("[SY-273] --max-delete removes as many as rsync does", async () => {
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
