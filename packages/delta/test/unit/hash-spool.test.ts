import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { strongColumn, weakColumn } from "../../src/block-list.ts";
import { matchInThread } from "../../src/content-thread.ts";
import { deltaOfFile, deltaOfOpenFile } from "../../src/delta-files.ts";
import type { DeltaMatcherOptions } from "../../src/delta-matcher.ts";
import { HashSpool, SpooledColumns, openSpool } from "../../src/hash-spool.ts";
import { encodeSignature, encodedLength } from "../../src/signature-format.ts";
import type { Signature } from "../../src/signature.ts";
import { edit, edits, match, noise, sign } from "./content.ts";

const BLOCK = 64 * 1024;
/** More than fit in memory: 420,000 of 40 bytes. */
const MANY = 420_000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hash-spool-"));
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A file such as `openSpool` makes for larger objects. */
function spoolFor(oldBlocks: number, newBlocks: number): { spool: HashSpool; descriptor: number } {
  const descriptor = openSync(join(folder, String(Math.random())), "wx+");
  return { descriptor, spool: HashSpool.reserve(descriptor, { oldBlocks, newBlocks })! };
}

/** The same object with more behind it, of which nothing is known but the hashes. */
function enlarged(signature: Signature, blocks: number, isShared = true): Signature {
  const { blockSize } = signature;
  const strong = strongColumn(blocks, isShared);
  const weak = weakColumn(blocks, isShared);
  for (let at = 0; at < strong.length; at += 1e6) {
    strong.set(noise(Math.min(1e6, strong.length - at), at + 1), at);
  }
  strong.set(signature.strong);
  weak.set(signature.weak);
  return { ...signature, strong, weak, size: blocks * blockSize };
}

function encoded(signature: Signature): Buffer {
  const bound = { ...signature, identity: { etag: "e" } };
  const bytes = Buffer.concat([...encodeSignature(bound)]);
  expect(bytes).toHaveLength(encodedLength(bound));
  return bytes;
}

const openFiles = (): number => readdirSync("/proc/self/fd").length;

describe("hashes in a file", () => {
  it("[DL-27] match and sign as those in memory do, whatever the edits", () => {
    const old = noise(300 * BLOCK + 77, 1);
    const signature = sign(old, BLOCK);
    fc.assert(
      fc.property(edits, (script) => {
        const fresh = edit(old, script);
        const options = { signWith: BLOCK, size: fresh.length };
        const expected = match(signature, fresh, options);
        const sizes = [301, Math.ceil(fresh.length / BLOCK)] as const;
        const { descriptor, spool } = spoolFor(...sizes);
        const spooling: DeltaMatcherOptions = { ...options, spool };
        const found = match(signature, fresh, spooling);
        expect(found.ops).toEqual(expected.ops);
        const columns = new SpooledColumns(descriptor, { oldBlocks: 301, newBlocks: sizes[1] });
        const spooled = { ...found.signature!, spool: columns };
        expect(encoded(spooled).equals(encoded(expected.signature!))).toBe(true);
        columns.close();
      }),
      { numRuns: 15 },
    );
  });

  it("[DL-27] are told while they are new, and all of them at the end", () => {
    const count = 20_001;
    const hashes = noise(count * 32, 5);
    const hashOf = (index: number): Uint8Array => hashes.subarray(index * 32, index * 32 + 32);
    // More come than were expected.
    const sizes = { oldBlocks: 3, newBlocks: 100 };
    const { descriptor, spool } = spoolFor(sizes.oldBlocks, sizes.newBlocks);
    const before = spool.keepOld(hashes.slice(0, 96));
    const blocks = spool.newBlocks();
    expect(blocks.strongOf(0)).toBeUndefined();
    for (let index = 0; index < count; index++) {
      blocks.add(hashOf(index), index, index + 7);
      for (const ago of [0, 1, 8192]) {
        const known = index < ago ? undefined : blocks.strongOf(index - ago);
        if (index >= ago) expect(known && Buffer.compare(known, hashOf(index - ago))).toBe(0);
      }
      expect(blocks.strongOf(index + 1)).toBeUndefined();
    }
    expect(blocks.strongOf(0)).toBeUndefined();
    expect(blocks.columns().strong).toHaveLength(0);
    const columns = new SpooledColumns(descriptor, sizes);
    const size = count * BLOCK;
    const signature = { ...sign(noise(1, 1), BLOCK), size, spool: columns };
    const weak = weakColumn(count);
    for (let index = 0; index < count; index++) weak.set([index, index + 7], index * 2);
    const { spool: _, ...inMemory } = { ...signature, strong: hashes.slice(), weak };
    expect(encoded(signature).equals(encoded(inMemory))).toBe(true);
    expect([0, 1, 2].map((index) => before.isAt(index, hashOf(index)))).toEqual([true, true, true]);
    expect(before.isAt(1, hashOf(2))).toBe(false);
    columns.close();
    columns.close();
    const refusal = expect.objectContaining({ code: "invalid-argument" });
    expect(() => encoded(signature)).toThrow(refusal);
  }, 30_000);

  it("[DL-27] are there only for objects of many blocks, and have no name", () => {
    expect(openSpool({ oldBlocks: MANY / 2 - 1000, newBlocks: MANY / 2 - 1000 })).toBeUndefined();
    expect(openSpool({ oldBlocks: MANY, newBlocks: 0 })).toBeUndefined();
    const descriptor = openSpool({ oldBlocks: MANY / 2, newBlocks: MANY / 2 })!;
    expect(descriptor).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
    closeSync(descriptor);
  });
});

