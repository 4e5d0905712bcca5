/** Places that are one under two names, as bind mounts make them: what is removed at the one is gone at the other. */
import { FileDriver, type StorageError } from "@omnisync/storage";
import { type SyncOptions, sync } from "@omnisync/sync";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { place } from "../stores.ts";

const isRoot = process.platform === "linux" && process.getuid?.() === 0;

let root: string;
const at = (path: string): string => join(root, path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-same-places-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const path of ["data/sub/deep", "home", "other"]) mkdirSync(at(path), { recursive: true });
  for (const path of ["data/f", "data/sub/g", "data/sub/deep/h"]) writeFileSync(at(path), path);
});

function bind(from: string, to: string): void {
  mkdirSync(at(to), { recursive: true });
  execFileSync("mount", ["--bind", at(from), at(to)]);
  onTestFinished(() => {
    execFileSync("umount", ["-l", at(to)]);
  });
}

function disk(path: string): FileDriver {
  const driver = new FileDriver({ root: at(path), calls: "few" });
  onTestFinished(() => driver.close());
  return driver;
}

async function outcome(from: string, to: string, options: SyncOptions): Promise<string> {
  return sync(place(disk(from)), place(disk(to)), options).then(
    () => "done",
    (error: StorageError) => `${error.code}: ${error.message}`,
  );
}

describe.skipIf(!isRoot)("places that are mounted twice (needs root to mount them)", () => {
  const refused: readonly [name: string, from: string, to: string, SyncOptions, RegExp][] = [
    ["the same directory", "data", "home/data", { move: true }, /same place/],
    ["the same directory, turned round", "home/data", "data", { delete: true }, /same place/],
    ["a directory in it", "data", "home/data/sub", { delete: true }, /lies inside the source/],
    ["a directory that is to be made", "data", "home/data/new/er", {}, /lies inside the source/],
    ["a directory in it, mounted alone", "data", "home/sub", {}, /lies inside the source/],
    ["one in that", "data", "home/sub/deep", {}, /lies inside the source/],
    ["a source in it", "home/sub", "data", { delete: true }, /where it would be removed/],
    ["a source in it that is to make way", "home/sub", "data", { force: true }, /where it would/],
  ];
  it.each(refused)("[SY-2] refuses %s", async (_name, from, to, options, message) => {
    bind("data", "home/data");
    bind("data/sub", "home/sub");
    expect(await outcome(from, to, options)).toMatch(message);
    expect(readFileSync(at("data/f"), "utf8")).toBe("data/f");
    expect(existsSync(at("data/new"))).toBe(false);
  });

  it("[SY-2] refuses one that lies in what is mounted in the source", async () => {
    bind("other", "data/sub/other");
    mkdirSync(at("other/place"));
    expect(await outcome("data", "other/place", {})).toMatch(/lies inside the source/);
  });

  it("[SY-2] refuses a file that is itself", async () => {
    bind("data", "home/data");
    const [from, to] = [place(disk("data"), "f"), place(disk("home/data"), "f")];
    await expect(sync(from, to, { move: true })).rejects.toThrow(/same place/);
    expect(existsSync(at("data/f"))).toBe(true);
  });

  it("[SY-2] copies between places that only share their file system", async () => {
    bind("data", "home/data");
    bind("data/sub", "home/sub");
    expect(await outcome("home/data", "other", { delete: true })).toBe("done");
    expect(await outcome("home/sub", "data", {})).toBe("done");
    expect(readFileSync(at("data/g"), "utf8")).toBe("data/sub/g");
  });

  it("[SY-60] keeps a file that is its own copy, deep in places that are two", async () => {
    mkdirSync(at("other/sub"));
    bind("data/sub", "other/sub");
    const report = await sync(place(disk("data")), place(disk("other")), { move: true });
    expect(report).toMatchObject({ created: 1, sourcesRemoved: 1, failed: 2 });
    expect(report.failures.map(({ path, error }) => `${path}: ${error.code}`).sort()).toEqual([
      "sub/deep/h: invalid-argument",
      "sub/g: invalid-argument",
    ]);
    expect(readFileSync(at("data/sub/g"), "utf8")).toBe("data/sub/g");
    expect(readFileSync(at("data/sub/deep/h"), "utf8")).toBe("data/sub/deep/h");
  });

  it("[SY-260] refuses backups in the source, or in the destination under a name that hides it", async () => {
    bind("data", "home/data");
    bind("other", "home/other");
    for (const [to, message] of [
      ["home/data/sub", /inside the source/],
      ["home/other", /inside the destination, under another name/],
    ] as const) {
      const backup = { directory: place(disk(to)) };
      expect(await outcome("data", "other", { backup })).toMatch(message);
    }
  });
});

it("[SY-60] another name of a file is no copy's own: it goes", async () => {
  linkSync(at("data/f"), at("other/f"));
  const report = await sync(place(disk("data")), place(disk("other")), { move: true });
  expect(report).toMatchObject({ failed: 0, sourcesRemoved: 3 });
  expect(readFileSync(at("other/f"), "utf8")).toBe("data/f");
});
