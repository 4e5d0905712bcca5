/** Ignore files against git: the same tree, the same files, the same paths left out. */
import { FileDriver } from "@omnisync/storage";
import { loadFilter } from "@omnisync/sync";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listPlace } from "../../src/walk/list-place.ts";

const DIRECTORIES = ["", "d/", "d/e/", "out/", "out/d/", "a b/"];
const NAMES = ["a", "ab", "a.o", "b.txt", "#x", "!y", "z ", "w[1]", "c\\d"];
const WORDS = [
  "a",
  "d",
  "out",
  "*",
  "*.o",
  "?b",
  "[ab]*",
  "[!a]",
  "**",
  "a b",
  "e",
  "b.txt",
  "**/d",
  "a**b",
  "[[:alpha:]]b",
  "\\#x",
  "#x",
  "\\!y",
  "z\\ ",
  "z ",
  "w[[]1]",
  "w[1",
  "c\\\\d",
  "out\\",
  "a*b",
];

let root: string;
let driver: FileDriver;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  driver = new FileDriver({ root });
  git(["init", "-q"]);
});
afterAll(async () => {
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

const pattern = fc
  .tuple(
    fc.constantFrom("", "", "!", "/", "!/"),
    fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "/", "/**", " ", "  \r"),
  )
  .map(([before, words, behind]) => `${before}${words.join("/")}${behind}`);
const ignoreFile = fc
  .array(fc.oneof({ weight: 6, arbitrary: pattern }, fc.constantFrom("", "# remark", "  ")), {
    minLength: 1,
    maxLength: 5,
  })
  .map((lines) => lines.join("\n"));
const ignoreFiles = fc.dictionary(fc.constantFrom(...DIRECTORIES), ignoreFile, {
  minKeys: 1,
  maxKeys: 3,
});

function git(args: readonly string[], input = ""): string[] {
  // Neither the user's settings nor the machine's.
  const home = join(root, "nobody");
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
  try {
    return execFileSync("git", args, { cwd: root, env, input }).toString().split("\0");
  } catch (error) {
    // Nothing is ignored.
    if ((error as { readonly status?: number }).status === 1) return [];
    throw error;
  }
}

function plant(files: Readonly<Record<string, string>>): string[] {
  for (const directory of ["d", "out", "a b"])
    rmSync(join(root, directory), { recursive: true, force: true });
  rmSync(join(root, ".gitignore"), { force: true });
  const paths = DIRECTORIES.flatMap((directory) => NAMES.map((name) => `${directory}${name}`));
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  for (const [directory, content] of Object.entries(files)) {
    writeFileSync(join(root, directory, ".gitignore"), content);
  }
  return paths;
}

async function taken(): Promise<Set<string>> {
  const filter = await loadFilter([{ kind: "ignore-file", text: ".gitignore" }]);
  const found = new Set<string>();
  const options = {
    filter,
    onProblem: (problem: Error) => {
      throw problem;
    },
  };
  const place = { driver, path: "" };
  for await (const page of listPlace(place, await driver.stat(""), options)) {
    for (const { path } of page) found.add(path);
  }
  return found;
}

describe.runIf(programOrSkip("git"))("ignore files", () => {
  it("[SY-205] leave out what git leaves out", async () => {
    await fc.assert(
      fc.asyncProperty(ignoreFiles, async (files) => {
        const paths = plant(files);
        const input = paths.map((path) => `${path}\0`).join("");
        const ignored = new Set(git(["check-ignore", "--no-index", "-z", "--stdin"], input));
        const ours = await taken();
        expect(paths.filter((path) => ours.has(path))).toEqual(
          paths.filter((path) => !ignored.has(path)),
        );
      }),
      {
        numRuns: Number(process.env["RUNS"] ?? 150),
        endOnFailure: process.env["RUNS"] !== undefined,
      },
    );
  });
});
