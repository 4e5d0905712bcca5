/** A file system whose files can share blocks, in a file. */
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { execFileSync } from "node:child_process";
import { statfsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished, test } from "vitest";
import { makeRoot } from "../unit/file-helpers.ts";

const MIB = 1024 * 1024;
export const SIZE: number = 64 * MIB;
export const CONTENT: Buffer = Buffer.alloc(SIZE, 5);

/** Whether one can be mounted. Where not, registers a skipped test whose title says why. */
export function xfsOrSkip(): boolean {
  if (process.platform === "linux" && process.getuid?.() === 0) return programOrSkip("mkfs.xfs");
  test.skip("skipped: only root can mount a file system that shares blocks");
  return false;
}

/** Where one is mounted until the test ends; `base` is in it, with `CONTENT`. */
export function mountXfs(): string {
  const image = join(makeRoot(), "image");
  const root = makeRoot();
  writeFileSync(image, "");
  truncateSync(image, 512 * MIB);
  execFileSync("/usr/sbin/mkfs.xfs", ["-q", image]);
  execFileSync("mount", ["-o", "loop", image, root]);
  onTestFinished(() => {
    execFileSync("umount", ["-l", root]);
  });
  writeFileSync(join(root, "base"), CONTENT);
  return root;
}

/** Tells how much less is free than now. */
export function usedSince(root: string): () => number {
  const free = (): number => {
    execFileSync("sync", ["-f", root]);
    const { bfree, bsize } = statfsSync(root);
    return bfree * bsize;
  };
  const before = free();
  return () => before - free();
}