describe("a thread with too many hashes for memory", () => {
  const old = noise(12 * BLOCK, 1);
  const fresh = Buffer.concat([old.subarray(0, 5 * BLOCK), noise(70, 2), old.subarray(4 * BLOCK)]);
  const options = { size: MANY * BLOCK, signWith: BLOCK };
  const expected = match(enlarged(sign(old, BLOCK), MANY), fresh, options);

  const path = (): string => {
    const file = join(folder, "fresh");
    writeFileSync(file, fresh);
    return file;
  };

  it("[DL-27] leaves the new ones in a file, which is closed with the signature", async () => {
    const before = openFiles();
    const known = enlarged(sign(old, BLOCK), MANY, false);
    const thread = matchInThread(known, { ...options, spool: true });
    await thread.take(Uint8Array.from(fresh));
    const { ops, signature } = await thread.finish();
    expect(ops).toEqual(expected.ops);
    expect(signature!.spool).toBeDefined();
    expect(encoded(signature!).equals(encoded(expected.signature!))).toBe(true);
    expect(openFiles()).toBe(before + 1);
    signature!.spool!.close();
    expect(openFiles()).toBe(before);
  });

  it.each([1, 2] as const)("[DL-27] also %i threads that read a file", async (threads) => {
    const known = enlarged(sign(old, BLOCK), MANY, false);
    const { ops, signature } = await deltaOfFile(path(), known, { threads, spool: true });
    expect(ops).toEqual(expected.ops);
    expect(encoded(signature!).equals(encoded(expected.signature!))).toBe(true);
    signature!.spool!.close();
  });

  it("[DL-27] leaves no file open if it is stopped or nobody wants one", async () => {
    const before = openFiles();
    const thread = matchInThread(enlarged(sign(old, BLOCK), MANY), { ...options, spool: true });
    await thread.stop();
    await expect(thread.finish()).rejects.toMatchObject({ code: "stopped" });
    const { signature } = await deltaOfFile(path(), enlarged(sign(old, BLOCK), MANY));
    expect(signature).toEqual(expected.signature);
    expect(openFiles()).toBe(before);
  });

  it("[DL-27] does with memory where no file can be made", async () => {
    vi.stubEnv("TMPDIR", join(folder, "none"));
    const known = enlarged(sign(old, BLOCK), MANY, false);
    const { signature } = await deltaOfFile(path(), known, { spool: true });
    expect(signature).toEqual(expected.signature);
  });

  it("[DL-27] has no file where the disk has no room", () => {
    const full = openSync("/dev/full", "r+");
    onTestFinished(() => closeSync(full));
    expect(HashSpool.reserve(full, { oldBlocks: 1, newBlocks: 1 })).toBeUndefined();
  });

  it("[DL-27] gives back what it took of a disk without room", ({ skip }) => {
    skip(process.getuid?.() !== 0, "only root can mount a small disk");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "none", folder]);
    try {
      const descriptor = openSync(join(folder, "spool"), "wx+");
      expect(HashSpool.reserve(descriptor, { oldBlocks: MANY, newBlocks: MANY })).toBeUndefined();
      expect(statfsSync(folder).bavail).toBe(statfsSync(folder).blocks);
      closeSync(descriptor);
      expect(openSpool({ oldBlocks: MANY, newBlocks: MANY })).toBeUndefined();
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  it.each([1, 2] as const)("[DL-27] leaves no file open if %i threads fail", async (threads) => {
    const descriptor = openSync(path(), "r");
    const before = openFiles();
    const known = enlarged(sign(old, BLOCK), MANY, false);
    const options = { threads, spool: true, blockSize: BLOCK };
    const wrong = { descriptor, size: MANY * BLOCK };
    const failing = deltaOfOpenFile(wrong, known, options);
    await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(/changed|stopped/) });
    expect(openFiles()).toBe(before);
    closeSync(descriptor);
  });
});
