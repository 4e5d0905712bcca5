import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Driver } from "../../src/driver.ts";
import { StorageError } from "../../src/errors.ts";
import { collectBody } from "../../src/lib/body.ts";
import {
  atRate,
  disable,
  fault,
  Faults,
  intercept,
  onCall,
  type Operation,
  retry,
  transientError,
} from "../../src/layers/index.ts";
import { FullMemory, listAll, outcome, pattern, readAll, SmallSteps } from "./layer-helpers.ts";

const SIZE = 20;
const QUICK = { sleep: async (): Promise<void> => {} };
const lost = { kind: "fail-after", error: transientError() } as const;
const refused = { kind: "fail-before", error: transientError() } as const;

function setUp(): { memory: SmallSteps; faults: Faults; faulty: Driver; driver: Driver } {
  const memory = new SmallSteps();
  const faults = new Faults();
  const faulty = fault(memory, faults);
  return { memory, faults, faulty, driver: retry(faulty, QUICK) };
}

describe("retry: read", () => {
  it("gives the same bytes for a reset or an early end at any byte, of the whole or a range", async () => {
    const { memory, faults, driver } = setUp();
    await memory.write("a", pattern(SIZE));
    const ranges = [undefined, { offset: 0 }, { offset: 4 }, { offset: 4, length: 9 }];
    for (const range of ranges) {
      const expected = pattern(SIZE)
        .slice(range?.offset ?? 0)
        .slice(0, range?.length ?? SIZE);
      for (const kind of ["reset", "truncate"] as const) {
        for (let at = 0; at <= expected.byteLength; at++) {
          const before = faults.calls.length;
          faults.plan = onCall(before + 1, { kind, at });
          const { body } = await driver.read("a", { range });
          expect(await collectBody(body, SIZE)).toEqual(expected);
          const reopened = at < expected.byteLength ? 1 : 0;
          expect(faults.calls.length - before).toBe(1 + reopened);
        }
      }
    }
    expect(memory.open).toBe(0);
  });

  it("survives any number of resets as long as bytes come in between", async () => {
    const { memory, faults, driver } = setUp();
    await memory.write("a", pattern(100));
    faults.plan = () => ({ kind: "reset", at: 1 });
    expect(await readAll(driver, "a")).toEqual(pattern(100));
    expect(faults.calls.length).toBe(100);
  });

  it("gives up after `maxAttempts` without a byte", async () => {
    const { memory, faults, driver } = setUp();
    await memory.write("a", pattern(SIZE));
    faults.plan = (call) => (call.n === 1 ? { kind: "reset", at: 7 } : { kind: "reset", at: 0 });
    expect(await outcome(readAll(driver, "a"))).toBe("unavailable");
    expect(faults.calls.length).toBe(5);
    expect(memory.open).toBe(0);
  });

  it.each([
    ["replaced", async (memory: Driver) => void (await memory.write("a", pattern(SIZE, 1)))],
    ["removed", async (memory: Driver) => memory.remove("a")],
  ])(
    "never mixes two versions: a file that was %s meanwhile is `changed`",
    async (_how, change) => {
      for (let at = 0; at < SIZE; at++) {
        const { memory, faults, driver } = setUp();
        await memory.write("a", pattern(SIZE));
        faults.plan = onCall(1, { kind: "reset", at });
        const { body } = await driver.read("a");
        await change(memory);
        expect(await outcome(collectBody(body, SIZE))).toBe("changed");
      }
    },
  );

  it("pins what it opens again, and believes no store that gives another version all the same", async () => {
    const { memory, faults, faulty } = setUp();
    const { etag } = await memory.write("a", pattern(SIZE));
    const asked: unknown[] = [];
    const careless = intercept(faulty, {
      methods: {
        read(path, options) {
          asked.push(options?.ifMatch);
          return faulty.read(path, { ...options, ifMatch: undefined });
        },
      },
    });
    faults.plan = onCall(1, { kind: "reset", at: 7 });
    const { body } = await retry(careless, QUICK).read("a");
    await memory.write("a", pattern(SIZE, 1));
    expect(await outcome(collectBody(body, SIZE))).toBe("changed");
    expect(asked).toEqual([undefined, etag]);
    expect(memory.open).toBe(0);
  });

  it("does not go on without an etag to pin it to", async () => {
    const { memory, faults, faulty } = setUp();
    await memory.write("a", pattern(SIZE));
    const nameless = intercept(faulty, {
      methods: {
        async read(path, options) {
          const { entry, body } = await faulty.read(path, options);
          return { entry: { ...entry, etag: undefined }, body };
        },
      },
    });
    faults.plan = onCall(1, { kind: "reset", at: 7 });
    expect(await outcome(readAll(retry(nameless, QUICK), "a"))).toBe("unavailable");
  });

  it("passes on the store's verdict that all bytes came and are wrong", async () => {
    const { memory, faults, driver } = setUp();
    await memory.write("a", pattern(SIZE));
    const error = new StorageError("corrupt");
    faults.plan = onCall(1, { kind: "reset", at: SIZE, error });
    expect(await outcome(readAll(driver, "a"))).toBe("corrupt");
    expect(faults.calls.length).toBe(1);
  });

  it("refuses more bytes than were announced", async () => {
    const memory = new SmallSteps();
    await memory.write("a", pattern(SIZE));
    const longer = intercept(memory, {
      methods: {
        async read(path, options) {
          const { entry, body } = await memory.read(path, options);
          return { entry: { ...entry, size: SIZE - 1 }, body };
        },
      },
    });
    const { body } = await retry(longer, QUICK).read("a");
    let given = 0;
    const reading = async (): Promise<void> => {
      for await (const chunk of body) given += chunk.byteLength;
    };
    expect(await outcome(reading())).toBe("corrupt");
    expect(given).toBeLessThan(SIZE);
    expect(memory.open).toBe(0);
  });

  it("frees a body that is left early, also before its first byte", async () => {
    const { memory, driver } = setUp();
    await memory.write("a", pattern(SIZE));
    const { body } = await driver.read("a");
    await body[Symbol.asyncIterator]().return?.();
    for await (const _chunk of (await driver.read("a")).body) break;
    expect(memory.open).toBe(0);
  });
});

