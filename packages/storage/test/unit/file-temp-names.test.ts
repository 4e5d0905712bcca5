import { isTempName } from "@omnisync/storage";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FOREIGN_AGE, isStale, nextTempName } from "../../src/drivers/file/temp-names.ts";
import { bytesOf, failure, listPaths, makeRoot, openFileDriver } from "./file-helpers.ts";

const OWNER = ".omnisync-".length;
const MODULE = new URL("../../src/drivers/file/temp-names.ts", import.meta.url).href;

/** A name as a process of its own made it, which has ended since. */
function nameOfDeadProcess(): string {
  const script = `import("${MODULE}").then((m) => console.log(m.nextTempName()))`;
  return execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }).trim();
}

describe("temporary names", () => {
  test("are reserved, of one length, and never the same twice", () => {
    const names = Array.from({ length: 1000 }, nextTempName);
    expect(new Set(names).size).toBe(1000);
    expect(names.every((name) => isTempName(name) && name.length === names[0]!.length)).toBe(true);
  });

  test("one's own process is alive; one that has ended is not", () => {
    expect(isStale(nextTempName(), 0)).toBe(false);
    expect(isStale(nameOfDeadProcess(), Date.now())).toBe(true);
  });

  test("another process that lives is left alone; under another start time it is another", async () => {
    const script = `import("${MODULE}").then((m) => { console.log(m.nextTempName()); setTimeout(() => {}, 60000); })`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const name = await new Promise<string>((resolve) => {
      child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
    });
    expect(isStale(name, 0)).toBe(false);
    const start = name.slice(OWNER + 14, OWNER + 16);
    const other = start === "00" ? "01" : "00";
    expect(isStale(name.slice(0, OWNER + 14) + other + name.slice(OWNER + 16), 0)).toBe(true);
  });

  test("a foreign one is stale only after a day without a change", () => {
    const foreign = nameOfDeadProcess().replace(
      /^(\.omnisync-)(.{8})/,
      (_, lead: string, host: string) => lead + (host === "00000000" ? "11111111" : "00000000"),
    );
    expect(isStale(foreign, Date.now() - FOREIGN_AGE + 60_000)).toBe(false);
    expect(isStale(foreign, Date.now() - FOREIGN_AGE - 60_000)).toBe(true);
  });

  test("removeStale removes a dead one's, keeps a live one's, and takes no other file", async () => {
    const root = makeRoot();
    const driver = openFileDriver(root);
    const dead = nameOfDeadProcess();
    const live = nextTempName();
    for (const name of [dead, live, "file"]) writeFileSync(join(root, name), "x");
    expect(await listPaths(driver)).toEqual(["file"]);
    expect(await listPaths(driver, "", { includeReserved: true })).toHaveLength(3);
    expect(await driver.removeStale(dead)).toBe(true);
    expect(await driver.removeStale(dead)).toBe(false);
    expect(await driver.removeStale(live)).toBe(false);
    expect(await failure(driver.removeStale("file"))).toMatchObject({ code: "invalid-argument" });
    expect(readdirSync(root).sort()).toEqual([live, "file"].sort());
  });

  test("a stage is hidden until it is committed, and gone after an abort", async () => {
    const root = makeRoot();
    const driver = openFileDriver(root);
    const stage = await driver.stage("a", 3);
    await stage.write(0, bytesOf("abc"));
    expect(await listPaths(driver)).toEqual([]);
    expect(readdirSync(root)).toHaveLength(1);
    await stage.abort();
    expect(readdirSync(root)).toEqual([]);
    expect(existsSync(root)).toBe(true);
  });
});
