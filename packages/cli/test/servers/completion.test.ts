import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../run-cli.ts";

let directory = "";
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "omnisync-completion-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    writeFileSync(join(directory, shell), (await runCli(["completion", shell])).stdout);
  }
  writeFileSync(join(directory, "photo one.jpg"), "");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function inShell(shell: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(shell, args, { cwd: directory, encoding: "utf8" });
}

const hasZsh = programOrSkip("zsh");
const hasFish = programOrSkip("fish");

/** What bash offers for words, the last of which is being typed. */
function completeInBash(...words: readonly string[]): readonly string[] {
  const script = `source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _omnisync; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = inShell("bash", "-c", script, "bash", "omnisync", ...words);
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

describe("bash", () => {
  test("the script parses", () => {
    expect(inShell("bash", "-n", join(directory, "bash")).status).toBe(0);
  });

  test("completes commands", () => {
    expect(completeInBash("sy")).toEqual(["sync"]);
    expect(completeInBash("")).toEqual(
      expect.arrayContaining(["ls", "copy", "help", "completion", "--no-color"]),
    );
  });

  test("completes flags of the command, and no others", () => {
    expect(completeInBash("sync", "--allow")).toEqual(["--allow-empty-source"]);
    expect(completeInBash("sync", "a", "--max-de")).toEqual(["--max-delete"]);
    expect(completeInBash("copy", "--allow")).toEqual([]);
    expect(completeInBash("--no-color", "ls", "--s3-endp")).toEqual(["--s3-endpoint"]);
  });

  test("completes values that are chosen from a list", () => {
    expect(completeInBash("presign", "--method", "P")).toEqual(["PUT"]);
    expect(completeInBash("ls", "--s3-addressing", "")).toEqual(["auto", "path", "virtual"]);
    expect(completeInBash("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(completeInBash("help", "ch")).toEqual(["check"]);
  });

  test("completes local paths, also those with spaces", () => {
    expect(completeInBash("sync", "pho")).toEqual(["photo one.jpg"]);
    expect(completeInBash("sync", "--jobs", "pho")).toEqual(["photo one.jpg"]);
  });
});

describe.runIf(hasZsh)("zsh", () => {
  test("the script parses and defines its function", () => {
    const script = "autoload -U compinit; compinit -D; source ./zsh; whence -w _omnisync";
    const { stdout, stderr, status } = inShell("zsh", "-f", "-c", script);
    expect({ stdout, stderr, status }).toEqual({
      stdout: "_omnisync: function\n",
      stderr: "",
      status: 0,
    });
  });
});

describe.runIf(hasFish)("fish", () => {
  const completeInFish = (line: string): readonly string[] => {
    const script = `source ./fish; complete -C ${JSON.stringify(line)}`;
    const { stdout } = inShell("fish", "--no-config", "-c", script);
    return stdout
      .split("\n")
      .map((row) => row.split("\t")[0] as string)
      .filter((word) => word !== "");
  };

  test("completes commands, flags and choices", () => {
    expect(inShell("fish", "-n", join(directory, "fish")).status).toBe(0);
    expect(completeInFish("omnisync sy")).toEqual(["sync"]);
    expect(completeInFish("omnisync sync --allow")).toEqual(["--allow-empty-source"]);
    expect(completeInFish("omnisync presign --method P")).toEqual(["PUT"]);
    expect(completeInFish("omnisync completion z")).toContain("zsh");
  });
});
