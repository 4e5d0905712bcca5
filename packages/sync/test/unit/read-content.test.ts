/** What is made of a file that turns out to be another one by then. */
import type { Signature } from "@omnisync/delta";
import { FileDriver, type OpenFileOptions, type OpenedFile, StorageError } from "@omnisync/storage";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { matchContent } from "../../src/delta/read-content.ts";

const KiB = 1024;

class ChangingDriver extends FileDriver {
  override async openFile(path: string, options?: OpenFileOptions): Promise<OpenedFile> {
    const opened = await super.openFile(path, options);
    return {
      ...opened,
      close: () => opened.close(),
      confirm: async () => {
        throw new StorageError("changed", { path });
      },
    };
  }
}

it.skipIf(process.platform !== "linux")(
  "[DL-27] what lies in a file is given back at once if nobody gets it",
  async () => {
    const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    writeFileSync(join(root, "disk.img"), Buffer.alloc(KiB * KiB, 3));
    const driver = new ChangingDriver({ root });
    const entry = (await driver.stat("disk.img"))!;
    const { signal } = new AbortController();
    const content = { driver, path: "disk.img", entry, signal };
    const own = { signWith: 64 * KiB, mostCopies: undefined };
    const matched = matchContent(content, signatureOf(430_000), own);
    await expect(matched).rejects.toMatchObject({ code: "changed" });
    expect(spools()).toEqual([]);
    await driver.close();
    rmSync(root, { recursive: true });
  },
);

/** More than is kept in memory. */
function signatureOf(blocks: number): Signature {
  return {
    blockSize: 64 * KiB,
    size: blocks * 64 * KiB,
    contentHash: new Uint8Array(32),
    identity: {},
    strong: new Uint8Array(new SharedArrayBuffer(blocks * 32)),
    weak: new Uint32Array(new SharedArrayBuffer(blocks * 8)),
  };
}

/** Files with hashes that this process has open. */
function spools(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target.includes("omnisync-hashes-") ? [target] : [];
    } catch {
      // It was the one of the listing.
      return [];
    }
  });
}
