import { describe, expect, it } from "vitest";
import type { Driver } from "../../src/driver.ts";
import { collectBody } from "../../src/lib/body.ts";
import { intercept, Throttle, throttle } from "../../src/layers/index.ts";
import { MemoryDriver } from "../../src/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { outcome, pattern, readAll, SmallSteps } from "./layer-helpers.ts";

const KIB = 1024;
const RATES = [KIB, 10 * KIB, KIB * KIB, KIB ** 3];

function bodyOf(size: number, chunk: number): () => AsyncIterable<Uint8Array> {
  return async function* () {
    const bytes = new Uint8Array(chunk);
    for (let left = size; left > 0; left -= chunk) yield bytes.subarray(0, Math.min(chunk, left));
  };
}

/** Takes bodies and counts them without keeping them. */
function sink(): Driver {
  const memory = new MemoryDriver();
  return intercept(memory, {
    capabilities: (can) => ({ ...can, paces: false }),
    methods: {
      async write(path, body) {
        let size = 0;
        for await (const chunk of (body as () => AsyncIterable<Uint8Array>)()) size += chunk.length;
        return { path, kind: "file", size, complete: true };
      },
    },
  });
}

describe("Throttle", () => {
  // A real timer comes late by a millisecond or more; the rate must not suffer.
  it.each(RATES.flatMap((rate) => [0, 1.3, 20].map((late) => [rate, late] as const)))(
    "%i bytes/s with timers that are %f ms late: one transfer of ten seconds, within 5 percent",
    async (rate, late) => {
      const clock = new FakeClock(late);
      const limiter = new Throttle(rate, clock);
      const written = await throttle(sink(), limiter).write("a", bodyOf(rate * 10, 64 * KIB));
      expect(written.size).toBe(rate * 10);
      expect(clock.now() / 10_000).toBeGreaterThan(0.95);
      expect(clock.now() / 10_000).toBeLessThan(1.05);
    },
  );

  it.each(RATES)("%i bytes/s: several transfers over two stores share it fairly", async (rate) => {
    const clock = new FakeClock(1);
    const limiter = new Throttle(rate, clock);
    const ends = await Promise.all(
      [0, 1, 2, 3].map(async (n) => {
        await throttle(sink(), limiter).write(`${n}`, bodyOf(rate * 2.5, 16 * KIB));
        return clock.now();
      }),
    );
    for (const end of ends) {
      expect(end / 10_000).toBeGreaterThan(0.9);
      expect(end / 10_000).toBeLessThan(1.05);
    }
  });

  it.each(RATES)(
    "%i bytes/s: no second has more than 1.15 seconds' worth, also after a pause",
    async (rate) => {
      const clock = new FakeClock(1);
      const limiter = new Throttle(rate, clock);
      const passed: { at: number; bytes: number }[] = [];
      const transfer = async (): Promise<void> => {
        for await (const chunk of bodyOf(rate * 3, Math.max(1, rate / 50))()) {
          await limiter.take(chunk.byteLength);
          passed.push({ at: clock.now(), bytes: chunk.byteLength });
        }
      };
      await transfer();
      await clock.sleep(60_000);
      await transfer();
      for (const { at } of passed) {
        const within = passed.filter((other) => other.at >= at && other.at < at + 1000);
        expect(within.reduce((sum, other) => sum + other.bytes, 0)).toBeLessThan(rate * 1.15);
      }
    },
  );

  it("gives out large chunks in small pieces", async () => {
    const inner = new SmallSteps();
    inner.chunk = 4096;
    await inner.write("a", pattern(4096));
    const limiter = new Throttle(KIB, new FakeClock());
    const { body } = await throttle(inner, limiter).read("a");
    const sizes: number[] = [];
    for await (const chunk of body) sizes.push(chunk.byteLength);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(KIB / 10);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(4096);
  });

  it("follows a new rate", async () => {
    const clock = new FakeClock();
    const limiter = new Throttle(KIB, clock);
    await limiter.take(KIB);
    expect(clock.now()).toBeCloseTo(1000, -1);
    limiter.setRate(10 * KIB);
    await limiter.take(10 * KIB);
    expect(clock.now()).toBeCloseTo(2000, -1);
    const waiting = limiter.take(10 * KIB).then(() => clock.now());
    const other = clock.sleep(100).then(() => limiter.setRate(KIB ** 3));
    expect(await waiting).toBeCloseTo(2100, -1);
    await other;
    expect(() => limiter.setRate(0)).toThrow();
    expect(() => new Throttle(Number.NaN)).toThrow();
  });

  it("holds also where one byte takes longer than any burst", async () => {
    const clock = new FakeClock(20);
    await new Throttle(0.5, clock).take(10);
    expect(clock.now()).toBeGreaterThan(19_999);
    expect(clock.now()).toBeLessThan(20_100);
  });

  it("ends a wait at once when the signal fires, and gives the booked time back", async () => {
    const limiter = new Throttle(1);
    const controller = new AbortController();
    const start = performance.now();
    const waiting = outcome(limiter.take(1000, controller.signal));
    setTimeout(() => controller.abort(), 10);
    expect(await waiting).toBe("aborted");
    expect(performance.now() - start).toBeLessThan(500);

    const clock = new FakeClock();
    const fresh = new Throttle(10, clock);
    const abort = new AbortController();
    const given = outcome(fresh.take(1, abort.signal));
    abort.abort();
    expect(await given).toBe("aborted");
    await fresh.take(10);
    expect(clock.now()).toBeCloseTo(1000, -1);
  });

  it("wakes who waits when the rate changes", async () => {
    const clock = new FakeClock();
    const limiter = new Throttle(1, clock);
    const waiting = limiter.take(1).then(() => clock.now());
    await clock.sleep(10);
    limiter.setRate(KIB);
    expect(await waiting).toBeLessThan(20);
  });

  it("lets nobody overtake, however little they want", async () => {
    const clock = new FakeClock();
    const limiter = new Throttle(1000, clock);
    const order: string[] = [];
    const large = limiter.take(50).then(() => order.push("large"));
    await clock.sleep(10);
    const small = limiter.take(1).then(() => order.push("small"));
    await Promise.all([large, small]);
    expect(order).toEqual(["large", "small"]);
  });

  it("has no limit at Infinity", async () => {
    const clock = new FakeClock();
    await new Throttle(Infinity, clock).take(1e15);
    expect(clock.slept).toEqual([]);
  });
});

