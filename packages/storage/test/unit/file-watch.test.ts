import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { WatchHint } from "../../src/driver.ts";
import { FileDriver } from "../../src/drivers/file/file-driver.ts";
import { outcome } from "./layer-helpers.ts";

// Hints may be late on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function setUp(): { readonly root: string; readonly driver: FileDriver } {
  const root = mkdtempSync(join(tmpdir(), "omnisync-watch-"));
  const driver = new FileDriver({ root });
  onTestFinished(async () => {
    await driver.close();
    await rm(root, { recursive: true, force: true });
  });
  return { root, driver };
}

/** Directories that this process watches. */
function watches(): number {
  const infos = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    } catch {
      return "";
    }
  });
  return infos.flatMap((info) => [...info.matchAll(/^inotify wd/gm)]).length;
}

/** Hints until one of these paths, that one included. */
async function until(
  hints: AsyncIterator<WatchHint>,
  ...paths: readonly string[]
): Promise<WatchHint[]> {
  const seen: WatchHint[] = [];
  for (;;) {
    const { value } = await hints.next();
    seen.push(value);
    if (paths.includes(value.path)) return seen;
  }
}

const onLinux = test.skipIf(process.platform !== "linux");

onLinux("[ST-257] a burst larger than what the kernel keeps is an overflow", async () => {
  const { root, driver } = setUp();
  for (const name of ["a", "b"]) await writeFile(join(root, name), "");
  const hints = (await driver.watch("", { recursive: true }))[Symbol.asyncIterator]();
  // Without a turn of the event loop in between: the kernel drops what does not fit.
  for (let n = 0; n < 10_000; n++)
    for (const name of ["a", "b"]) utimesSync(join(root, name), n, n);
  mkdirSync(join(root, "lost/deep"), { recursive: true });
  let kind: string | undefined;
  while (kind !== "overflow") kind = (await hints.next()).value.kind;
  await writeFile(join(root, "settled"), "");
  await until(hints, "settled");
  await writeFile(join(root, "lost/deep/file"), "x");
  await until(hints, "lost/deep/file");
});

onLinux("[ST-254] every directory is watched once, and none when the watch has ended", async () => {
  const { root, driver } = setUp();
  await mkdir(join(root, "a/b/c"), { recursive: true });
  for (let n = 0; n < 50; n++) await writeFile(join(root, `a/${n}`), "x");
  const before = watches();
  const controller = new AbortController();
  const { signal } = controller;
  const hints = (await driver.watch("", { recursive: true, signal }))[Symbol.asyncIterator]();
  expect(watches() - before).toBe(4);
  await mkdir(join(root, "d/e"), { recursive: true });
  await rename(join(root, "a"), join(root, "d/e/a"));
  // "d" may be told of before what was moved into it is watched; then the hint of "d/e/a" says to look there.
  const again = setInterval(() => writeFileSync(join(root, "d/e/a/b/c/file"), "x"), 50);
  await until(hints, "d/e/a/b/c/file").finally(() => clearInterval(again));
  expect(watches() - before).toBe(6);
  controller.abort();
  expect(await outcome(hints.next())).toBe("aborted");
  expect(watches()).toBe(before);
});

test("[ST-251] a tree that was moved in from elsewhere is watched", async () => {
  const { root, driver } = setUp();
  await mkdir(join(root, "elsewhere/tree/a/b"), { recursive: true });
  await mkdir(join(root, "dir"));
  const hints = (await driver.watch("dir", { recursive: true }))[Symbol.asyncIterator]();
  await rename(join(root, "elsewhere/tree"), join(root, "dir/tree"));
  await until(hints, "dir/tree");
  await writeFile(join(root, "dir/tree/a/b/file"), "x");
  await until(hints, "dir/tree/a/b/file");
});

