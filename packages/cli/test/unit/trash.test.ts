import { describe, expect, test } from "vitest";
import { contentOf, createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";

async function scene() {
  const target = await createStore({ a: "old", "d/x": "extra", gone: "g" });
  const source = await createStore({ a: "newer" });
  const argv = ["sync", "--delete", "--trash", `${source.url}/`, target.url];
  expect(await runCli(argv)).toMatchObject({ code: 0 });
  expect(await contentOf(target.storage)).toEqual({ a: "newer" });
  return target;
}

describe("trash", () => {
  test("[SY-266] list shows what a run with --trash replaced and removed", async () => {
    const { url } = await scene();
    const { code, stdout } = await runCli(["trash", "list", url]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\d{8}T\d{6}Z-[0-9a-f]{8}\n +3 B {2}a\n +5 B {2}d\/x\n +1 B {2}gone\n$/,
    );
    const json = lines((await runCli(["trash", "list", "--json", url])).stdout);
    expect(JSON.parse(json.at(-1)!)).toEqual({ kind: "summary", files: 3, bytes: 9 });
  });

  test("[SY-267] restore puts back what was removed, and what was replaced only when told", async () => {
    const { url, storage } = await scene();
    const first = await runCli(["trash", "restore", url]);
    expect(first.code).toBe(4);
    expect(first.stderr).toContain("a: what lies there now is newer: give --overwrite");
    expect(await contentOf(storage)).toEqual({ a: "newer", "d/x": "extra", gone: "g" });
    expect((await runCli(["trash", "restore", "--overwrite", url, "a"])).code).toBe(0);
    expect(await contentOf(storage)).toEqual({ a: "old", "d/x": "extra", gone: "g" });
    expect((await runCli(["trash", "restore", "--run", "none", url])).code).toBe(3);
  });

  test("[SY-268] empty asks, or wants --yes, and knows ages", async () => {
    const { url } = await scene();
    expect((await runCli(["trash", "empty", url])).code).toBe(2);
    const old = await runCli(["trash", "empty", "--older-than", "30d", "--yes", url]);
    expect(old.stderr).toContain("nothing to do");
    const dry = await runCli(["trash", "empty", "-n", url]);
    expect(lines(dry.stdout)).toEqual(["would remove a", "would remove d/x", "would remove gone"]);
    expect((await runCli(["trash", "empty", "--yes", url])).stderr).toContain("3 files removed");
    expect((await runCli(["trash", "list", url])).stdout).toBe("");
  });

  test("refuses flags that say nothing to an action", async () => {
    const { url } = await scene();
    for (const argv of [
      ["list", "--yes", url],
      ["list", url, "path"],
      ["restore", "--older-than", "1d", url],
      ["empty", "--overwrite", url],
      ["sweep", url],
    ]) {
      expect((await runCli(["trash", ...argv])).code).toBe(2);
    }
  });
});
