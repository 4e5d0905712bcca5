/** `omnisync delta` where nothing is to be saved; where something is, see the tests against servers; from disk to disk. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

const MIB = 1024 ** 2;

describe("delta", () => {
  test("without --explain tells the totals only", async () => {
    const root = createTree({ big: "0123456789" });
    const { url } = await createStore();
    const { code, stdout } = await runCli(["delta", "big", `${url}/big`], { cwd: root });
    expect(code).toBe(0);
    expect(stdout).toBe("10 B would go over in 1 request, 0 B would not: 0.0% saved\n");
  });

  test("--explain says why not, and what can be done", async () => {
    const root = createTree({ big: "0123456789" });
    const { url } = await createStore({ big: "012345678" });
    const { stdout } = await runCli(["delta", "--explain", "big", `${url}/`], { cwd: root });
    expect(lines(stdout)).toEqual([
      `big -> ${url}/big`,
      "  source       10 B, 2026-01-02T03:04:05.000Z",
      "  destination  9 B, 2026-01-02T03:04:05.000Z",
      "  direction    transfer in one piece",
      "  threshold    50.0 MiB",
      "  delta        no: one of the two files is not above the threshold",
      "               lower it with --delta-threshold",
      "  pieces       send       10 B at 0 B",
      "  total        10 B would go over in 1 request, 0 B would not: 0.0% saved",
    ]);
  });

  test("--explain says what is no file, and gives no advice where none helps", async () => {
    const root = createTree({ big: "0123456789", empty: "", "there/big/x": "x" });
    const run = async (...argv: readonly string[]): Promise<string> =>
      (await runCli(["delta", "--explain", ...argv], { cwd: root })).stdout;
    const onDirectory = await run("big", "there/");
    expect(onDirectory).toContain("destination  a directory");
    expect(onDirectory).toContain("no: what the destination has of that name is no file");
    expect(await run("--delta-threshold", "0", "empty", "big")).not.toContain("lower it");
  });

  test("--json has all of it", async () => {
    const root = createTree({ big: "0123456789" });
    const { url } = await createStore();
    const argv = ["delta", "--explain", "--json", "big", `${url}/other`];
    const { stdout } = await runCli(argv, { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({
      source: { path: "big", size: 10 },
      destination: { path: `${url}/other` },
      reason: "nothing-there",
      transferred: 10,
      matched: 0,
      saved: 0,
      requests: 1,
      steps: [{ kind: "send", offset: 0, length: 10 }],
    });
  });

  test("[SY-421] from disk to disk only if that is asked for", async () => {
    const old = randomBytes(MIB);
    const fresh = Buffer.from(old);
    fresh.fill(7, 100_000, 100_010);
    const root = createTree();
    for (const [name, content] of [
      ["mount", fresh],
      ["here", old],
    ] as const) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, "big"), content);
    }
    const run = async (...argv: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(argv, { cwd: root });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return stdout;
    };
    const both = ["--delta-threshold", "512K", "mount/big", "here/big"] as const;
    const whole = await run("delta", "--explain", ...both);
    expect(whole).toContain("direction    copy on this machine");
    expect(whole).toContain("copied whole, unless with --no-whole-file");
    const unsigned = await run("delta", "--explain", "--no-whole-file", ...both);
    expect(unsigned).toContain("make one with: omnisync sign mount/big");
    await run("sign", "mount/big");
    const explained = await run("delta", "--explain", "--no-whole-file", ...both);
    expect(explained).toContain("direction    reading of ranges");
    expect(explained).toContain("64.0 KiB would go over in 1 request");
    const json = await run("copy", "--json", "-I", "--no-whole-file", ...both);
    expect(JSON.parse(lines(json)[0]!)).toMatchObject({ delta: "used", bytes: 64 * 1024 });
    expect(readFileSync(join(root, "here/big")).equals(fresh)).toBe(true);
  });

  test("--explain says what comes again and is fetched once", async () => {
    const zeros = Buffer.alloc(MIB);
    const root = createTree();
    mkdirSync(join(root, "mount"));
    const old = randomBytes(3 * MIB);
    writeFileSync(join(root, "mount/big"), Buffer.concat([old.subarray(0, MIB), zeros, zeros]));
    writeFileSync(join(root, "big"), old);
    await runCli(["sign", "mount/big"], { cwd: root });
    const argv = ["--no-whole-file", "--delta-threshold", "512K", "mount/big", "big"];
    const { stdout } = await runCli(["delta", "--explain", ...argv], { cwd: root });
    expect(lines(stdout).slice(-4)).toEqual([
      "  pieces       reuse  1.00 MiB at 0 B",
      "               fetch  64.0 KiB at 1.00 MiB",
      "               repeat 1.94 MiB at 1.06 MiB, as at 1.00 MiB",
      "  total        64.0 KiB would go over in 1 request, 2.94 MiB would not: 97.9% saved",
    ]);
  });

  test("is of a file", async () => {
    const root = createTree({ "d/big": "0" });
    const { code, stderr } = await runCli(["delta", "d", "e"], { cwd: root });
    expect(code).toBe(2);
    expect(stderr).toContain("d: is a directory: name a file");
    expect((await runCli(["delta", "nope", "e"], { cwd: root })).code).toBe(3);
  });
});
