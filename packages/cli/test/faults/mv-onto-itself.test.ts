/** A rename between two names of one directory is none to the system: it must not become a copy and a removal. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

const isRoot = process.platform === "linux" && process.getuid?.() === 0;

describe.skipIf(!isRoot)("mv through a bind mount (needs root to mount one)", () => {
  test.each([
    ["a file onto itself", "b/f", "a/f"],
    ["a directory onto itself", "b/d", "a/d"],
    ["a directory into itself", "b/d", "a/d/sub/d"],
  ])("[SY-2] %s stays", async (_, from, to) => {
    const root = createTree({ "a/f": "f", "a/d/sub/g": "g" });
    mkdirSync(join(root, "b"));
    execFileSync("mount", ["--bind", join(root, "a"), join(root, "b")]);
    onTestFinished(() => {
      execFileSync("umount", ["-l", join(root, "b")]);
    });
    expect((await runCli(["mv", from, to], { cwd: root })).code).not.toBe(0);
    expect(treeOf(join(root, "a"))).toEqual({ f: "f", "d/sub/g": "g" });
  });
});
