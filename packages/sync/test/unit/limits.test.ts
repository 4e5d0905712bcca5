import { MemoryDriver, StorageError } from "@omnisync/storage";
import { Throttle, disable, intercept } from "@omnisync/storage/layers";
import {
  type Report,
  type SyncEvent,
  type SyncOptions,
  createFilter,
  parseBandwidthSchedule,
  sync,
} from "@omnisync/sync";
import { afterEach, describe, expect, it, vi } from "vitest";
import { rateAt } from "../../src/limits/bandwidth-schedule.ts";
import { followSchedule } from "../../src/limits/follow-schedule.ts";
import { RunEnd } from "../../src/limits/run-end.ts";
import { StepQueue } from "../../src/limits/step-queue.ts";
import { JobGate } from "../../src/run/gate.ts";
import { T0, contents, place, recorder, storeWith } from "../stores.ts";

const KiB = 1024;
const MONDAY = "2026-11-16";

describe("[SY-362] timetables of bandwidth", () => {
  const at = (text: string, moment: string): number => {
    const schedule = parseBandwidthSchedule(text);
    if (typeof schedule !== "object") throw new Error("no timetable");
    return rateAt(schedule, new Date(moment));
  };

  it("a single rate", () => {
    expect(parseBandwidthSchedule("512")).toBe(512 * KiB);
    expect(parseBandwidthSchedule("1.5M")).toBe(1.5 * KiB * KiB);
    expect(parseBandwidthSchedule("100B/s")).toBe(100);
    expect(parseBandwidthSchedule("off")).toBeUndefined();
    expect(parseBandwidthSchedule("0")).toBeUndefined();
  });

  it("times of every day; before the first the last of yesterday holds", () => {
    const text = "08:00,512K 12:00,10M 23:00,off";
    expect(at(text, `${MONDAY}T07:59`)).toBe(Infinity);
    expect(at(text, `${MONDAY}T08:00`)).toBe(512 * KiB);
    expect(at(text, `${MONDAY}T11:59:59`)).toBe(512 * KiB);
    expect(at(text, `${MONDAY}T12:00`)).toBe(10 * KiB * KiB);
    expect(at(text, "2026-11-22T22:59")).toBe(10 * KiB * KiB);
    expect(at(text, "2026-11-22T23:00")).toBe(Infinity);
  });

  it("days of the week, in any order and case; before the first the last of the week holds", () => {
    const text = "sat-10:00,1M Mon-00:30,512 Friday-23:59,10M Sun-20:00,off";
    expect(at(text, `${MONDAY}T00:29`)).toBe(Infinity);
    expect(at(text, `${MONDAY}T00:30`)).toBe(512 * KiB);
    expect(at(text, "2026-11-20T23:58")).toBe(512 * KiB);
    expect(at(text, "2026-11-20T23:59")).toBe(10 * KiB * KiB);
    expect(at(text, "2026-11-21T10:00")).toBe(KiB * KiB);
    expect(at(text, "2026-11-22T20:00")).toBe(Infinity);
  });

  it.each([
    "08:00",
    "8,1M",
    "24:00,1M",
    "08:60,1M",
    "Mo-08:00,1M",
    "Moonday-08:00,1M",
    "08:00,fast",
    "08:00,1M 08:00,2M",
    "1M 2M",
    "1M:2M",
    "",
    "-1M",
  ])("%j is refused", (text) => {
    expect(() => parseBandwidthSchedule(text)).toThrow(StorageError);
  });

  describe("while a run goes on", () => {
    afterEach(() => void vi.useRealTimers());

    it("the rate changes when its time comes, and not after the end", () => {
      vi.useFakeTimers({ now: new Date(`${MONDAY}T07:59:58`) });
      const throttle = new Throttle(1);
      const set = vi.spyOn(throttle, "setRate");
      const schedule = parseBandwidthSchedule("08:00,512K 08:01,1M") as { changes: [] };
      const stop = followSchedule(throttle, schedule);
      expect(set.mock.calls).toEqual([[KiB * KiB]]);
      vi.advanceTimersByTime(3000);
      expect(set.mock.lastCall).toEqual([512 * KiB]);
      stop();
      vi.advanceTimersByTime(120_000);
      expect(set).toHaveBeenCalledTimes(2);
    });
  });
});

/** Runs one transfer at a time and gives the paths in the order of their copies. */
async function copied(
  files: Readonly<Record<string, string>>,
  options: SyncOptions,
): Promise<{ paths: string[]; report: Report }> {
  const { onEvent, events } = recorder();
  const report = await sync(place(await storeWith(files)), place(new MemoryDriver()), {
    jobs: 1,
    ...options,
    onEvent,
  });
  return {
    paths: events.filter(({ kind }) => kind === "copy").map(({ path }) => path),
    report,
  };
}

