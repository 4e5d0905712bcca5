import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StorageError, isStorageError } from "../../src/errors.ts";
import {
  DEFAULT_RETRY,
  type RetryEvent,
  type RetryPolicy,
  retryDelay,
  retryPolicy,
  withRetry,
} from "../../src/lib/retry-policy.ts";
import { MemoryDriver } from "../../src/drivers/memory/memory-driver.ts";
import { Throttle, limit, requestRate, retry } from "../../src/layers/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { outcome } from "./layer-helpers.ts";

const half = (): number => 0.5;
const busy = new StorageError("throttled", { path: "a", message: "slow down" });
const reset = new StorageError("unavailable", { retry: "now" });

describe("retryPolicy", () => {
  it("takes what is undefined for the default", () => {
    expect(retryPolicy({ maxAttempts: undefined, baseDelay: 7 } as object)).toEqual({
      ...DEFAULT_RETRY,
      baseDelay: 7,
    });
  });

  it.each([
    { maxAttempts: NaN },
    { maxAttempts: 0 },
    { baseDelay: NaN },
    { maxDelay: -1 },
    { multiplier: NaN },
  ])("refuses %o", (options) => {
    expect(() => retryPolicy(options)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
    expect(() => retry(new MemoryDriver(), options)).toThrow(StorageError);
  });
});

describe("other numbers of layers", () => {
  it.each([NaN, undefined, -1, 0])("%d is refused", (none) => {
    const driver = new MemoryDriver();
    expect(() => limit(driver, none as number)).toThrow(StorageError);
    expect(() => new Throttle(none as number)).toThrow(StorageError);
    expect(() => new Throttle(1).setRate(none as number)).toThrow(StorageError);
    expect(() => requestRate(driver, { perSecond: none as number })).toThrow(StorageError);
  });
});

describe("retryDelay", () => {
  it("doubles the ceiling of `later` up to the longest wait", () => {
    const ceilings = [1, 2, 3, 4, 9, 10, 2000].map((n) =>
      retryDelay(DEFAULT_RETRY, n, busy, () => 1),
    );
    expect(ceilings).toEqual([100, 200, 400, 800, 25_600, 30_000, 30_000]);
  });

  it("does not grow for `now`", () => {
    expect([1, 2, 9].map((n) => retryDelay(DEFAULT_RETRY, n, reset, half))).toEqual([50, 50, 50]);
  });

  it("waits at least as long as the store asked for, but never longer than the policy's longest", () => {
    const asked = (retryAfter: number): StorageError =>
      new StorageError("throttled", { retryAfter });
    expect(retryDelay(DEFAULT_RETRY, 1, asked(2000), half)).toBe(2050);
    expect(retryDelay(DEFAULT_RETRY, 1, asked(86_400_000), half)).toBe(30_000);
  });

  it("stays within the bounds of its jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.constantFrom<"full" | "equal">("full", "equal"),
        (n, random, jitter) => {
          const policy: RetryPolicy = { ...DEFAULT_RETRY, jitter };
          const ceiling = Math.min(30_000, 100 * 2 ** (n - 1));
          const delay = retryDelay(policy, n, busy, () => random);
          expect(delay).toBeLessThanOrEqual(ceiling);
          expect(delay).toBeGreaterThanOrEqual(jitter === "full" ? 0 : ceiling / 2);
        },
      ),
    );
  });
});

describe("withRetry", () => {
  const policyOf = (clock: FakeClock, more: Partial<RetryPolicy> = {}): RetryPolicy => ({
    ...DEFAULT_RETRY,
    random: half,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    ...more,
  });

  it("calls again until it succeeds, with the waits of the policy, and tells of each", async () => {
    const clock = new FakeClock();
    const events: RetryEvent[] = [];
    const policy = policyOf(clock, { onRetry: (event) => events.push(event) });
    const result = await withRetry(policy, async (n) => {
      if (n < 4) throw busy;
      return n;
    });
    expect(result).toBe(4);
    expect(clock.slept).toEqual([50, 100, 200]);
    expect(events).toEqual([
      { attempt: 1, delay: 50, error: busy },
      { attempt: 2, delay: 100, error: busy },
      { attempt: 3, delay: 200, error: busy },
    ]);
  });

  it("throws the last error with the number of attempts, its code and path kept", async () => {
    let calls = 0;
    const failing = withRetry(policyOf(new FakeClock()), async () => {
      calls++;
      throw busy;
    });
    const error = await failing.catch((thrown: unknown) => thrown);
    expect(calls).toBe(5);
    expect(isStorageError(error, "throttled")).toBe(true);
    expect(error).toMatchObject({
      message: "a: slow down (after 5 attempts)",
      path: "a",
      retry: "later",
      cause: busy,
    });
    expect(busy.message).toBe("a: slow down");
  });

  it.each([
    ["a StorageError that never passes", new StorageError("permission-denied")],
    ["any other error", new TypeError("a bug")],
  ])("does not retry %s", async (_name, error) => {
    let calls = 0;
    const failing = withRetry(policyOf(new FakeClock()), async () => {
      calls++;
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(calls).toBe(1);
  });

  it("ends a real wait at once when its signal fires, with `aborted`", async () => {
    const controller = new AbortController();
    const start = performance.now();
    const waiting = withRetry(
      { ...DEFAULT_RETRY, baseDelay: 30_000, jitter: "equal" },
      async () => {
        setTimeout(() => controller.abort(new Error("enough")), 10);
        throw busy;
      },
      controller.signal,
    );
    await expect(waiting).rejects.toMatchObject({ code: "aborted", cause: new Error("enough") });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("makes no attempt once the signal has fired", async () => {
    let calls = 0;
    const work = withRetry(DEFAULT_RETRY, async () => void calls++, AbortSignal.abort());
    expect(await outcome(work)).toBe("aborted");
    expect(calls).toBe(0);
  });
});
