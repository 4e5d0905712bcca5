/** File systems of Windows and of USB sticks: names without case, and on exFAT no hard links, modes or owners. */
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { execFileSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { type MakeScene, addTwins, codes, makeRoot, makeScene, openDisk, run } from "../twins.ts";

const isRoot = process.platform === "linux" && process.getuid?.() === 0;
if (!isRoot) test.skip("skipped: only root can mount these file systems");

function mountImage(root: string, size: number, mount: (image: string) => void): void {
  const image = join(makeRoot(), "image");
  writeFileSync(image, "");
  truncateSync(image, size);
  mount(image);
  onTestFinished(() => {
    execFileSync("umount", ["-l", root]);
  });
}

/** Names are found in any case, and listed in lower case. */
const onNtfs: MakeScene = (source, destination = {}) =>
  makeScene(
    (root) => {
      mountImage(root, 16 * 1024 * 1024, (image) => {
        execFileSync("mkntfs", ["-F", "-Q", "-q", image], { stdio: "ignore" });
        execFileSync("lowntfs-3g", [image, root, "-o", "ignore_case"], { stdio: "ignore" });
        rmSync(image);
      });
      return openDisk(root);
    },
    source,
    destination,
  );

const onExfat: MakeScene = (source, destination = {}) =>
  makeScene(
    (root) => {
      mountImage(root, 64 * 1024 * 1024, (image) => {
        execFileSync("mkfs.exfat", [image], { stdio: "ignore" });
        const device = execFileSync("losetup", ["-f", "--show", image], { encoding: "utf8" });
        onTestFinished(() => {
          execFileSync("losetup", ["-d", device.trim()]);
        });
        execFileSync("mount.exfat-fuse", [device.trim(), root], { stdio: "ignore" });
      });
      return openDisk(root);
    },
    source,
    destination,
  );

if (isRoot && programOrSkip("lowntfs-3g")) {
  describe("an NTFS that ignores case", () => {
    addTwins(onNtfs);

    it("[SY-46] a name that is listed in lower case is a failure, and removes nothing", async () => {
      const scene = onNtfs({ Foo: "1" });
      expect(await run(scene, { delete: true })).toMatchObject({ created: 1, failed: 0 });
      const again = await run(scene, { delete: true, ignoreErrors: true });
      expect(codes(again)).toEqual(["Foo: already-exists"]);
      expect(scene.there()).toEqual({ foo: "1" });
    });
  });
}

if (isRoot && programOrSkip("mkfs.exfat") && programOrSkip("mount.exfat-fuse")) {
  describe("exFAT", () => {
    addTwins(onExfat);

    it("[ST-74] takes a tree, and a second run finds nothing to do", async () => {
      const files = { Name: "1", "d/e/f": "2", "d/large": "x".repeat(3_000_001) };
      const scene = onExfat(files, { Name: "old!", extra: "3" });
      expect(await run(scene, { delete: true })).toMatchObject({
        failed: 0,
        created: 2,
        replaced: 1,
        removed: 1,
      });
      expect(scene.there()).toEqual(files);
      const again = await run(scene, { delete: true });
      expect(again).toMatchObject({ failed: 0, created: 0, replaced: 0, bytesTransferred: 0 });
      expect(await run(scene, { move: true, trash: true })).toMatchObject({
        failed: 0,
        sourcesRemoved: 3,
      });
    });
  });
}
