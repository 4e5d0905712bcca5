/** `docs/rsync-compat.md` goes through every option of rsync, and claims nothing that no test proves. */
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/rsync/parse-arguments.ts";
import { RsyncError } from "../../src/rsync/rsync-error.ts";
import { Session } from "../../src/session.ts";
import { ROWS } from "./compat-rows.ts";
import { OUTPUT_ROWS } from "./output-rows.ts";

const DOCUMENT = fileURLToPath(new URL("../../../../docs/rsync-compat.md", import.meta.url));

interface Line {
  /** With their dashes. */
  readonly names: readonly string[];
  /** Whether each takes a value. */
  readonly takesValue: boolean;
  readonly status: string;
  readonly text: string;
}

const LINES: readonly Line[] = readFileSync(DOCUMENT, "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `-"))
  .map((line) => {
    const [, options = "", status = "", text = ""] = line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    const shown = [...options.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
    return {
      names: shown.map((name) => name.replace(/[=[].*$/, "")),
      takesValue: shown.some((name) => name.includes("=")),
      status,
      text,
    };
  });

/** Values that are right for options that look at theirs. */
const VALUES: Readonly<Record<string, string>> = {
  "--usermap": "a:b",
  "--groupmap": "a:b",
  "--stop-at": "2099-01-01T00:00",
  "--info": "name",
  "--debug": "none",
};

function parse(argv: readonly string[]): void {
  const stream = { write: () => true };
  const { signal } = new AbortController();
  parseArguments(argv, new Session({ stdout: stream, stderr: stream, env: {}, cwd: "/", signal }));
}

function attempt(name: string, { takesValue }: Line): void {
  const value = VALUES[name] ?? "1";
  // The short form of an option that takes a value takes one, too.
  parse(takesValue ? [name, value] : [name]);
}

const there = programOrSkip("rsync");

test.runIf(there)("every option of the installed rsync is in docs/rsync-compat.md", () => {
  const help = execFileSync("rsync", ["--help"], { encoding: "utf8" });
  const [, list = ""] = help.split(/^Options$/m);
  const options = list
    .split("\n")
    .flatMap((line) => [...(/^(-\S+?)(?:=\S+)?(?:, (-\S+))?(?: |$)/.exec(line)?.slice(1) ?? [])])
    .filter((name) => name !== undefined);
  expect(options.length).toBeGreaterThan(150);
  const documented = new Set(LINES.flatMap(({ names }) => names));
  expect(options.filter((name) => !documented.has(name))).toEqual([]);
});

describe.each(LINES)("$names", (line) => {
  test("has a status, and what is the same has a test", () => {
    expect(["same", "different", "not supported"]).toContain(line.status);
    const known = new Set([...ROWS, ...OUTPUT_ROWS].map(({ name }) => name));
    const named = [...line.text.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
    if (line.status !== "same") return;
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const lenient = ROWS.filter(({ itemsDiffer }) => itemsDiffer !== undefined);
    expect(named.filter((name) => lenient.some((row) => row.name === name))).toEqual([]);
  });
});

/** `--no-OPTION` stands for many; the others are words that the parser can be given. */
const WORDS = LINES.filter(({ names }) => names[0] !== "--no-OPTION");

test.each(WORDS)("$names is taken, or refused, as it says", (line) => {
  for (const name of line.names) {
    if (line.status === "not supported") {
      expect(() => attempt(name, line)).toThrow(RsyncError);
      expect(() => attempt(name, line)).toThrow(/not supported/);
    } else attempt(name, line);
  }
});