describe("[SY-366] order", () => {
  const files = { a: "333", b: "1", "d/c": "55555", e: "22", f: "55555" };

  it.each([
    ["listed", ["a", "b", "d/c", "e", "f"]],
    ["smallest", ["b", "e", "a", "d/c", "f"]],
    ["largest", ["d/c", "f", "a", "e", "b"]],
  ] as const)("%s first", async (order, wanted) => {
    expect((await copied(files, { order })).paths).toEqual(wanted);
  });

  it("oldest and newest first", async () => {
    const source = new MemoryDriver();
    for (const [path, age] of [
      ["a", 2],
      ["b", 3],
      ["c", 1],
    ] as const)
      await source.write(path, new Uint8Array(1), { mtime: T0 - age * 1000 });
    for (const [order, wanted] of [
      ["oldest", ["b", "a", "c"]],
      ["newest", ["c", "a", "b"]],
    ] as const) {
      const { onEvent, events } = recorder();
      await sync(place(source), place(new MemoryDriver()), { jobs: 1, order, onEvent });
      expect(events.map(({ path }) => path)).toEqual(wanted);
    }
  });

  it("what `priority` includes goes before all, in the order within", async () => {
    const priority = createFilter({ include: ["*c", "e"] });
    const { paths } = await copied(files, { priority, order: "smallest" });
    expect(paths).toEqual(["e", "d/c", "b", "a", "f"]);
  });

  it("holds no more than the window, and begins the best of it", async () => {
    const gate = new JobGate(1);
    const begun: number[] = [];
    const queue = new StepQueue(gate, { order: "smallest", window: 3 }, async ({ pair }) => {
      begun.push(pair.source!.size);
      await new Promise(setImmediate);
    });
    for (const size of [5, 4, 9, 1, 7, 2, 8]) {
      await queue.push({
        pair: { path: String(size), source: { path: "", kind: "file", size, complete: true } },
        step: { kind: "copy", reason: "new", when: "now" },
      } as never);
    }
    await queue.flush();
    await gate.drain();
    expect(begun[0]).toBe(4);
    expect(begun.toSorted((a, b) => a - b)).toEqual([1, 2, 4, 5, 7, 8, 9]);
    expect(begun.at(-1)).toBe(9);
  });
});

describe("[SY-365] checkers", () => {
  it("checks go on while all transfers are stuck", async () => {
    const source = await storeWith({ a: "new", ...same(50) });
    const destination = await storeWith(same(50));
    let looked = 0;
    let free: () => void = () => {};
    const stuck = new Promise<void>((resolve) => (free = resolve));
    const slow = intercept(destination, {
      around: async (call, run) => {
        if (call.operation === "write") await stuck;
        return run();
      },
    });
    const counting = intercept(disable(source, "completeList"), {
      around: async (call, run) => {
        if (call.operation === "stat" && call.path.startsWith("same") && ++looked === 50) free();
        return run();
      },
    });
    const report = await sync(place(counting), place(slow), {
      jobs: 1,
      checkers: 2,
    });
    expect([looked, report.created, report.unchanged, report.failed]).toEqual([50, 1, 50, 0]);
  });

  it("a source that vanishes before it is looked at removes nothing, and is told of", async () => {
    const source = await storeWith({ a: "a", b: "b" });
    const destination = await storeWith({ a: "a", b: "b" });
    const vanishing = intercept(disable(source, "completeList"), {
      around: async (call, run) => {
        if (call.operation === "stat" && call.path === "a") await source.remove("a");
        return run();
      },
    });
    const report = await sync(place(vanishing), place(destination), { delete: true });
    expect([report.failed, report.removed]).toEqual([1, 0]);
    expect(await contents(destination)).toEqual({ a: "a", b: "b" });
  });

  function same(count: number): Record<string, string> {
    return Object.fromEntries(Array.from({ length: count }, (_, n) => [`same${n}`, "content"]));
  }
});

