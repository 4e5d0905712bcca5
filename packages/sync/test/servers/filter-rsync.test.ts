/** Filter rules against the program that they come from: the same tree, the same rules, the same choice. */
import { Filter, parseFilterRule } from "@omnisync/sync";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const NAMES = ["a", "b", "ab", "a.o", "b.txt", "cache", "x y"];
const WORDS = [
  "a",
  "b",
  "ab",
  "*.o",
  "*",
  "?",
  "[ab]",
  "[!a]*",
  "cache",
  "*.txt",
  "**",
  "a*",
  "x y",
  "***",
];

let root: string;
let paths: readonly string[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  paths = grow("", 3);
  mkdirSync(join(root, "empty"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Every name as a file, and some as directories with the same again inside. */
function grow(below: string, depth: number): string[] {
  const made: string[] = [];
  for (const [i, name] of NAMES.entries()) {
    const path = below === "" ? name : `${below}/${name}`;
    if (depth > 1 && i % 2 === depth % 2) {
      mkdirSync(join(root, "tree", path), { recursive: true });
      made.push(`${path}/`, ...grow(path, depth - 1));
    } else {
      mkdirSync(join(root, "tree", below), { recursive: true });
      writeFileSync(join(root, "tree", path), "");
      made.push(path);
    }
  }
  return made;
}

function chosenByRsync(rules: readonly (readonly [boolean, string])[]): string[] {
  const flags = rules.map(
    ([include, pattern]) => `--${include ? "include" : "exclude"}=${pattern}`,
  );
  const args = [
    "-rn",
    "--out-format=%n",
    ...flags,
    `${join(root, "tree")}/`,
    `${join(root, "empty")}/`,
  ];
  const lines = execFileSync("rsync", args, { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line !== "" && line !== "./").sort();
}

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

const there = programOrSkip("rsync");

describe.runIf(there)("filter rules", () => {
  it("[SY-14] choose what rsync chooses", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), pattern), { minLength: 1, maxLength: 5 }),
        (rules) => {
          const filter = new Filter(rules.map(([include, text]) => parseFilterRule(include, text)));
          const ours = paths.filter((path) =>
            filter.includes(path.replace(/\/$/, ""), path.endsWith("/")),
          );
          expect(ours.sort()).toEqual(chosenByRsync(rules));
        },
      ),
      { numRuns: 300 },
    );
  });
});
