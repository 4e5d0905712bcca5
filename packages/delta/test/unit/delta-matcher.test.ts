import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FetchStep, planFetch } from "../../src/plan-fetch.ts";
import { S3_PART_RULES } from "../../src/part-rules.ts";
import { planParts } from "../../src/plan-parts.ts";
import { apply, applyFetch, edit, edits, insertedBytes, match, noise, sign } from "./content.ts";

const KIB = 1024;
const cases = fc.record({
  size: fc.integer({ min: 0, max: 150 * KIB }),
  blockSize: fc.constantFrom(64, 100, 512, 1024, 4096, 64 * KIB),
  seed: fc.nat(),
  script: edits,
});

describe("a delta", () => {
  it("[DL-1] applied to the old content gives the new content, whatever the edits", () => {
    fc.assert(
      fc.property(cases, ({ size, blockSize, seed, script }) => {
        const old = noise(size, seed);
        const fresh = edit(old, script);
        const { ops, signature } = match(sign(old, blockSize), fresh, { signWith: blockSize });
        expect(Buffer.compare(apply(ops, old, fresh), fresh)).toBe(0);
        const alone = sign(fresh, blockSize);
        expect(Buffer.compare(signature!.strong, alone.strong)).toBe(0);
        expect(Buffer.compare(signature!.contentHash, alone.contentHash)).toBe(0);
        expect(signature!.weak.join()).toBe(alone.weak.join());
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("[DL-1] gives the new content where content repeats itself, up and down", () => {
    const tile = fc.record({ count: fc.integer({ min: 1, max: 40 }), byte: fc.nat(3) });
    const tiles = fc.array(tile, { maxLength: 40 });
    const blockSizes = fc.constantFrom(4, 8, 64, 100);
    const gaps = fc.constantFrom(0, 8, 200);
    fc.assert(
      fc.property(tiles, tiles, blockSizes, gaps, (left, right, blockSize, mergeGap) => {
        const lay = (list: typeof left): Buffer =>
          Buffer.concat(list.map(({ count, byte }) => Buffer.alloc(count * 17, byte)));
        const { ops } = match(sign(lay(left), blockSize), lay(right), { signWith: 4 * blockSize });
        expect(Buffer.compare(apply(ops, lay(left), lay(right)), lay(right))).toBe(0);
        const remote = sign(lay(right), blockSize);
        const plan = planFetch(remote, match(remote, lay(left)).ops, { mergeGap });
        expect(Buffer.compare(applyFetch(plan, lay(left), lay(right)), lay(right))).toBe(0);
        const { ops: once } = match(remote, lay(left), { once: true });
        const lean = planFetch(remote, once, { mergeGap });
        expect(Buffer.compare(applyFetch(lean, lay(left), lay(right)), lay(right))).toBe(0);
        const inPlace = ({ kind, ...step }: FetchStep): boolean =>
          kind === "reuse" && "localOffset" in step && step.localOffset === step.offset;
        const [some, all] = [lean, plan].map((plan) => [...plan.steps()].filter(inPlace));
        expect(lean.fetched).toBe(plan.fetched);
        expect(some).toEqual(all);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("[DL-2] fetches what is missing, and makes the remote content with it", () => {
    const gaps = fc.constantFrom(0, 1000, 100_000);
    fc.assert(
      fc.property(cases, gaps, ({ size, blockSize, seed, script }, mergeGap) => {
        const local = noise(size, seed);
        const remote = edit(local, script);
        const signature = sign(remote, blockSize);
        const plan = planFetch(signature, match(signature, local).ops, { mergeGap });
        expect(Buffer.compare(applyFetch(plan, local, remote), remote)).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("[DL-1] parts made of a delta give the new content", () => {
    const rules = {
      minPart: 5000,
      maxPart: 50_000,
      maxParts: 40,
      uploadPart: 9000,
      copyPart: 20_000,
    };
    fc.assert(
      fc.property(cases, ({ size, blockSize, seed, script }) => {
        const old = noise(size, seed);
        const fresh = edit(old, script);
        const { parts } = planParts(match(sign(old, blockSize), fresh).ops, rules);
        const ops = parts.map((part) =>
          part.kind === "copy" ? part : { ...part, kind: "insert" as const },
        );
        expect(Buffer.compare(apply(ops, old, fresh), fresh)).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe("what is found", () => {
  const blockSize = 1024;
  const old = noise(200 * blockSize + 77, 1);
  const signature = sign(old, blockSize);
  const insertedIn = (fresh: Uint8Array): number => insertedBytes(match(signature, fresh).ops);

  it("[DL-3] the same content is one copy", () => {
    const length = old.length;
    expect([...match(signature, old).ops]).toEqual([
      { kind: "copy", offset: 0, length, oldOffset: 0 },
    ]);
  });

  it("[DL-3] a byte in front costs a byte", () => {
    const { ops } = match(signature, Buffer.concat([Buffer.from([1]), old]));
    expect([...ops]).toEqual([
      { kind: "insert", offset: 0, length: 1 },
      { kind: "copy", offset: 1, length: old.length, oldOffset: 0 },
    ]);
  });

  it("[DL-3] a byte changed costs its block", () => {
    const fresh = old.slice();
    fresh[10_000]! ^= 1;
    expect(insertedIn(fresh)).toBe(blockSize);
  });

  it("[DL-3] content that moved is found", () => {
    const fresh = Buffer.concat([old.subarray(100_001), old.subarray(0, 100_001)]);
    expect(insertedIn(fresh)).toBeLessThan(3 * blockSize);
  });

  it("[DL-3] an insertion in the middle costs no more than its block; a deletion likewise", () => {
    const [left, right] = [old.subarray(0, 70_000), old.subarray(70_000)];
    expect(insertedIn(Buffer.concat([left, noise(10, 9), right]))).toBeLessThanOrEqual(
      blockSize + 10,
    );
    expect(insertedIn(Buffer.concat([left, right.subarray(10)]))).toBeLessThan(blockSize);
  });

  describe("rows of equal blocks", () => {
    /** A lone block of zeros, noise, many zeros, noise: as in an image of a disk. */
    const [zeros, many] = [Buffer.alloc(blockSize), Buffer.alloc(300 * blockSize)];
    const [front, back] = [noise(100 * blockSize, 3), noise(90 * blockSize + 5, 4)];
    const image = Buffer.concat([zeros, front, many, back]);
    /** Where the zeros begin. */
    const at = 101 * blockSize;
    const rules = { ...S3_PART_RULES, minPart: 20 * blockSize, uploadPart: 20 * blockSize };
    const cut = (from: number, to: number, between: Uint8Array = Buffer.of()): Buffer =>
      Buffer.concat([image.subarray(0, from), between, image.subarray(to)]);

    it.each([
      ["begin earlier", cut(at - 2 * blockSize, at, Buffer.alloc(2 * blockSize))],
      ["begin a block earlier", cut(at - blockSize, at, Buffer.alloc(blockSize))],
      ["begin later", cut(at, at + 2 * blockSize, noise(2 * blockSize, 9))],
      ["follow what was cut", cut(at - 3001, at)],
      ["end earlier", cut(at + 299 * blockSize, at + 300 * blockSize, noise(blockSize, 9))],
      ["are fewer", cut(at, at + 10 * blockSize)],
      ["are more", cut(at, at, Buffer.alloc(10 * blockSize))],
      ["are edited", cut(at + 5000, at + 5001, Buffer.of(1))],
    ])("[DL-3] that %s cost one part", (_, fresh) => {
      const { ops } = match(sign(image, blockSize), fresh);
      expect(Buffer.compare(apply(ops, image, fresh), fresh)).toBe(0);
      const { uploadBytes } = planParts(ops, rules);
      expect(uploadBytes).toBeLessThanOrEqual(20 * blockSize);
    });
  });

  it("[DL-28] of more copies than are of use only the longest are told", () => {
    // Every other block is new, and one stretch is long.
    const fresh = old.slice();
    for (let at = 0; at < 150; at += 2) fresh.set(noise(blockSize, at + 7), at * blockSize);
    const all = [...match(signature, fresh).ops];
    const { ops } = match(signature, fresh, { mostCopies: 10 });
    const copies = [...ops].filter(({ kind }) => kind === "copy");
    expect(all.filter(({ kind }) => kind === "copy")).toHaveLength(75);
    expect(copies.length).toBeLessThanOrEqual(20);
    expect(Math.max(...copies.map(({ length }) => length))).toBe(51 * blockSize + 77);
    expect(Buffer.compare(apply(ops, old, fresh), fresh)).toBe(0);
  });

  it("[DL-28] of blocks that are found again and again one place is told, if one will do", () => {
    const remote = Buffer.concat([noise(blockSize, 1), Buffer.alloc(blockSize), noise(7, 2)]);
    const local = Buffer.concat([noise(3, 3), Buffer.alloc(1000 * blockSize)]);
    const signature = sign(remote, blockSize);
    expect(match(signature, local).ops.length).toBeGreaterThan(990);
    const { ops } = match(signature, local, { once: true });
    expect(ops.length).toBeLessThan(6);
    expect([...planFetch(signature, ops).steps()].map(({ kind }) => kind)).toEqual([
      "fetch",
      "reuse",
      "fetch",
    ]);
  });

  it("[DL-3] the short last block is found behind an edit", () => {
    const fresh = Buffer.concat([old.subarray(0, -77 - 500), noise(3, 5), old.subarray(-77 - 500)]);
    expect(insertedIn(fresh)).toBe(blockSize + 3);
  });

  it("[DL-4] after much new content, what was passed over is looked back for", () => {
    for (let extra = 0; extra < 8; extra++) {
      const fresh = Buffer.concat([noise(60 * blockSize + 300 * extra, 3), old]);
      expect(insertedIn(fresh)).toBe(60 * blockSize + 300 * extra);
    }
  });
});

describe("a fetch plan", () => {
  const blockSize = 512;
  const stepsOf = (remote: Uint8Array, local: Uint8Array, mergeGap = 0): FetchStep[] => {
    const signature = sign(remote, blockSize);
    const plan = planFetch(signature, match(signature, local).ops, { mergeGap });
    expect(Buffer.compare(applyFetch(plan, local, remote), remote)).toBe(0);
    return [...plan.steps()];
  };

  it("[DL-2] takes all of several equal blocks from the one that was found", () => {
    const block = noise(blockSize, 1);
    const remote = Buffer.concat([block, noise(blockSize, 2), block, block]);
    expect(stepsOf(remote, block)).toEqual([
      { kind: "reuse", offset: 0, length: blockSize, localOffset: 0 },
      { kind: "fetch", offset: blockSize, length: blockSize },
      { kind: "reuse", offset: 2 * blockSize, length: blockSize, localOffset: 0 },
      { kind: "reuse", offset: 3 * blockSize, length: blockSize, localOffset: 0 },
    ]);
  });

  it.each([0, 3, 511])(
    "[DL-2] leaves equal blocks where they are, also behind others: %i bytes more",
    (more) => {
      const remote = Buffer.alloc(20 * blockSize + more, 5);
      const local = Buffer.from(remote);
      remote.set(noise(3 * blockSize, 1), 4 * blockSize);
      const edited = { offset: 4 * blockSize, length: 3 * blockSize };
      const end = edited.offset + edited.length;
      expect(stepsOf(remote, local)).toEqual([
        { kind: "reuse", offset: 0, length: edited.offset, localOffset: 0 },
        { kind: "fetch", ...edited },
        { kind: "reuse", offset: end, length: remote.length - end, localOffset: end },
      ]);
    },
  );

  it.each([false, true])(
    "[DL-2] a short block at the end equals no whole one, whatever a signature says (found: %s)",
    (found) => {
      const remote = noise(2 * blockSize + 7, 1);
      const signature = sign(remote, blockSize);
      signature.strong.copyWithin(0, 2 * 32, 3 * 32);
      const local = found ? remote.subarray(2 * blockSize) : noise(1, 2);
      const ops = match(signature, local).ops;
      const end = 2 * blockSize;
      expect([...planFetch(signature, ops).steps()]).toEqual(
        found
          ? [
              { kind: "fetch", offset: 0, length: end },
              { kind: "reuse", offset: end, length: 7, localOffset: 0 },
            ]
          : [{ kind: "fetch", offset: 0, length: remote.length }],
      );
    },
  );

  it("[DL-6] fetches one of a row of equal blocks, and a stretch that comes again once", () => {
    const [zeros, twice] = [Buffer.alloc(100 * blockSize), noise(3 * blockSize, 1)];
    const remote = Buffer.concat([zeros, twice, noise(blockSize, 2), twice, zeros, noise(7, 3)]);
    const at = (blocks: number): number => blocks * blockSize;
    expect(stepsOf(remote, noise(remote.length, 4))).toEqual([
      { kind: "fetch", offset: 0, length: at(1) },
      { kind: "repeat", offset: at(1), length: at(99), sourceOffset: 0 },
      { kind: "fetch", offset: at(100), length: at(4) },
      { kind: "repeat", offset: at(104), length: at(3), sourceOffset: at(100) },
      { kind: "repeat", offset: at(107), length: at(1), sourceOffset: 0 },
      { kind: "repeat", offset: at(108), length: at(99), sourceOffset: at(107) },
      { kind: "fetch", offset: at(207), length: 7 },
    ]);
  });

  it("[DL-6] fetches what repeats where that is cheaper than another request", () => {
    const block = noise(blockSize, 1);
    const remote = Buffer.concat([block, block, noise(blockSize, 2), block, block, block]);
    const at = (blocks: number): number => blocks * blockSize;
    expect(stepsOf(remote, Buffer.of(1), at(1))).toEqual([
      { kind: "fetch", offset: 0, length: at(3) },
      { kind: "repeat", offset: at(3), length: at(1), sourceOffset: 0 },
      { kind: "repeat", offset: at(4), length: at(2), sourceOffset: at(3) },
    ]);
  });

  it("[DL-5] is quick for hashes that are made to begin alike", () => {
    const blocks = 200_000;
    const strong = new Uint8Array(32 * blocks);
    const view = new DataView(strong.buffer);
    for (let i = 0; i < blocks; i++) view.setUint32(i * 32 + 28, i);
    const size = blocks * blockSize;
    const weak = new Uint32Array(blocks * 2);
    const signature = { ...sign(noise(0, 1), blockSize), size, strong, weak };
    const started = process.cpuUsage();
    const half = size / 2;
    const plan = planFetch(signature, [
      { kind: "copy", offset: 0, length: half, oldOffset: 0 },
      { kind: "insert", offset: half, length: half },
    ]);
    expect([...plan.steps()].map(({ kind }) => kind)).toEqual(["reuse", "fetch"]);
    // Compared each with each they take minutes.
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
  });
});

describe("content made to be slow", () => {
  const blockSize = 64 * KIB;
  const size = 32 * 1024 * KIB;

  it("[DL-5] sums that collide everywhere cost a bounded number of hashes", () => {
    const old = Buffer.alloc(size, 5);
    // Equal sums, other bytes: +1, -2, +1 leaves both sums as they are.
    for (let at = 10; at < size; at += blockSize) old.set([6, 3, 6], at);
    const fresh = Buffer.alloc(size, 5);
    const signature = sign(old, blockSize);
    const plain = sign(fresh, blockSize);
    expect(signature.weak).toEqual(plain.weak);
    const started = process.cpuUsage();
    expect(insertedBytes(match(signature, fresh).ops)).toBe(size);
    // A hash per byte would be 2 TB.
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
  });

  it("[DL-5] zeros cost no more", () => {
    const zeros = new Uint8Array(size);
    const signature = sign(zeros, blockSize);
    expect(insertedBytes(match(signature, zeros.subarray(1)).ops)).toBeLessThan(blockSize);
    expect(insertedBytes(match(signature, zeros).ops)).toBe(0);
  });
});
