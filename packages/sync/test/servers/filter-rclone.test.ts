/** rclone's patterns against rclone: the same tree, the same flags, the same files. */
import { type GivenKind, type GivenRule, loadFilter } from "@omnisync/sync";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const DIRECTORIES = ["", "d/", "d/e/", "out/", "out/d/", "x y/"];
const NAMES = ["a", "ab", "a.o", "b.txt", "c.jpg", "c+d", "a{b}", "IMG12"];
const WORDS = [
  "a",
  "d",
  "out",
  "*",
  "*.o",
  "?b",
  "[ab]*",
  "[^a]",
  "**",
  "x y",
  "e",
  "*.{txt,jpg}",
  "{a,b,d}",
  "a{,b}",
  "{{IMG[0-9]+}}",
  "{{[ab]\\.(o|txt)}}",
  "c+d",
  "a\\{b\\}",
  "[[:alpha:]]b",
  "a*",
];

let root: string;
let rules: string;
const paths = DIRECTORIES.flatMap((directory) => NAMES.map((name) => `${directory}${name}`));

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  rules = join(root, "rules");
  for (const directory of DIRECTORIES)
    mkdirSync(join(root, "tree", directory), { recursive: true });
  for (const path of paths) writeFileSync(join(root, "tree", path), "");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pattern = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  )
  .map(
    ([anchored, words, directory]) =>
      `${anchored ? "/" : ""}${words.join("/")}${directory ? "/" : ""}`,
  );
const flag = fc
  .tuple(fc.constantFrom<GivenKind>("include", "exclude", "filter"), pattern, fc.boolean())
  .map(([kind, text, include]): GivenRule => ({
    kind,
    text: kind === "filter" ? `${include ? "+" : "-"} ${text}` : text,
  }));
const lines = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom("+", "-"), pattern).map((parts) => parts.join(" ")),
    },
    fc.constantFrom("# remark", "; remark", "", "!"),
  ),
  { minLength: 1, maxLength: 5 },
);

function chosenByRclone(flags: readonly string[]): string[] {
  const args = ["lsf", "-R", "--files-only", "--config", "", ...flags, join(root, "tree")];
  const output = execFileSync("rclone", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return output
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

async function chosenByUs(given: readonly GivenRule[], content = ""): Promise<string[]> {
  const readFile = (): Promise<string> => Promise.resolve(content);
  const filter = await loadFilter(given, { style: "rclone", readFile });
  return paths.filter((path) => filter.includes(path, false)).sort();
}

const numRuns = Number(process.env["RUNS"] ?? 60);

describe.runIf(programOrSkip("rclone"))("rclone's patterns", () => {
  it("[SY-203] flags choose what rclone chooses", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(flag, { minLength: 1, maxLength: 4 }), async (given) => {
        const flags = given.flatMap(({ kind, text }) => [`--${kind}`, text]);
        expect(await chosenByUs(given)).toEqual(chosenByRclone(flags));
      }),
      { numRuns, endOnFailure: process.env["RUNS"] !== undefined },
    );
  });

  it("[SY-203] filter files choose what rclone chooses", async () => {
    await fc.assert(
      fc.asyncProperty(lines, async (list) => {
        const content = list.join("\n");
        writeFileSync(rules, content);
        const ours = await chosenByUs([{ kind: "filter-from", text: rules }], content);
        expect(ours).toEqual(chosenByRclone(["--filter-from", rules]));
      }),
      { numRuns, endOnFailure: process.env["RUNS"] !== undefined },
    );
  });
});
