/** A file system whose files can share blocks: copies, and stages that begin as another file, do. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesOf, openFileDriver } from "../unit/file-helpers.ts";
import { CONTENT, SIZE, mountXfs, usedSince, xfsOrSkip } from "./xfs.ts";

const MIB = 1024 * 1024;

if (xfsOrSkip()) {
  test("[ST-275] where blocks can be shared with its base, a stage does", async () => {
    const root = mountXfs();
    const used = usedSince(root);
    const driver = openFileDriver(root);
    for (const [path, length] of [
      ["same", SIZE],
      ["cut", SIZE - 12_345],
      ["longer", SIZE + 12_345],
    ] as const) {
      const stage = await driver.stage(path, length, { base: { path: "base" } });
      await stage.write(MIB, bytesOf("new"));
      const mode = statSync(join(root, stage.leftover!.path)).mode & 0o7777;
      expect(mode).toBe(0o666 & ~process.umask());
      await stage.commit({ durable: true });
      const expected = Buffer.alloc(length);
      CONTENT.copy(expected);
      expected.write("new", MIB);
      expect(readFileSync(join(root, path)).equals(expected)).toBe(true);
    }
    expect(used()).toBeLessThan(SIZE / 2);
    expect(readFileSync(join(root, "base")).equals(CONTENT)).toBe(true);
  });

  test("[ST-130] a copy within the file system shares them too", async () => {
    const root = mountXfs();
    const used = usedSince(root);
    const driver = openFileDriver(root);
    await driver.copy({ driver, path: "base" }, "copy", { durable: true });
    expect(readFileSync(join(root, "copy")).equals(CONTENT)).toBe(true);
    expect(used()).toBeLessThan(SIZE / 2);
  });

  test("[ST-73] so does a sparse copy, which is whole", async () => {
    const root = mountXfs();
    const used = usedSince(root);
    const driver = openFileDriver(root);
    await driver.copy({ driver, path: "base" }, "copy", { sparse: true });
    expect(readFileSync(join(root, "copy")).equals(CONTENT)).toBe(true);
    expect(used()).toBeLessThan(SIZE / 2);
  });
}
