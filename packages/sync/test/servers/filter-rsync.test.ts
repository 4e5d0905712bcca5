/** Filter rules against the program that they come from: the same trees, the same rules, the same result. */
import { FileDriver } from "@omnisync/storage";
import { type GivenRule, loadFilter, sync } from "@omnisync/sync";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Tree, rules, tree } from "../random-filters.ts";

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

function plant(root: string, tree: Tree): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    // The source's files are newer by more than a second: rsync compares no finer.
    const mtime = root === source ? 2_000_000 : 1_000_000;
    utimesSync(join(root, path), mtime, mtime);
  }
}

function harvest(root: string, below = ""): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return [`${path}/`, ...harvest(root, path)];
    return [`${path} = ${readFileSync(join(root, path), "utf8")}`];
  });
}

/** Name, rsync's flags, the same as rules, and the limits of sizes. */
type FlagRow = [string, readonly string[], readonly GivenRule[], object?];

interface Scenario {
  readonly source: Tree;
  readonly destination: Tree;
  readonly flags: readonly string[];
  readonly rules: readonly string[];
}

function runRsync(flags: readonly string[]): string[] {
  const env = { ...process.env, HOME: scratch, CVSIGNORE: "b" };
  try {
    const args = ["-rt", ...flags, `${source}/`, `${theirs}/`];
    execFileSync("rsync", args, { stdio: "pipe", cwd: scratch, env });
  } catch (error) {
    // A directory could not make way for a file: neither does it here.
    if ((error as { readonly status?: number }).status !== 23) throw error;
  }
  return harvest(theirs).sort();
}

async function runOurs(
  given: readonly GivenRule[],
  flags: readonly string[],
  limits = {},
): Promise<string[]> {
  const [from, to] = [new FileDriver({ root: source }), new FileDriver({ root: ours })];
  try {
    const filter = await loadFilter(given, {
      ...limits,
      cvs: { variable: "b" },
      readFile: (path) => Promise.resolve(readFileSync(join(scratch, path), "utf8")),
    });
    const report = await sync(
      { driver: from, path: "" },
      { driver: to, path: "" },
      {
        filter,
        delete: flags.some((flag) => flag.startsWith("--delete")),
        deleteExcluded: flags.includes("--delete-excluded"),
        deleteTiming: flags.includes("--delete-during") ? "during" : "after",
        pruneEmptyDirs: flags.includes("-m"),
        allowEmptySource: true,
      },
    );
    expect(report.failures.filter(({ error }) => !/directory/.test(error.code))).toEqual([]);
    return harvest(ours).sort();
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

const flags = fc
  .tuple(
    fc.constantFrom("--delete-after", "--delete-during", "-r"),
    fc.subarray(["--delete-excluded", "-m"]),
  )
  .map(([when, more]) => (when === "-r" ? more.filter((flag) => flag === "-m") : [when, ...more]));

const scenario: fc.Arbitrary<Scenario> = fc.record({
  source: tree("source"),
  destination: tree("destination"),
  flags,
  rules,
});

/**
 * A file that comes to where the destination has a directory, while the destination's own rule files
 * may guard what lies in it: it stays here, always; with rsync only if extras go during the run.
 */
function replacesGuarded({ source: from, destination: to }: Scenario): boolean {
  const own = Object.keys(to);
  return (
    own.some((path) => path.endsWith(".rules")) &&
    Object.keys(from).some((path) => own.some((other) => other.startsWith(`${path}/`)))
  );
}

const there = programOrSkip("rsync");

describe.runIf(there)("filter rules", () => {
  it("[SY-14] copy and remove what rsync copies and removes, with rule files of directories", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (run) => {
        fc.pre(!replacesGuarded(run));
        plant(source, run.source);
        plant(ours, run.destination);
        plant(theirs, run.destination);
        const expected = runRsync([...run.flags, ...run.rules.flatMap((text) => ["-f", text])]);
        const given = run.rules.map((text): GivenRule => ({ kind: "filter", text }));
        expect(await runOurs(given, run.flags)).toEqual(expected);
      }),
      {
        numRuns: Number(process.env["RUNS"] ?? 40),
        endOnFailure: process.env["RUNS"] !== undefined,
      },
    );
  }, 600_000);

  const rule = (text: string): GivenRule => ({ kind: "filter", text });
  const all: Tree = {
    "d/a.o": "x",
    "d/a.c": "x",
    "d/e/TAGS": "x",
    "a~": "x",
    a: "x",
    "e/.cvsignore": "a b",
    "e/a": "x",
    "e/b": "x",
    "e/f/a": "x",
    big: "0123456789",
    small: "1",
  };
  const old: Tree = Object.fromEntries(
    ["d/a.o", "d/old.o", "d/old", "gone/a.o", "gone/b", "a~", "old~", "e/a", "huge", "small"].map(
      (path) => [path, "old content"],
    ),
  );

  it.each<FlagRow>([
    ["CVS's names", ["-C"], [{ kind: "cvs-exclude", text: "" }]],
    ["CVS's names among others", ["-f", "-C", "-f", ":C"], [rule("-C"), rule(":C")]],
    ["-F", ["-F"], [{ kind: "F", text: "" }]],
    [
      "-FF",
      ["-FF"],
      [
        { kind: "F", text: "" },
        { kind: "F", text: "" },
      ],
    ],
    ["files above the transfer", ["-f", ": ../.rsync-filter"], [rule(": ../.rsync-filter")]],
    ["paths from the root", ["-f", "-/ SOURCE/d/*.o"], [rule("-/ SOURCE/d/*.o")]],
    ["the end of paths from the root", ["-f", "-/ source/d"], [rule("-/ source/d")]],
    ["the greatest size", ["--max-size=5"], [], { maxSize: 5 }],
    ["the least size", ["--min-size=5"], [], { minSize: 5 }],
    ["perishable rules", ["-f", "-p *.o"], [rule("-p *.o")]],
    ["a file of excludes", ["--exclude-from=rules"], [{ kind: "exclude-from", text: "rules" }]],
    [
      "a file of includes",
      ["--include-from=rules", "--exclude=*"],
      [
        { kind: "include-from", text: "rules" },
        { kind: "exclude", text: "*" },
      ],
    ],
    ["a merged file", ["-f", "._rules"], [rule("._rules")]],
  ])("[SY-206] %s: the same is copied and removed", async (_, args, given, limits) => {
    for (const timing of ["--delete-after", "--delete-during"]) {
      plant(source, { ...all, "d/.rsync-filter": "- a.c\n- .rsync-filter\n" });
      plant(ours, old);
      plant(theirs, old);
      writeFileSync(
        join(scratch, ".rsync-filter"),
        "- /source/a\n- /theirs/gone\n- /ours/gone\n- small\n",
      );
      writeFileSync(join(scratch, "rules"), "- *.o\n# remark\n+ a*\n- d\n");
      const real = (text: string): string => text.replace("SOURCE", source);
      const expected = runRsync([timing, ...args.map(real)]);
      const rules = given.map(({ kind, text }) => ({ kind, text: real(text) }));
      expect(await runOurs(rules, [timing], limits)).toEqual(expected);
    }
  });
});
