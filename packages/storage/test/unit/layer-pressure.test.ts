import { describe, expect, it } from "vitest";
import type { Driver } from "../../src/driver.ts";
import { StorageError } from "../../src/errors.ts";
import {
  AdaptiveLimit,
  Throttle,
  adaptiveLimit,
  intercept,
  requestRate,
  throttle,
} from "../../src/layers/index.ts";
import { MemoryDriver } from "../../src/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { outcome } from "./layer-helpers.ts";
import { driverOn, startServer } from "./s3-helpers.ts";

describe("requestRate", () => {
  const times = async (perSecond: number, burst: number | undefined, calls: number) => {
    const clock = new FakeClock();
    const driver = requestRate(new MemoryDriver(), { perSecond, burst }, clock);
    const ended: number[] = [];
    const call = async (): Promise<void> => {
      await driver.stat("a");
      ended.push(clock.now());
    };
    await Promise.all(Array.from({ length: calls }, call));
    return { ended, driver, clock };
  };

  it("one after the other, at the rate", async () => {
    expect((await times(10, undefined, 5)).ended).toEqual([0, 100, 200, 300, 400]);
    expect((await times(0.5, undefined, 3)).ended).toEqual([0, 2000, 4000]);
  });

  it("a burst after a pause, never a larger one", async () => {
    const { ended, driver, clock } = await times(10, 3, 6);
    expect(ended).toEqual([0, 0, 0, 100, 200, 300]);
    await clock.sleep(60_000);
    const start = clock.now();
    await Promise.all(Array.from({ length: 5 }, () => driver.stat("a")));
    expect(clock.now() - start).toBe(200);
  });

  it("counts each page of a listing", async () => {
    const clock = new FakeClock();
    const memory = new MemoryDriver();
    await memory.write("a", new Uint8Array(1));
    await Array.fromAsync(requestRate(memory, { perSecond: 1 }, clock).list(""));
    // The page, and the step that finds no more.
    expect(clock.now()).toBe(1000);
  });

  it("refuses what is no rate, and ends a wait with the signal", async () => {
    expect(() => requestRate(new MemoryDriver(), { perSecond: 0 })).toThrow(StorageError);
    expect(() => requestRate(new MemoryDriver(), { perSecond: 1, burst: 0 })).toThrow(StorageError);
    const driver = requestRate(new MemoryDriver(), { perSecond: 0.01 });
    await driver.stat("a");
    const { signal } = { signal: AbortSignal.timeout(20) };
    expect(await outcome(driver.stat("a", { signal }))).toBe("aborted");
  });
});

