import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileDriver } from "../../src/drivers/file/file-driver.ts";
import { hashBytes } from "../../src/hashes.ts";

const PIECE = 8 * 1024 * 1024;
const content = Buffer.alloc(5 * PIECE + 3, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
const all = { offset: 0, length: content.byteLength };

let root: string;
let driver: FileDriver;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "omnisync-stage-"));
  driver = new FileDriver({ root });
});

afterEach(async () => {
  await driver.close();
  await rm(root, { recursive: true });
});

async function fill(order: readonly number[]): ReturnType<FileDriver["stage"]> {
  const stage = await driver.stage("file", content.byteLength, { hash: "blake3" });
  for (const piece of order) {
    await stage.write(piece * PIECE, content.subarray(piece * PIECE, (piece + 1) * PIECE));
  }
  return stage;
}

test.each([[[0, 1, 2, 3, 4, 5]], [[5, 3, 1, 0, 2, 4]]])(
  "an announced hash is that of the whole, written in the order %j",
  async (order) => {
    const stage = await fill(order);
    expect(await stage.hash("blake3", all)).toBe(hashBytes("blake3", content));
    expect(await stage.hash("blake3", all)).toBe(hashBytes("blake3", content));
    expect(await stage.hash("md5", all)).toBe(hashBytes("md5", content));
    await stage.abort();
  },
);

test("an announced hash sees what is written again after it was begun", async () => {
  const stage = await fill([0, 1, 2, 3, 4, 5]);
  await stage.write(3, Buffer.from("other"));
  const changed = Buffer.from(content);
  changed.write("other", 3);
  expect(await stage.hash("blake3", all)).toBe(hashBytes("blake3", changed));
  await stage.abort();
});

test("an announced hash sees what nobody wrote", async () => {
  const stage = await fill([0, 1, 2, 4, 5]);
  const holed = Buffer.from(content).fill(0, 3 * PIECE, 4 * PIECE);
  expect(await stage.hash("blake3", all)).toBe(hashBytes("blake3", holed));
  await stage.abort();
});

test("a stage that is left while its hash is computed leaves nothing", async () => {
  const stage = await fill([0, 1, 2, 3, 4]);
  await stage.abort();
  expect(await driver.stat("file")).toBeUndefined();
});
