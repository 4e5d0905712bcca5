import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Driver } from "../../src/driver.ts";
import { collectBody } from "../../src/lib/body.ts";
import { intercept, limit } from "../../src/layers/index.ts";
import { listAll, outcome, pattern, SmallSteps } from "./layer-helpers.ts";

/** A store whose calls do not end before they are let, in the order in which they came. */
function gated(): { driver: Driver; started: string[]; letGo: () => Promise<void> } {
  const started: string[] = [];
  const gates: (() => void)[] = [];
  const driver = intercept(new SmallSteps(), {
    async around(call, run) {
      started.push(call.path);
      await new Promise<void>((resolve) => gates.push(resolve));
      return run();
    },
  });
  const letGo = async (): Promise<void> => {
    gates.shift()?.();
    await settle();
  };
  return { driver, started, letGo };
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const KINDS = ["stat", "write", "read", "leave", "list", "abort"] as const;

describe("limit", () => {
  it("has at most n calls in flight, and lets the others in by order of arrival", async () => {
    const { driver, started, letGo } = gated();
    const limited = limit(driver, 2);
    const work = ["a", "b", "c", "d", "e"].map((path) => limited.stat(path));
    await settle();
    expect(started).toEqual(["a", "b"]);
    await letGo();
    expect(started).toEqual(["a", "b", "c"]);
    for (let n = 0; n < 4; n++) await letGo();
    expect(started).toEqual(["a", "b", "c", "d", "e"]);
    await Promise.all(work);
  });

  it("lets a call that waits go at once when its signal fires, and gives its turn to the next", async () => {
    const { driver, started, letGo } = gated();
    const limited = limit(driver, 1);
    const controller = new AbortController();
    const first = limited.stat("a");
    const second = outcome(limited.write("b", pattern(1), { signal: controller.signal }));
    const third = limited.stat("c");
    const fourth = outcome(limited.stat("d", { signal: AbortSignal.abort() }));
    await settle();
    controller.abort();
    expect([await second, await fourth]).toEqual(["aborted", "aborted"]);
    expect(started).toEqual(["a"]);
    await letGo();
    await letGo();
    await Promise.all([first, third]);
    expect(started).toEqual(["a", "c"]);
  });

  it("[ST-9] refuses who waits when it is closed, though a slot is held for ever", async () => {
    const store = new SmallSteps();
    await store.write("a", pattern(9));
    const limited = limit(store, 1);
    await limited.read("a");
    const waiting = outcome(limited.stat("a"));
    await limited.close();
    expect(await waiting).toBe("closed");
    expect(await outcome(limited.stat("a"))).toBe("closed");
  });

  it("frees the slot of a call that fails", async () => {
    const limited = limit(new SmallSteps(), 1);
    expect(await outcome(limited.read("missing"))).toBe("not-found");
    expect(await outcome(limited.write("../x", pattern(1)))).toBe("invalid-path");
    expect(await limited.stat("a")).toBeUndefined();
  });

  it.each([
    ["read to its end", (body: AsyncIterable<Uint8Array>) => collectBody(body, 100)],
    [
      "left before its first byte",
      async (body: AsyncIterable<Uint8Array>) => body[Symbol.asyncIterator]().return?.(),
    ],
    [
      "left in the middle",
      async (body: AsyncIterable<Uint8Array>) => {
        for await (const _chunk of body) break;
      },
    ],
  ])("holds the slot of a read until its body is %s", async (_how, end) => {
    const memory = new SmallSteps();
    await memory.write("a", pattern(9));
    const limited = limit(memory, 1);
    const { body } = await limited.read("a");
    let done = false;
    const waiting = limited.stat("a").then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    await end(body);
    await waiting;
    expect(memory.open).toBe(0);
  });

  it("holds no slot between the pages of a listing", async () => {
    const memory = new SmallSteps();
    for (const name of ["a", "b", "c", "d", "e"]) await memory.write(name, pattern(1));
    const limited = limit(memory, 1);
    let seen = 0;
    for await (const page of limited.list("", { recursive: true })) {
      for (const entry of page) if ((await limited.stat(entry.path)) !== undefined) seen++;
    }
    expect(seen).toBe(5);
  });

  it("never has more than n in flight, and ends, whatever is done in whatever order", async () => {
    const kinds = fc.constantFrom(...KINDS);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(kinds), async (n, work) => {
        const memory = new SmallSteps();
        await memory.write("a", pattern(9));
        let flying = 0;
        let most = 0;
        const counted = intercept(memory, {
          async around(_call, run) {
            most = Math.max(most, ++flying + memory.open);
            await settle();
            return run().finally(() => flying--);
          },
        });
        const limited = limit(counted, n);
        const act = {
          stat: () => limited.stat("a"),
          write: () => limited.write("b", pattern(3)),
          read: async () => collectBody((await limited.read("a")).body, 9),
          leave: async () => (await limited.read("a")).body[Symbol.asyncIterator]().return?.(),
          list: () => listAll(limited),
          abort: () => outcome(limited.stat("a", { signal: AbortSignal.timeout(0) })),
        };
        await Promise.all(work.map((kind) => act[kind]()));
        expect(most).toBeLessThanOrEqual(n);
        expect([flying, memory.open]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });

  it("a watch holds no slot while it waits", async () => {
    const limited = limit(new SmallSteps(), 1);
    const hints = (await limited.watch!(""))[Symbol.asyncIterator]();
    const waiting = hints.next();
    await limited.write("a", pattern(3));
    expect((await waiting).value).toEqual({ path: "a", kind: "changed" });
    await hints.return?.();
  });

  it("takes whole numbers from 1", () => {
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => limit(new SmallSteps(), n)).toThrow();
  });
});
