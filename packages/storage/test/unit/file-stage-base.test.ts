/** A stage that begins with the content of another file, on a disk. */
import { hashBytes } from "@omnisync/storage";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bytesOf, failure, makeRoot, openFileDriver } from "./file-helpers.ts";

const MIB = 1024 * 1024;
const isLinux = process.platform === "linux";
const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const base = { path: "base" };

/** Waits until the temporary file is there: the base is opened then, and not yet copied. */
async function begun(root: string): Promise<void> {
  while (!readdirSync(root).some((name) => name.startsWith(".omnisync-"))) {
    await new Promise(setImmediate);
  }
}

describe("[ST-275] a base that changes while it is copied", () => {
  const changes: Record<string, (path: string) => void> = {
    grows: (path) => appendFileSync(path, "x"),
    shrinks: (path) => truncateSync(path, MIB),
    "is replaced": (path) => {
      writeFileSync(`${path}-new`, Buffer.alloc(2 * MIB, 2));
      renameSync(`${path}-new`, path);
    },
  };
  test.each(Object.entries(changes))("%s: changed, and nothing is left", async (_, change) => {
    const root = makeRoot();
    writeFileSync(join(root, "base"), Buffer.alloc(2 * MIB, 1));
    const staging = failure(openFileDriver(root).stage("file", MIB, { base }));
    await begun(root);
    change(join(root, "base"));
    expect(await staging).toMatchObject({ code: "changed", path: "base" });
    expect(readdirSync(root)).toEqual(["base"]);
  });
});

test("[ST-275] an abort ends the copy, and nothing is left", async () => {
  const root = makeRoot();
  writeFileSync(join(root, "base"), "");
  truncateSync(join(root, "base"), 512 * MIB);
  const abort = new AbortController();
  const options = { base, signal: abort.signal };
  const staging = failure(openFileDriver(root).stage("file", 512 * MIB, options));
  await begun(root);
  abort.abort();
  expect(await staging).toMatchObject({ code: "aborted" });
  expect(readdirSync(root)).toEqual(["base"]);
});

test("[ST-274] links, FIFOs and what lies behind a link are no base, and no directory is made", async () => {
  const root = makeRoot();
  const outside = makeRoot();
  writeFileSync(join(outside, "secret"), "secret");
  mkdirSync(join(root, "dir"));
  symlinkSync(join(outside, "secret"), join(root, "link"));
  symlinkSync(outside, join(root, "way"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  const driver = openFileDriver(root);
  const codes: Record<string, string> = {};
  for (const path of ["link", "way/secret", "fifo", "dir", "none"]) {
    codes[path] = (await failure(driver.stage("new/file", 6, { base: { path } }))).code;
  }
  expect(codes).toEqual({
    link: "unsupported",
    "way/secret": "not-a-directory",
    fifo: "unsupported",
    dir: "is-a-directory",
    none: "not-found",
  });
  const { etag } = (await driver.stat("link"))!;
  const known = { path: "link", ifMatch: etag };
  expect(await failure(driver.stage("file", 6, { base: known }))).toMatchObject({
    code: "unsupported",
  });
  expect(readdirSync(root).sort()).toEqual(["dir", "fifo", "link", "way"]);
});

test.skipIf(!isLinux)("[ST-275] holes stay holes; with `sparse` zeros become some", async () => {
  const root = makeRoot();
  const size = 32 * MIB;
  const holed = Buffer.alloc(size);
  holed.fill(7, 8 * MIB, 9 * MIB);
  writeFileSync(join(root, "base"), holed.subarray(8 * MIB, 9 * MIB));
  const driver = openFileDriver(root);
  const first = await driver.stage("base", size);
  await first.write(8 * MIB, holed.subarray(8 * MIB, 9 * MIB));
  await first.commit();
  await (await driver.stage("copy", size, { base })).commit();
  writeFileSync(join(root, "full"), holed);
  await (await driver.stage("thin", size, { base: { path: "full" }, sparse: true })).commit();
  for (const name of ["copy", "thin"]) {
    expect(readFileSync(join(root, name)).equals(holed)).toBe(true);
    expect(statSync(join(root, name)).blocks * 512).toBeLessThan(4 * MIB);
  }
});

test("[ST-273] ranges written over a base, in any order, with an announced hash", async () => {
  const root = makeRoot();
  const content = Buffer.alloc(40 * MIB, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
  writeFileSync(join(root, "base"), content.subarray(0, 30 * MIB));
  const expected = Buffer.alloc(content.byteLength);
  content.copy(expected, 0, 0, 30 * MIB);
  const driver = openFileDriver(root);
  const stage = await driver.stage("file", content.byteLength, { base, hash: "blake3" });
  for (const at of [0, 17 * MIB, 35 * MIB, 16 * MIB]) {
    const piece = Buffer.alloc(MIB, at / MIB + 1);
    await stage.write(at, piece);
    piece.copy(expected, at);
  }
  const all = { offset: 0, length: content.byteLength };
  expect(await stage.hash("blake3", all)).toBe(hashBytes("blake3", expected));
  await stage.commit();
  expect(readFileSync(join(root, "file")).equals(expected)).toBe(true);
});

test.skipIf(!isLinux)("[ST-275] the mode of the base is not the new file's", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  writeFileSync(join(root, "base"), Buffer.alloc(MIB, 1));
  for (const of of [0o4777, 0o600, 0o640]) {
    chmodSync(join(root, "base"), of);
    const stage = await driver.stage("file", MIB, { base });
    const fresh = 0o666 & ~process.umask();
    expect(modeOf(join(root, stage.leftover!.path))).toBe(fresh);
    // In one batch: the first tells how the directory gives modes.
    await Promise.all([
      driver.write("other", bytesOf("x"), { mode: fresh }),
      stage.commit({ mode: fresh }),
    ]);
    expect(modeOf(join(root, "file"))).toBe(fresh);
    await driver.remove("file");
  }
});

test.skipIf(!isLinux)("[ST-275] nor is it for a moment, if it lets others in", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  writeFileSync(join(root, "base"), "x");
  chmodSync(join(root, "base"), 0o4777);
  const seen = new Set<number>();
  for (let round = 0; round < 30; round++) {
    let pending = true;
    const staging = driver.stage("file", 1, { base }).finally(() => (pending = false));
    for (; pending; await new Promise(setImmediate)) {
      const temp = readdirSync(root).find((name) => name !== "base");
      if (temp !== undefined) seen.add(modeOf(join(root, temp)));
    }
    await (await staging).abort();
  }
  expect([...seen]).toEqual([0o666 & ~process.umask()]);
});

test.skipIf(!isLinux)("[ST-275] space that is wished for is there before the copy", async () => {
  const root = makeRoot();
  writeFileSync(join(root, "base"), Buffer.alloc(MIB, 1));
  const stage = await openFileDriver(root).stage("file", 8 * MIB, { base, preallocate: true });
  expect(statSync(join(root, stage.leftover!.path)).blocks * 512).toBeGreaterThanOrEqual(8 * MIB);
  await stage.commit();
  const expected = Buffer.alloc(8 * MIB);
  expected.fill(1, 0, MIB);
  expect(readFileSync(join(root, "file")).equals(expected)).toBe(true);
});
