/** Limits and hooks on the command line. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lines, runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

const inside = (root: string, ...argv: readonly string[]) =>
  runCli(argv, {
    cwd: root,
    env: { XDG_CACHE_HOME: join(root, ".cache"), PATH: process.env["PATH"] ?? "" },
  });

describe("[SY-370] hooks", () => {
  test("learn what they are about from their environment", async () => {
    const root = createTree({ "src/a b$(touch pwned)": "four", "dst/x": "x" });
    const line = (when: string): string =>
      `printf '%s\\n' "${when} $OMNISYNC_HOOK $OMNISYNC_PATH $OMNISYNC_SOURCE $OMNISYNC_DESTINATION $OMNISYNC_SIZE $OMNISYNC_ACTION" >> log`;
    const { code } = await inside(
      root,
      ...["copy", "src/", "dst", "--hook-before", line("1"), "--hook-after", line("2")],
    );
    expect(code).toBe(0);
    const name = "a b$(touch pwned)";
    const both = `${name} ${root}/src/${name} ${root}/dst/${name} 4 create`;
    expect(lines(readFileSync(join(root, "log"), "utf8"))).toEqual([
      `1 before ${both}`,
      `2 after ${both}`,
    ]);
    expect(existsSync(join(root, "pwned"))).toBe(false);
  });

  test("one that fails is named, with what it said, and the file is left alone", async () => {
    const root = createTree({ "src/a": "1", "src/b": "2" });
    const hook = 'test "$OMNISYNC_PATH" = a || { echo "not this one" >&2; exit 3; }';
    const { code, stderr } = await inside(root, "copy", "src/", "dst", "--hook-before", hook);
    expect(code).toBe(1);
    expect(stderr).toContain("the hook before the transfer failed: exit code 3: not this one");
    expect(treeOf(join(root, "dst"))).toEqual({ a: "1" });
  });

  test("one that takes too long is killed with all that it started", async () => {
    const root = createTree({ "src/a": "1" });
    const hook = "(sleep 1; touch late) & sleep 30";
    const start = performance.now();
    const { code, stderr } = await inside(
      root,
      ...["copy", "src/", "dst", "--hook-after", hook, "--hook-timeout", "200ms"],
    );
    expect(performance.now() - start).toBeLessThan(5000);
    expect([code, stderr.includes("took longer than 0.2 s")]).toEqual([1, true]);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(existsSync(join(root, "late"))).toBe(false);
  });
});

describe("[SY-367] a run that ends early", () => {
  test("says why, removes no extras, and ends with 1", async () => {
    const root = createTree({ "src/a": "12345", "src/b": "12345", "dst/extra": "e" });
    const argv = ["sync", "src/", "dst", "--delete", "--max-transfer", "7"];
    const first = await inside(root, ...argv);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("ended early: the next file would go beyond --max-transfer");
    expect(treeOf(join(root, "dst"))).toEqual({ a: "12345", extra: "e" });
    const second = await inside(root, ...argv, "--json");
    expect(second.code).toBe(0);
    expect(treeOf(join(root, "dst"))).toEqual({ a: "12345", b: "12345" });
    expect(JSON.parse(lines(second.stdout).at(-1)!)).toMatchObject({
      kind: "summary",
      timings: { waiting: { bandwidth: 0 } },
    });
  });
});

test("[SY-362] --bwlimit takes a rate or a timetable, and refuses what is neither", async () => {
  const root = createTree({ "src/a": "1" });
  writeFileSync(join(root, "src/b"), new Uint8Array(4096));
  const start = performance.now();
  const run = await inside(root, "copy", "src/", "dst", "--bwlimit", "00:00,4K", "--stats");
  expect(performance.now() - start).toBeGreaterThan(900);
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/^Time waiting for bandwidth: +[1-9]/m);
  const bad = await inside(root, "copy", "src/", "dst", "--bwlimit", "00:00,fast");
  expect(bad.code).toBe(2);
  expect(bad.stderr).toContain("--bwlimit");
});