test("[ST-250] a directory that was made anew under its name is watched", async () => {
  const { root, driver } = setUp();
  await mkdir(join(root, "dir"));
  const hints = (await driver.watch("", { recursive: true }))[Symbol.asyncIterator]();
  for (let round = 0; round < 20; round++) {
    // The file system may give it the same inode.
    await rm(join(root, "dir"), { recursive: true });
    await mkdir(join(root, "dir"));
    // The first of these may come before the watch, and is told of by the hint of the directory.
    const again = setInterval(() => writeFileSync(join(root, `dir/${round}`), "x"), 50);
    await until(hints, `dir/${round}`).finally(() => clearInterval(again));
  }
});

test("[ST-256] a link that takes a directory's name is not followed", async () => {
  const { root, driver } = setUp();
  await mkdir(join(root, "dir/sub"), { recursive: true });
  await mkdir(join(root, "outside/sub"), { recursive: true });
  const hints = (await driver.watch("dir", { recursive: true }))[Symbol.asyncIterator]();
  await rm(join(root, "dir/sub"), { recursive: true });
  await symlink("../outside", join(root, "dir/sub"));
  await until(hints, "dir/sub");
  await writeFile(join(root, "outside/file"), "x");
  await writeFile(join(root, "dir/settled"), "");
  const seen = await until(hints, "dir/settled");
  expect(seen.filter(({ path }) => path.startsWith("dir/sub/"))).toEqual([]);
});

test("[ST-256] nothing beyond a link is named, however things change under the watch", async () => {
  const { root, driver } = setUp();
  await mkdir(join(root, "outside/sub/sub"), { recursive: true });
  await mkdir(join(root, "dir"));
  const hints = (await driver.watch("dir", { recursive: true }))[Symbol.asyncIterator]();
  const seen: WatchHint[] = [];
  for (let round = 0; round < 50; round++) {
    await mkdir(join(root, "dir/sub/sub"), { recursive: true });
    if (round % 2 === 0) await writeFile(join(root, "dir/sub/sub/file"), "x");
    await rm(join(root, "dir/sub"), { recursive: true });
    await symlink("../outside", join(root, "dir/sub"));
    await writeFile(join(root, `dir/settled-${round}`), "");
    await until(hints, `dir/settled-${round}`);
    await writeFile(join(root, `outside/sub/beyond-${round}`), "x");
    await writeFile(join(root, `outside/sub/sub/beyond-${round}`), "x");
    await writeFile(join(root, `dir/told-${round}`), "");
    seen.push(...(await until(hints, `dir/told-${round}`)));
    await rm(join(root, "dir/sub"));
  }
  expect(seen.filter(({ path }) => path.includes("beyond"))).toEqual([]);
});

test("[ST-256] a path through a link is refused", async () => {
  const { root, driver } = setUp();
  await mkdir(join(root, "real/sub"), { recursive: true });
  await symlink("real", join(root, "link"));
  expect(await outcome(driver.watch("link/sub"))).toBe("not-a-directory");
  expect(await outcome(driver.watch("link"))).toBe("not-a-directory");
});

test("[ST-253] the temporary file of a write is never named, its name in the end is", async () => {
  const { driver } = setUp();
  const hints = (await driver.watch("", { recursive: true }))[Symbol.asyncIterator]();
  for (let n = 0; n < 20; n++) await driver.write(`file-${n}`, new Uint8Array(1_000_000));
  const seen = await until(hints, "file-19");
  expect(new Set(seen.map(({ path }) => path)).size).toBe(20);
});

onLinux("[ST-250] a directory that cannot be read does not end the watch", async () => {
  if (process.getuid?.() === 0) return;
  const { root, driver } = setUp();
  await mkdir(join(root, "closed/dir"), { recursive: true });
  await chmod(join(root, "closed"), 0);
  const hints = (await driver.watch("", { recursive: true }))[Symbol.asyncIterator]();
  await chmod(join(root, "closed"), 0o700);
  await until(hints, "closed");
  await writeFile(join(root, "closed/dir/file"), "x");
  await until(hints, "closed/dir/file");
});