describe("[SY-367] a run that ends early", () => {
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [`f${10 + n}`, "x".repeat(10)]),
  );

  it("max-transfer: never a byte more; extras stay; running again goes on", async () => {
    const source = await storeWith(files);
    const destination = await storeWith({ extra: "old" });
    const options = { maxTransfer: 155, delete: true, jobs: 2 };
    const report = await sync(place(source), place(destination), options);
    expect([report.ended, report.withheld, report.removed]).toEqual([
      "max-transfer",
      "ended-early",
      0,
    ]);
    expect(report.bytesTransferred).toBe(150);
    expect(await destination.stat("extra")).toBeDefined();
    await sync(place(source), place(destination), options);
    const last = await sync(place(source), place(destination), options);
    expect([last.ended, last.removed, last.bytesTransferred]).toEqual([undefined, 1, 100]);
    expect(await contents(destination)).toEqual(files);
  });

  it("max-duration: what has begun is done, nothing else", async () => {
    const destination = new MemoryDriver();
    const slow = intercept(destination, {
      around: async (call, run) => {
        if (call.operation === "write") await new Promise((resolve) => setTimeout(resolve, 30));
        return run();
      },
    });
    const report = await sync(place(await storeWith(files)), place(slow), {
      jobs: 2,
      maxDuration: 100,
    });
    expect(report.ended).toBe("max-duration");
    expect(report.created).toBeGreaterThan(1);
    expect(report.created).toBeLessThan(40);
    expect(report.failed).toBe(0);
    expect(Object.keys(await contents(destination)).length).toBe(report.created);
  });

  it("max-errors: ends at the first failure beyond the number", async () => {
    const broken = intercept(new MemoryDriver(), {
      around: async (call, run) => {
        if (call.operation === "write") throw new StorageError("permission-denied");
        return run();
      },
    });
    const report = await sync(place(await storeWith(files)), place(broken), {
      jobs: 1,
      maxErrors: 2,
    });
    expect([report.ended, report.created]).toEqual(["max-errors", 0]);
    expect(report.failed).toBeGreaterThan(2);
    expect(report.failed).toBeLessThan(10);
  });

  it("counts time by its own clock", () => {
    let now = 1000;
    const end = new RunEnd({ maxDuration: 500 }, () => now);
    now = 1499;
    expect(end.isOver()).toBe(false);
    now = 1500;
    expect([end.isOver(), end.reason]).toEqual([true, "max-duration"]);
  });
});

describe("[SY-368] hooks", () => {
  it("run before and after each file", async () => {
    const calls: string[] = [];
    const { report } = await copied(
      { a: "1", b: "22" },
      {
        hooks: {
          before: async ({ path, source }) => void calls.push(`before ${path} ${source.size}`),
          after: async ({ path, bytes }) => void calls.push(`after ${path} ${bytes}`),
        },
      },
    );
    expect(calls.filter((call) => call.includes(" a "))).toEqual(["before a 1", "after a 1"]);
    expect(calls.length).toBe(4);
    expect(report.failed).toBe(0);
  });

  it("one that fails before leaves the file alone, once; one that fails after keeps the source of a move", async () => {
    const source = await storeWith({ a: "1", b: "2", c: "3" });
    const destination = new MemoryDriver();
    let calls = 0;
    const report = await sync(place(source), place(destination), {
      move: true,
      hooks: {
        before: async ({ path }) => {
          if (path !== "a") return;
          calls++;
          throw new StorageError("changed");
        },
        after: async ({ path }: SyncEvent) => {
          if (path === "b") throw new Error("a virus\nin it");
        },
      },
    });
    expect(calls).toBe(1);
    expect(report.failures.map(({ path, error }) => `${path}: ${error.code}`).sort()).toEqual([
      "a: internal",
      "b: internal",
    ]);
    expect(report.failures.find(({ path }) => path === "b")?.error.message).toContain(
      "a virus\\nin it",
    );
    expect(await contents(source)).toEqual({ a: "1", b: "2" });
    expect(await contents(destination)).toEqual({ b: "2", c: "3" });
  });

  it("do not run in a dry run", async () => {
    const before = vi.fn();
    await copied({ a: "1" }, { dryRun: true, hooks: { before } });
    expect(before).not.toHaveBeenCalled();
  });
});

describe("[SY-369] timings", () => {
  it("tell reading, sending and waiting apart", async () => {
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40));
    const source = intercept(await storeWith({ a: "1".repeat(1000), b: "2".repeat(1000) }), {
      around: async (call, run) => {
        if (call.operation === "readBlock") await pause();
        return run();
      },
    });
    const destination = intercept(new MemoryDriver(), {
      around: async (call, run) => {
        if (call.operation === "write") await pause();
        return run();
      },
    });
    const { timings } = await sync(place(source), place(destination), {
      jobs: 1,
      bandwidth: 10_000,
    });
    expect(timings.reading).toBeGreaterThan(70);
    expect(timings.sending).toBeGreaterThan(70);
    expect(timings.waiting.bandwidth).toBeGreaterThan(150);
    expect(timings.waiting.lanes).toBeGreaterThan(30);
  });
});