describe("adaptiveLimit", () => {
  /** A store that bears so many calls at once; each takes 10 ms. */
  function busyStore(bears: number, clock: FakeClock): { driver: Driver; most: () => number } {
    let [running, most] = [0, 0];
    const driver = intercept(new MemoryDriver(), {
      async around(_call, run) {
        running++;
        most = Math.max(most, running);
        const refused = running > bears;
        await clock.sleep(10);
        running--;
        if (refused) throw new StorageError("throttled");
        return run();
      },
    });
    return { driver, most: () => most };
  }

  it("halves what is in flight when it is too much, and finds what the store bears", async () => {
    const clock = new FakeClock();
    const store = busyStore(8, clock);
    const limit = new AdaptiveLimit(clock);
    const driver = adaptiveLimit(store.driver, limit);
    let refused = 0;
    const worker = async (): Promise<void> => {
      for (let n = 0; n < 100; n++) {
        if ((await outcome(driver.stat("a"))) === "throttled") refused++;
      }
    };
    expect(limit.most).toBe(Infinity);
    await Promise.all(Array.from({ length: 32 }, worker));
    expect(limit.refusals).toBe(refused);
    expect(limit.lowest).toBeLessThanOrEqual(8);
    expect(limit.lowest).toBeGreaterThanOrEqual(1);
    // Without the limit three of four calls are refused.
    expect(refused / 3200).toBeLessThan(0.15);
    // It goes on trying for more: otherwise one bad moment would slow a run down for good.
    expect(limit.most).toBeGreaterThan(2);
  });

  it("does not wait as long as nothing is refused", async () => {
    const clock = new FakeClock();
    const store = busyStore(100, clock);
    const limit = new AdaptiveLimit(clock);
    const driver = adaptiveLimit(store.driver, limit);
    await Promise.all(Array.from({ length: 64 }, () => driver.stat("a")));
    expect([store.most(), limit.waited, limit.refusals]).toEqual([64, 0, 0]);
  });

  it("a wait ends with the signal; one call always goes on", async () => {
    const limit = new AdaptiveLimit();
    let free: () => void = () => {};
    const stuck = new Promise<void>((resolve) => (free = resolve));
    const driver = adaptiveLimit(
      intercept(new MemoryDriver(), {
        async around(_call, run) {
          await stuck;
          return run();
        },
      }),
      limit,
    );
    const first = driver.stat("a");
    limit.refused();
    expect(limit.most).toBe(1);
    expect(await outcome(driver.stat("b", { signal: AbortSignal.timeout(10) }))).toBe("aborted");
    const third = driver.stat("c");
    free();
    expect(await Promise.all([first, third])).toEqual([undefined, undefined]);
  });

  it("[ST-301] hears of refusals that the driver deals with by itself", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    const limit = new AdaptiveLimit();
    const limited = adaptiveLimit(driver, limit);
    server.faults.add({ do: { kind: "error", code: "SlowDown" }, times: 2 });
    expect(await limited.stat("a")).toBeUndefined();
    expect(limit.refusals).toBe(2);
    limit.close();
    server.faults.add({ do: { kind: "error", code: "SlowDown" }, times: 2 });
    await limited.stat("a");
    expect(limit.refusals).toBe(2);
  });
});

describe("[ST-300] pace", () => {
  it("S3: every byte of a body is asked for, in pieces, before it leaves", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    const taken: number[] = [];
    const pace = { pieceSize: 100_000, take: async (bytes: number) => void taken.push(bytes) };
    const bytes = new Uint8Array(1_000_001);
    const sum = (): number => taken.splice(0).reduce((total, piece) => total + piece, 0);
    await driver.write("a", bytes, { pace });
    expect(Math.max(...taken)).toBe(100_000);
    expect(sum()).toBe(1_000_001);
    await driver.write(
      "b",
      (async function* () {
        yield bytes;
      })(),
      { pace },
    );
    expect(sum()).toBe(1_000_001);
    const upload = await driver.multipart.create("c");
    await driver.multipart.putPart(upload, 1, bytes, { pace });
    expect(sum()).toBe(1_000_001);
    await driver.multipart.abort(upload);
    server.faults.add({ do: { kind: "error", code: "InternalError" } });
    await driver.write("d", bytes, { pace });
    expect(sum()).toBeGreaterThan(1_000_001);
    expect((await driver.stat("d"))?.size).toBe(1_000_001);
  });

  it("S3: an abort ends the wait, and nothing is stored", async () => {
    const server = await startServer();
    const driver = throttle(driverOn(server), new Throttle(1000));
    const signal = AbortSignal.timeout(100);
    expect(await outcome(driver.write("a", new Uint8Array(100_000), { signal }))).toBe("aborted");
    expect(await driver.stat("a")).toBeUndefined();
  });

  it("time before the first byte is no credit", async () => {
    const clock = new FakeClock();
    const rate = new Throttle(1000, clock);
    await clock.sleep(60_000);
    const start = clock.now();
    await rate.take(100);
    expect(clock.now() - start).toBeCloseTo(100, -1);
  });
});

it("[ST-302] a connection that does not come about is given up", async () => {
  // An address of documentation: nobody answers, where the network does not refuse it at once.
  const keys = { accessKeyId: "a", secretAccessKey: "b", endpoint: "http://192.0.2.1:9" };
  const driver = driverOn(keys, { connectTimeout: 200, maxAttempts: 1 });
  const start = performance.now();
  const both = [driver.stat("a"), driver.stat("b")].map(outcome);
  for (const code of await Promise.all(both)) expect(["timeout", "unavailable"]).toContain(code);
  expect(performance.now() - start).toBeLessThan(3000);
});
