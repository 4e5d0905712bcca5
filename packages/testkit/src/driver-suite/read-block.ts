import { HASH_NAMES, hashBytes } from "@omnisync/storage";
import { readSync } from "node:fs";
import { expect } from "vitest";
import { expectBytes, noise, put, refused } from "./content.ts";
import type { Suite } from "./suite.ts";

const SIZE = 2_500_003;

export function addReadBlockTests(suite: Suite): void {
  if (!suite.capabilities.readBlock) return;
  const filled = suite.filled("readBlock", async (driver) => {
    await driver.write("dir/file", noise(SIZE));
    await put(driver, "empty", "");
  });

  suite.test("ST-180", "bytes, hashes and entry", async () => {
    const driver = await filled();
    const whole = noise(SIZE);
    for (const [offset, length] of [
      [0, 1_000_000],
      [999_999, 1_000_001],
      [SIZE - 10, 100],
      [SIZE, 10],
      [SIZE + 1_000_000, 10],
      [5, 0],
      [0, SIZE],
    ] as const) {
      const block = await driver.readBlock!("dir/file", { offset, length, hashes: HASH_NAMES });
      const expected = whole.subarray(offset, offset + length);
      expectBytes(block.bytes, expected);
      expect(block.entry).toEqual(await driver.stat("dir/file"));
      expect(block.hashes).toEqual(
        Object.fromEntries(HASH_NAMES.map((name) => [name, hashBytes(name, expected)])),
      );
    }
    const plain = await driver.readBlock!("empty", { offset: 0, length: 10 });
    expect([plain.bytes.byteLength, plain.hashes]).toEqual([0, {}]);
  });

  suite.test("ST-183", "a file that is opened is read by its descriptor", async ({ driver }) => {
    if (driver.openFile === undefined) return;
    await driver.write("dir/file", noise(SIZE));
    const entry = await driver.stat("dir/file");
    const opened = await driver.openFile("dir/file", { ifMatch: entry!.etag });
    expect(opened.entry).toEqual(entry);
    const bytes = new Uint8Array(1000);
    expect(readSync(opened.descriptor, bytes, 0, 1000, SIZE - 1000)).toBe(1000);
    expectBytes(bytes, noise(SIZE).subarray(SIZE - 1000));
    await opened.confirm();
    await driver.remove("dir/file");
    await put(driver, "dir/file", "another");
    expect(readSync(opened.descriptor, bytes, 0, 1000, 0)).toBe(1000);
    expectBytes(bytes, noise(SIZE).subarray(0, 1000));
    await opened.close();
    await opened.close();
    const { signal } = { signal: AbortSignal.abort() };
    await refused(driver.openFile("dir/file", { signal }), "aborted");
    await refused(driver.openFile("dir/file", { ifMatch: entry!.etag }), "precondition-failed");
    await refused(driver.openFile("none"), "not-found");
    await refused(driver.openFile("dir"), "is-a-directory");
  });

  suite.test("ST-182", "hashes without bytes", async () => {
    const driver = await filled();
    const whole = noise(SIZE);
    for (const [offset, length] of [
      [0, SIZE],
      [1_000_000, 1_000_001],
      [SIZE - 10, 100],
      [SIZE, 1],
    ] as const) {
      const options = { offset, length, hashes: HASH_NAMES, hashOnly: true };
      const { bytes, hashes, entry } = await driver.readBlock!("dir/file", options);
      expect(bytes.byteLength).toBe(0);
      expect(entry).toEqual(await driver.stat("dir/file"));
      const expected = whole.subarray(offset, offset + length);
      expect(hashes).toEqual(
        Object.fromEntries(HASH_NAMES.map((name) => [name, hashBytes(name, expected)])),
      );
    }
    const signal = AbortSignal.abort();
    const all = { offset: 0, length: SIZE, hashOnly: true };
    await refused(driver.readBlock!("dir/file", { ...all, signal }), "aborted");
    await refused(driver.readBlock!("none", all), "not-found");
    await refused(driver.readBlock!("dir/file", { ...all, ifMatch: "x" }), "precondition-failed");
  });

  suite.test("ST-180", "with memory of the caller's, again and again", async () => {
    const driver = await filled();
    const whole = noise(SIZE);
    let memory = new ArrayBuffer(700_000);
    for (const [offset, length] of [
      [0, 700_000],
      [1_900_000, 700_000],
      [10, 20],
      [SIZE, 5],
    ] as const) {
      const { bytes } = await driver.readBlock!("dir/file", { offset, length, memory });
      expectBytes(bytes, whole.subarray(offset, offset + length));
      memory =
        bytes.buffer.byteLength < 700_000
          ? new ArrayBuffer(700_000)
          : (bytes.buffer as ArrayBuffer);
    }
  });

  suite.test("ST-1 ST-180", "many blocks at once", async () => {
    const driver = await filled();
    const whole = noise(SIZE);
    await Promise.all(
      Array.from({ length: 25 }, async (_, i) => {
        const offset = i * 100_000;
        const { bytes, hashes } = await driver.readBlock!("dir/file", {
          offset,
          length: 100_000,
          hashes: ["blake3"],
        });
        expectBytes(bytes, whole.subarray(offset, offset + 100_000));
        expect(hashes.blake3).toBe(hashBytes("blake3", bytes));
      }),
    );
  });

  suite.test("ST-181", "what read refuses", async () => {
    const driver = await filled();
    const block = { offset: 0, length: 10 };
    await refused(driver.readBlock!("none", block), "not-found");
    await refused(driver.readBlock!("dir", block), "is-a-directory");
    await refused(driver.readBlock!("empty", { offset: -1, length: 1 }), "invalid-argument");
    await refused(driver.readBlock!("empty", { offset: 0, length: 0.5 }), "invalid-argument");
    const signal = AbortSignal.abort();
    await refused(driver.readBlock!("dir/file", { ...block, signal }), "aborted");
  });

  suite.test("ST-181", "ifMatch", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "file", "first");
    const block = { offset: 0, length: 10, ifMatch };
    expect((await driver.readBlock!("file", block)).bytes.byteLength).toBe(5);
    await put(driver, "file", "other");
    await refused(driver.readBlock!("file", block), "precondition-failed");
  });
}