describe("retry: list", () => {
  const names = ["a", "b", "b/c", "d", "é", "\u{ffff}", "\u{10000}"];
  const fill = async (driver: Driver): Promise<void> => {
    for (const name of names) await driver.write(name, pattern(1));
    await driver.mkdir!("b!");
  };

  it("gives the same entries once, whichever step fails, also from a `startAfter`", async () => {
    for (const startAfter of [undefined, "a", "b/c"]) {
      const { memory, faults, driver } = setUp();
      await fill(memory);
      const expected = await listAll(memory, { startAfter });
      await listAll(driver, { startAfter });
      const steps = faults.calls.length;
      for (let n = 1; n <= steps; n++) {
        for (const failure of [refused, lost]) {
          faults.plan = onCall(faults.calls.length + n, failure);
          expect(await listAll(driver, { startAfter })).toEqual(expected);
        }
      }
    }
  });

  it("goes on in a store that is rooted below another's root", async () => {
    const memory = new SmallSteps({ root: "m" });
    await fill(memory);
    const expected = await listAll(memory);
    const faults = new Faults(onCall(2, refused));
    expect(await listAll(retry(fault(memory, faults), QUICK))).toEqual(expected);
    expect(expected).toHaveLength(names.length + 1);
  });

  it.each(["orderedList", "resumableList"] as const)(
    "without `%s` begins anew before the first entry, and fails after it",
    async (ability) => {
      const memory = new SmallSteps();
      await fill(memory);
      const faults = new Faults();
      const driver = retry(fault(disable(memory, ability), faults), QUICK);
      const expected = await listAll(disable(memory, ability));
      faults.plan = onCall(1, refused);
      expect(await listAll(driver)).toEqual(expected);
      faults.plan = onCall(faults.calls.length + 2, refused);
      expect(await outcome(listAll(driver))).toBe("unavailable");
    },
  );

  it("does not go on in the middle of a listing that is not recursive", async () => {
    const { memory, faults, driver } = setUp();
    await fill(memory);
    faults.plan = onCall(2, refused);
    expect(await outcome(listAll(driver, { recursive: false }))).toBe("unavailable");
  });

  it("lists parts once each, whichever step fails", async () => {
    const { memory, faults, driver } = setUp();
    const upload = await memory.multipart.create("a");
    for (let n = 1; n <= 3; n++) await memory.multipart.putPart(upload, n, pattern(n));
    for (let n = 1; n <= 2; n++) {
      faults.plan = onCall(faults.calls.length + n, refused);
      const parts = (await Array.fromAsync(driver.multipart!.listParts(upload))).flat();
      expect(parts.map((part) => part.number)).toEqual([1, 2, 3]);
    }
    faults.plan = onCall(faults.calls.length + 1, refused);
    expect((await Array.fromAsync(driver.multipart!.listUploads(""))).flat()).toHaveLength(1);
  });
});

describe("retry: listVersions", () => {
  it("begins anew as long as nothing was given out, and never ends shorter", async () => {
    const memory = new FullMemory();
    for (let n = 0; n < 1500; n++) await memory.write(`${n}`, pattern(1));
    const faults = new Faults();
    const driver = retry(fault(memory, faults), QUICK);
    const all = async (): Promise<number> =>
      (await Array.fromAsync(driver.listVersions!("", { recursive: true }))).flat().length;
    faults.plan = onCall(1, refused);
    expect(await all()).toBe(1500);
    faults.plan = onCall(faults.calls.length + 2, refused);
    expect(await outcome(all())).toBe("unavailable");
  });
});

