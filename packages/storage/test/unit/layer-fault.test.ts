import { describe, expect, it } from "vitest";
import type { Driver } from "../../src/driver.ts";
import { collectBody } from "../../src/lib/body.ts";
import {
  atRate,
  type Fault,
  fault,
  Faults,
  onCall,
  transientError,
} from "../../src/layers/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { listAll, outcome, pattern, readAll, SmallSteps } from "./layer-helpers.ts";

const OLD = pattern(12);
const NEW = pattern(20, 9);
const error = transientError({ message: "on order" });

async function setUp(): Promise<{ memory: SmallSteps; faults: Faults; driver: Driver }> {
  const memory = new SmallSteps();
  await memory.write("a", OLD);
  const faults = new Faults();
  return { memory, faults, driver: fault(memory, faults) };
}

describe("fault", () => {
  it("fails before or after the work, and not at other calls", async () => {
    const { memory, faults, driver } = await setUp();
    faults.plan = onCall(2, { kind: "fail-before", error }, "write");
    await driver.write("x", NEW);
    await expect(driver.write("y", NEW)).rejects.toBe(error);
    expect(await memory.stat("y")).toBeUndefined();
    faults.plan = onCall(3, { kind: "fail-after", error }, "write");
    await expect(driver.write("y", NEW)).rejects.toBe(error);
    expect(await readAll(memory, "y")).toEqual(NEW);
    faults.plan = onCall(1, { kind: "fail-after", error }, "read");
    await expect(driver.read("a")).rejects.toBe(error);
    expect(memory.open).toBe(0);
  });

  it("counts every call, by operation and in all", async () => {
    const { faults, driver } = await setUp();
    await driver.stat("a");
    await driver.stat("b");
    await listAll(driver);
    expect(faults.calls).toEqual([
      { operation: "stat", path: "a", n: 1, total: 1 },
      { operation: "stat", path: "b", n: 2, total: 2 },
      { operation: "list", path: "", n: 1, total: 3 },
      { operation: "list", path: "", n: 2, total: 4 },
    ]);
  });

  it("delays, and ends the delay when the signal fires", async () => {
    const memory = new SmallSteps();
    const clock = new FakeClock();
    const faults = new Faults(() => ({ kind: "delay", ms: 500 }));
    await fault(memory, faults, clock).stat("a");
    expect(clock.now()).toBe(500);
    const signal = AbortSignal.timeout(5);
    faults.plan = () => ({ kind: "delay", ms: 60_000 });
    expect(await outcome(fault(memory, faults).stat("a", { signal }))).toBe("aborted");
  });

  it("ends, breaks or changes a body at any byte, of reads as of writes", async () => {
    const { memory, faults, driver } = await setUp();
    const got = async (): Promise<Uint8Array> => {
      const bytes: number[] = [];
      const { body } = await driver.read("a");
      await outcome(
        (async () => {
          for await (const chunk of body) bytes.push(...chunk);
        })(),
      );
      return Uint8Array.from(bytes);
    };
    for (let at = 0; at < OLD.byteLength; at++) {
      const flipped = OLD.with(at, OLD[at]! ^ 0xff);
      faults.plan = () => ({ kind: "truncate", at });
      expect(await got()).toEqual(OLD.subarray(0, at));
      await driver.write("b", OLD);
      expect(await readAll(memory, "b")).toEqual(OLD.subarray(0, at));

      faults.plan = () => ({ kind: "corrupt", at });
      expect(await got()).toEqual(flipped);
      await driver.write("b", OLD);
      expect(await readAll(memory, "b")).toEqual(flipped);

      faults.plan = () => ({ kind: "reset", at, error });
      expect(await got()).toEqual(OLD.subarray(0, at));
      await expect(driver.write("b", NEW)).rejects.toBe(error);
      expect(await readAll(memory, "b")).toEqual(flipped);
    }
    faults.plan = () => ({ kind: "reset", at: OLD.byteLength });
    await expect(readAll(driver, "a")).rejects.toMatchObject({ code: "unavailable", retry: "now" });
    expect(memory.open).toBe(0);
  });

  it("refuses a plan that damages the body of what has none", async () => {
    const { driver, faults } = await setUp();
    faults.plan = () => ({ kind: "truncate", at: 1 });
    expect(await outcome(driver.stat("a"))).toBe("invalid-argument");
  });

  it("at a rate: the same calls for the same seed, about as many as asked for", async () => {
    const failed = async (seed: number): Promise<string> => {
      const { driver, faults } = await setUp();
      faults.plan = atRate(0.3, seed, () => ({ kind: "fail-before", error }));
      let calls = "";
      for (let n = 0; n < 1000; n++)
        calls += (await outcome(driver.stat("a"))) === "ok" ? "." : "x";
      return calls;
    };
    const calls = await failed(7);
    expect(calls).toBe(await failed(7));
    expect(calls).not.toBe(await failed(8));
    expect(calls.replaceAll(".", "").length / 1000).toBeCloseTo(0.3, 1);
  });
});

const WAYS: readonly (readonly [string, (driver: Driver) => Promise<unknown>])[] = [
  ["write", (driver) => driver.write("a", NEW)],
  [
    "stage",
    async (driver) => {
      const stage = await driver.stage!("a", NEW.byteLength);
      await stage.write(8, NEW.subarray(8));
      await stage.write(0, NEW.subarray(0, 8));
      await stage.hash("md5", { offset: 0, length: 8 });
      await stage.commit();
    },
  ],
  [
    "multipart",
    async (driver) => {
      const { multipart } = driver;
      const upload = await multipart!.create("a");
      await multipart!.putPart(upload, 2, NEW.subarray(8));
      await multipart!.putPart(upload, 1, NEW.subarray(0, 8));
      const parts = (await Array.fromAsync(multipart!.listParts(upload))).flat();
      await multipart!.complete(upload, parts);
    },
  ],
  [
    "copy",
    async (driver) => {
      await driver.write("b", NEW);
      await driver.copy!({ driver, path: "b" }, "a");
    },
  ],
  [
    "move",
    async (driver) => {
      await driver.write("b", NEW);
      await driver.move!("b", "a");
    },
  ],
];

describe("a fault at every call of a way to replace a file leaves the old content or the new", () => {
  it.each(WAYS)("%s", async (_name, replace) => {
    const dry = await setUp();
    await replace(dry.driver);
    const kinds: readonly Fault[] = [
      { kind: "fail-before", error },
      { kind: "fail-after", error },
    ];
    for (const kind of kinds) {
      const seen = new Set<string>();
      for (let n = 1; n <= dry.faults.calls.length; n++) {
        const { memory, faults, driver } = await setUp();
        faults.plan = onCall(n, kind);
        await expect(replace(driver)).rejects.toBe(error);
        const now = await collectBody((await memory.read("a")).body, 100);
        seen.add(Buffer.compare(now, OLD) === 0 ? "old" : "new");
        if (seen.has("new")) expect(now).toEqual(NEW);
      }
      expect([...seen].at(-1)).toBe(kind.kind === "fail-before" ? "old" : "new");
    }
  });
});
