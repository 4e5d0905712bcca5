/** `omnisync delta` where nothing is to be saved; where something is, see the tests against servers. */
import { describe, expect, test } from "vitest";
import { createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

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

  test("is of a file", async () => {
    const root = createTree({ "d/big": "0" });
    const { code, stderr } = await runCli(["delta", "d", "e"], { cwd: root });
    expect(code).toBe(2);
    expect(stderr).toContain("d: is a directory: name a file");
    expect((await runCli(["delta", "nope", "e"], { cwd: root })).code).toBe(3);
  });
});