describe("retry: whole operations", () => {
  it("writes again what can be opened again, and only that", async () => {
    for (const failure of [refused, lost, { kind: "reset", at: 4 } as const]) {
      const { memory, faults, driver } = setUp();
      faults.plan = onCall(1, failure, "write");
      await driver.write("bytes", pattern(SIZE));
      faults.plan = onCall(3, failure, "write");
      await driver.write("function", () => stream());
      expect(await readAll(memory, "function")).toEqual(pattern(SIZE));
      faults.plan = onCall(5, failure, "write");
      expect(await outcome(driver.write("once", stream()))).toBe("unavailable");
      expect(faults.calls.length).toBe(5);
    }
    async function* stream(): AsyncIterable<Uint8Array> {
      yield pattern(SIZE);
    }
  });

  it("never makes `move` or `stage.commit` a second time", async () => {
    for (const operation of ["move", "stage.commit"] as const satisfies readonly Operation[]) {
      const { memory, faults, driver } = setUp();
      await memory.write("from", pattern(1));
      faults.plan = onCall(1, lost, operation);
      const stage = await driver.stage!("to", 1);
      const work = operation === "move" ? driver.move!("from", "to") : stage.commit();
      expect(await outcome(work)).toBe("unavailable");
      expect(faults.calls.filter((call) => call.operation === operation)).toHaveLength(1);
      expect(await memory.stat("to")).toBeDefined();
    }
  });

  it("takes a conditional remove as done when its lost answer left nothing there", async () => {
    const { memory, faults, driver } = setUp();
    const { etag } = await memory.write("a", pattern(1));
    faults.plan = onCall(1, lost);
    await driver.remove("a", { ifMatch: etag });
    expect(await outcome(driver.remove("a", { ifMatch: etag }))).toBe("precondition-failed");

    const old = await memory.write("b", pattern(1));
    await memory.write("b", pattern(2));
    faults.plan = (call) => (call.operation === "remove" && call.n === 4 ? refused : undefined);
    expect(await outcome(driver.remove("b", { ifMatch: old.etag }))).toBe("precondition-failed");
    expect(await memory.stat("b")).toBeDefined();
  });

  it("removes again only those of many that may pass", async () => {
    const asked: (readonly string[])[] = [];
    const memory = new SmallSteps();
    const denied = new StorageError("permission-denied", { path: "b" });
    const inner = intercept(memory, {
      methods: {
        async removeMany(paths) {
          asked.push(paths);
          const busy = new StorageError("throttled", { path: "c" });
          if (asked.length === 1) return [denied, busy];
          return asked.length === 2 ? [busy] : [];
        },
      },
    });
    expect(await retry(inner, QUICK).removeMany!(["a", "b", "c"])).toEqual([denied]);
    expect(asked).toEqual([["a", "b", "c"], ["c"], ["c"]]);
  });

  it("ends a wait at once when the signal fires", async () => {
    const { faults, faulty } = setUp();
    const controller = new AbortController();
    faults.plan = () => ({ kind: "fail-before", error: new StorageError("throttled") });
    const driver = retry(faulty, {
      baseDelay: 30_000,
      jitter: "equal",
      onRetry: () => setImmediate(() => controller.abort()),
    });
    const start = performance.now();
    expect(await outcome(driver.stat("a", { signal: controller.signal }))).toBe("aborted");
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("leaves right content behind under faults at a tenth of all calls, whatever the seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { memory, faults, faulty } = setUp();
        const driver = retry(faulty, { ...QUICK, maxAttempts: 20 });
        faults.plan = atRate(0.1, seed, ({ operation, total }) => {
          if (operation === "stage.commit") return undefined;
          const kinds = [refused, lost, { kind: "reset", at: total % SIZE } as const];
          const hasBody = operation === "read" || operation === "write";
          return kinds[total % (hasBody ? 3 : 2)];
        });
        await driver.write("a", pattern(SIZE));
        await driver.copy!({ driver, path: "a" }, "b");
        const upload = await driver.multipart!.create("c");
        const parts = [
          await driver.multipart!.putPart(upload, 1, pattern(SIZE)),
          await driver.multipart!.copyPart(
            upload,
            2,
            { driver, path: "a" },
            { offset: 0, length: 5 },
          ),
        ];
        await driver.multipart!.complete(upload, parts);
        const stage = await driver.stage!("d", SIZE);
        await stage.write(10, pattern(SIZE).subarray(10));
        await stage.write(0, pattern(SIZE).subarray(0, 10));
        await stage.commit();
        for (const path of ["a", "b", "d"]) {
          expect(await readAll(driver, path)).toEqual(pattern(SIZE));
        }
        expect((await driver.stat("c"))?.size).toBe(SIZE + 5);
        expect(await listAll(driver)).toEqual(await listAll(memory));
        expect(memory.open).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
