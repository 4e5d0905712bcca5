import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DirectFile } from "../../src/direct-reads.ts";
import { deltaOfFile, signFile } from "../../src/index.ts";
import { apply, match, noise, sign } from "./content.ts";

const MIB = 1024 ** 2;
const BLOCK = 4 * MIB;
/** Neither whole reads nor whole pages. */
const SIZE = 131 * MIB + 4711;

let folder: string;
let path: string;
let descriptor: number;
let content: Uint8Array;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "omnisync-delta-"));
  path = join(folder, "file");
  content = noise(SIZE, 1);
  writeFileSync(path, content);
  descriptor = openSync(path, "r");
});

afterAll(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

/** What is in the page cache leaves it. */
function evict(): void {
  execFileSync("sync", [path]);
  execFileSync("dd", [`if=${path}`, "iflag=nocache", "count=0"], { stdio: "ignore" });
}

/** Where nothing can be read past a cache there is nothing to test. */
function readsDirectly(): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECT));
    const before = readFileSync("/proc/thread-self/io", "latin1");
    evict();
    readSync(descriptor, new Uint8Array(4096), 0, 4096, 0);
    return readFileSync("/proc/thread-self/io", "latin1") !== before;
  } catch {
    return false;
  }
}

function isCached(): boolean {
  const direct = DirectFile.open({ descriptor, size: SIZE });
  direct?.close();
  return direct === undefined;
}

describe("reading past the page cache", { timeout: 60_000 }, () => {
  beforeEach((context) => {
    context.skip(
      !readsDirectly(),
      `${tmpdir()} is on no disk that can be read past the page cache`,
    );
    evict();
  });

  it("[DL-26] is for files that are in no cache", () => {
    const direct = DirectFile.open({ descriptor, size: SIZE });
    expect(direct).toBeDefined();
    direct?.close();
    readFileSync(path);
    expect(isCached()).toBe(true);
  });

  it("[DL-26] gives the whole reads of the content, in order, and leaves the cache alone", async () => {
    const direct = DirectFile.open({ descriptor, size: SIZE })!;
    const pieces: Uint8Array[] = [];
    await direct.readTo((piece) => pieces.push(piece.slice()));
    expect(Buffer.compare(Buffer.concat(pieces), content.subarray(0, 130 * MIB))).toBe(0);
    direct.close();
    expect(isCached()).toBe(false);
  });

  it("[DL-26] stops where the file ends, or cannot be read", async () => {
    const direct = DirectFile.open({ descriptor, size: SIZE })!;
    truncateSync(path, 3 * MIB);
    let bytes = 0;
    await direct.readTo((piece) => (bytes += piece.length));
    writeFileSync(path, content);
    expect(bytes).toBe(2 * MIB);
    direct.close();
    await direct.readTo(() => (bytes = -1));
    expect(bytes).toBe(2 * MIB);
  });

  it.each([1, 2] as const)("[DL-20] gives the same results, with %i threads", async (threads) => {
    expect(await signFile(path, { blockSize: BLOCK, threads, directAbove: 0 })).toEqual(
      sign(content, BLOCK),
    );
    evict();
    const old = Buffer.concat([content.subarray(0, 50 * MIB), content.subarray(50 * MIB + 1)]);
    const signature = sign(old, BLOCK);
    const told: number[] = [];
    const onProgress = (bytes: number): number => told.push(bytes);
    const delta = await deltaOfFile(path, signature, { threads, onProgress, directAbove: 0 });
    expect(delta).toEqual(match(signature, content, { signWith: BLOCK }));
    expect(Buffer.compare(apply(delta.ops, old, content), content)).toBe(0);
    expect(told.toSorted((a, b) => a - b)).toEqual(told);
    expect(told.length).toBeGreaterThan(4);
  });

  it("[DL-26] is for files that are too large for the cache, if nothing else is said", async () => {
    await signFile(path);
    expect(isCached()).toBe(true);
    evict();
    await signFile(path, { directAbove: SIZE - 1 });
    expect(isCached()).toBe(false);
  });

  it("[DL-21] a file that changes meanwhile is refused", async () => {
    const onProgress = (): void => {
      if (statSync(path).size === SIZE) truncateSync(path, SIZE - 4711);
    };
    await expect(signFile(path, { onProgress, directAbove: 0 })).rejects.toMatchObject({
      code: "changed",
    });
    writeFileSync(path, content);
  });
});
