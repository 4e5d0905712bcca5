import fc from "fast-check";
import { type Entry, comparePaths, orderKey } from "@omnisync/storage";
import { describe, expect, it } from "vitest";
import { Budget, JobGate } from "../../src/run/gate.ts";
import { inParallel } from "../../src/run/in-parallel.ts";
import { SpareBuffers } from "../../src/run/spare-buffers.ts";
import { Spool } from "../../src/run/spool.ts";
import { sortListing } from "../../src/walk/sort-listing.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("JobGate", () => {
  it("never runs more than its limit for a caller who waits", async () => {
    const gate = new JobGate(3);
    let running = 0;
    let most = 0;
    for (let i = 0; i < 50; i++) {
      await gate.add(async () => {
        most = Math.max(most, ++running);
        await tick();
        running--;
      });
    }
    await gate.drain();
    expect(most).toBe(3);
    expect(running).toBe(0);
  });

  it("gives the failure of a job to whoever adds or drains next", async () => {
    const gate = new JobGate(2);
    void gate.add(() => Promise.reject(new Error("bug")));
    await tick();
    expect(() => gate.add(() => Promise.resolve())).toThrow("bug");
    await expect(gate.drain()).rejects.toThrow("bug");
  });
});

describe("Budget", () => {
  it("never gives out more than it has, and lets a larger demand through alone", async () => {
    const budget = new Budget(100);
    let held = 0;
    let most = 0;
    const use = (bytes: number): Promise<void> =>
      budget.with(bytes, async () => {
        held += Math.min(bytes, 100);
        most = Math.max(most, held);
        await tick();
        held -= Math.min(bytes, 100);
      });
    await Promise.all([60, 60, 30, 500, 10, 100, 1].map(use));
    expect(most).toBeLessThanOrEqual(100);
    expect(held).toBe(0);
  });
});

describe("inParallel", () => {
  it("stops after the first failure and throws it", async () => {
    const done: number[] = [];
    const run = inParallel([1, 2, 3, 4, 5, 6], 2, new AbortController().signal, async (n) => {
      await tick();
      if (n === 2) throw new Error("second");
      done.push(n);
    });
    await expect(run).rejects.toThrow("second");
    expect(done.length).toBeLessThan(4);
  });
});

describe("Spool", () => {
  it("gives back everything in order and in reverse, through its file", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string()),
        fc.integer({ min: 1, max: 5 }),
        async (items, page) => {
          const spool = new Spool<string>(page);
          for (const item of items) await spool.push(item);
          const forward: string[] = [];
          for await (const part of spool.forward()) forward.push(...part);
          const reversed: string[] = [];
          for await (const part of spool.reversed()) reversed.push(...part);
          await spool.close();
          expect(forward).toEqual(items);
          expect(reversed).toEqual(items.toReversed());
          expect(spool.count).toBe(items.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("sortListing", () => {
  it("[SY-10] sorts any listing, through the disk when it is long", async () => {
    const entry = fc.record({
      path: fc.string({ unit: "binary", minLength: 1 }),
      kind: fc.constantFrom("file" as const, "directory" as const),
    });
    const paths = fc.uniqueArray(entry, {
      selector: (found) => `${found.path} ${found.kind}`,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(paths, fc.integer({ min: 1, max: 30 }), async (found, run) => {
        const list = found.map((one): Entry => ({ ...one, size: 0, complete: true }));
        const pages = async function* (): AsyncIterable<readonly Entry[]> {
          for (let at = 0; at < list.length; at += 7) yield list.slice(at, at + 7);
        };
        const sorted: Entry[] = [];
        for await (const page of sortListing(pages(), undefined, run)) sorted.push(...page);
        const keys = (entries: readonly Entry[]): string[] => entries.map(orderKey);
        expect(keys(sorted)).toEqual(keys(list).sort(comparePaths));
      }),
      { numRuns: 60 },
    );
  });
});

describe("SpareBuffers", () => {
  it("keeps no more than its bytes, and gives each to one at a time", () => {
    const spare = new SpareBuffers(100);
    const [a, b, c] = [new ArrayBuffer(60), new ArrayBuffer(40), new ArrayBuffer(50)];
    for (const buffer of [a, b, c, new ArrayBuffer(101)]) spare.give(buffer);
    expect(spare.take(51)).toBeUndefined();
    expect(spare.take(45)).toBe(c);
    expect(spare.take(45)).toBeUndefined();
    expect(spare.take(40)).toBe(b);
    expect(spare.take(1)).toBeUndefined();
  });
});
