/** In place and put together of old and new, on a file system where files share blocks. */
import { type Place, signObject, sync } from "@omnisync/sync";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  CONTENT,
  SIZE,
  mountXfs,
  usedSince,
  xfsOrSkip,
} from "../../../storage/test/servers/xfs.ts";
import { openFileDriver } from "../../../storage/test/unit/file-helpers.ts";

const MIB = 1024 * 1024;

if (xfsOrSkip()) {
  test("[SY-416] a file that is written into in place keeps what it shares", async () => {
    const { from, to, expectShared } = await scene();
    const options = { inplace: true, wholeFile: false, durable: true, ignoreTimes: true };
    expect((await sync(from, to, options)).failures).toEqual([]);
    expectShared();
  });

  test("[SY-421] what is put together of an old file and what differs shares the rest with it", async () => {
    const { from, to, expectShared } = await scene();
    const delta = { threshold: MIB, blockSize: 64 * 1024 };
    await signObject(from, delta);
    const options = { delta, wholeFile: false, durable: true, ignoreTimes: true };
    const report = await sync(from, to, options);
    // One block of those that are new, which are all equal.
    expect(report).toMatchObject({ failures: [], bytesTransferred: 64 * 1024 });
    expectShared();
  });
}

interface Scene {
  /** Elsewhere: 1 MiB of it differs. */
  readonly from: Place;
  /** Shares its blocks with a snapshot. */
  readonly to: Place;
  /** That the file is the new one, the snapshot the old one, and most blocks of both the same. */
  readonly expectShared: () => void;
}

async function scene(): Promise<Scene> {
  const root = mountXfs();
  const driver = openFileDriver(root);
  await driver.copy({ driver, path: "base" }, "snapshot", { durable: true });
  const fresh = Buffer.from(CONTENT);
  fresh.fill(6, 9 * MIB, 10 * MIB);
  const source = openFileDriver();
  await source.write("base", fresh);
  const used = usedSince(root);
  return {
    from: { driver: source, path: "base" },
    to: { driver, path: "base" },
    expectShared() {
      expect(readFileSync(join(root, "base")).equals(fresh)).toBe(true);
      expect(readFileSync(join(root, "snapshot")).equals(CONTENT)).toBe(true);
      expect(used()).toBeLessThan(SIZE / 8);
    },
  };
}
