import { KEPT_FOR } from "@omnisync/sync";
import { describe, expect, test } from "vitest";
import { DEFAULT_AGE } from "../../src/commands/resume.ts";
import { stateDirectory } from "../../src/state-directory.ts";
import { runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

const run = (...argv: readonly string[]) => {
  const root = createTree({});
  return runCli(["resume", ...argv], { cwd: root, env: { XDG_STATE_HOME: `${root}/state` } });
};

test("[SY-313] the default age is the engine's", () => {
  expect(DEFAULT_AGE).toBe(KEPT_FOR);
});

test("the state directory follows the XDG rules", () => {
  expect(stateDirectory({ XDG_STATE_HOME: "/s" })).toBe("/s/omnisync");
  expect(stateDirectory({ XDG_STATE_HOME: "s", HOME: "/h" })).toBe("/h/.local/state/omnisync");
});

describe("[SY-315] omnisync resume", () => {
  test("with nothing on record says so, and makes no directory", async () => {
    expect(await run("list")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "nothing was cut short\n",
    });
    expect(await run("list", "--json")).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await run("clean")).toMatchObject({ code: 0, stderr: "0 transfers given up\n" });
  });

  test("refuses what says nothing, and what needs an answer that nobody can give", async () => {
    for (const words of [
      ["forget"],
      ["list", "--all"],
      ["clean", "--all", "--older-than", "1d", "--yes"],
      ["clean", "--unknown", "--yes"],
      ["clean", "--all"],
    ]) {
      expect((await run(...words)).code, words.join(" ")).toBe(2);
    }
  });
});
