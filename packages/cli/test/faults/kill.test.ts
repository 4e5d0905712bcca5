/** kill -9 at any point: destination files are old or new, and the next run finishes and leaves no rubbish. */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const CLI = join(import.meta.dirname, "../../src/from-source.ts");
const FILES = 400;
const SIZE = 64 * 1024;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A tree in which every byte of every file is `fill`. */
function tree(name: string, fill: number, seconds: number): string {
  const folder = join(root, name);
  for (let i = 0; i < FILES; i++) {
    const path = join(folder, `d${i % 5}`, `f${i}`);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, Buffer.alloc(SIZE, fill));
    utimesSync(path, seconds, seconds);
  }
  return folder;
}

function start(...args: readonly string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: join(root, "cache") };
  const child = spawn(process.execPath, [...SOURCE_ARGV, CLI, ...args], { env, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  return { child, ended };
}

/** The byte of which each file is made; fails for a file that is made of several, or cut. */
function fills(folder: string): Set<number> {
  const found = new Set<number>();
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (!/f\d+$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    expect(bytes.length, name).toBe(SIZE);
    expect(
      bytes.every((byte) => byte === bytes[0]),
      name,
    ).toBe(true);
    found.add(bytes[0]!);
  }
  return found;
}

const rubbish = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) =>
    name.includes(".omnisync"),
  );

describe("a process that is killed", () => {
  it("[SY-30][SY-13] mixes no file; the next run finishes and clears up", async () => {
    const source = tree("source", 2, 1_700_000_100);
    const destination = tree("destination", 1, 1_700_000_000);
    // From before the first file to after the last: start-up takes some 150 ms of it.
    let interrupted = 0;
    for (let wait = 120; wait <= 520; wait += 40) {
      const { child, ended } = start("sync", "--delete", `${source}/`, `${destination}/`);
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill("SIGKILL");
      if ((await ended) === null) interrupted++;
      expect([1, 2]).toEqual(expect.arrayContaining([...fills(destination)]));
    }
    expect(interrupted).toBeGreaterThan(0);
    expect(await start("sync", "--delete", `${source}/`, `${destination}/`).ended).toBe(0);
    expect(fills(destination)).toEqual(new Set([2]));
    expect(rubbish(destination)).toEqual([]);
  });

  it("[SY-38] Ctrl-C ends in good order with 130, leaves no rubbish, and a rerun finishes", async () => {
    const source = tree("source", 2, 1_700_000_100);
    const destination = join(root, "new");
    const { child, ended } = start("copy", "--bwlimit", "4M", `${source}/`, `${destination}/`);
    await vi.waitFor(() => expect(fills(destination).size).toBe(1), { timeout: 30_000 });
    const asked = performance.now();
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(rubbish(destination)).toEqual([]);
    expect(fills(destination)).toEqual(new Set([2]));
    expect(await start("copy", `${source}/`, `${destination}/`).ended).toBe(0);
    expect(readdirSync(destination, { recursive: true })).toHaveLength(FILES + 5);
  });
});