describe("throttle", () => {
  const seconds = async (work: (driver: Driver) => Promise<unknown>): Promise<number> => {
    const clock = new FakeClock();
    const memory = new MemoryDriver();
    await memory.write("old", pattern(2 * KIB));
    await work(throttle(memory, new Throttle(KIB, clock)));
    return clock.now() / 1000;
  };

  it("counts the bytes of each kind of body, and of nothing else", async () => {
    const bytes = pattern(2 * KIB);
    expect(await seconds((driver) => driver.write("a", bytes))).toBeCloseTo(2, 1.5);
    expect(await seconds((driver) => driver.write("a", bytes.subarray(0, 64)))).toBeCloseTo(
      1 / 16,
      1.5,
    );
    expect(await seconds((driver) => readAll(driver, "old"))).toBeCloseTo(2, 1.5);
    expect(await seconds((driver) => driver.read("old"))).toBe(0);
    const block = { offset: KIB, length: 9 * KIB };
    expect(await seconds((driver) => driver.readBlock!("old", block))).toBeCloseTo(1, 1.5);
    expect(
      await seconds(async (driver) => {
        const upload = await driver.multipart!.create("a");
        await driver.multipart!.putPart(upload, 1, bytes);
        const source = { driver, path: "old" };
        await driver.multipart!.copyPart(upload, 2, source, { offset: 0, length: 9 });
      }),
    ).toBeCloseTo(2, 1.5);
    expect(
      await seconds(async (driver) => {
        await (await driver.stage!("a", 2 * KIB)).write(0, bytes);
      }),
    ).toBeCloseTo(2, 1.5);
    expect(await seconds((driver) => driver.copy!({ driver, path: "old" }, "new"))).toBe(0);
    expect(await seconds((driver) => Array.fromAsync(driver.list("")))).toBe(0);
  });

  it("stores what was sent", async () => {
    const memory = new MemoryDriver();
    const driver = throttle(memory, new Throttle(KIB, new FakeClock()));
    await driver.write("a", pattern(3000));
    await driver.write("b", () => bodyOf(3000, 700)());
    await driver.write("c", bodyOf(3000, 700)());
    expect(await readAll(memory, "a")).toEqual(pattern(3000));
    expect([(await memory.stat("b"))?.size, (await memory.stat("c"))?.size]).toEqual([3000, 3000]);
  });

  it("turns copies by this machine into traffic, by switching them off", () => {
    const memory = new MemoryDriver();
    const local = intercept(memory, { capabilities: (can) => ({ ...can, copy: "local" }) });
    const driver = throttle(local, new Throttle(KIB));
    expect([driver.capabilities.copy, driver.copy]).toEqual([undefined, undefined]);
  });

  it("an aborted write leaves nothing behind; an aborted or left read frees its connection", async () => {
    const memory = new SmallSteps();
    await memory.write("a", pattern(2000));
    const driver = throttle(memory, new Throttle(10));
    const { signal } = new AbortController();
    const writing = driver.write("b", pattern(2000), { signal: AbortSignal.timeout(20) });
    expect(await outcome(writing)).toBe("aborted");
    expect(await memory.stat("b")).toBeUndefined();
    const { body } = await driver.read("a", { signal: AbortSignal.timeout(20) });
    expect(await outcome(collectBody(body, 2000))).toBe("aborted");
    await (await driver.read("a", { signal })).body[Symbol.asyncIterator]().return?.();
    expect(memory.open).toBe(0);
  });
});
