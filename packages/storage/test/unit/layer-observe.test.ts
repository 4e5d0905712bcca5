import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { StorageError } from "../../src/errors.ts";
import { collectBody } from "../../src/lib/body.ts";
import {
  fault,
  Faults,
  intercept,
  log,
  type LogRecord,
  Metrics,
  metrics,
} from "../../src/layers/index.ts";
import type { Driver } from "../../src/driver.ts";
import { FakeClock } from "./fake-clock.ts";
import { FullMemory, listAll, outcome, pattern, readAll, SmallSteps } from "./layer-helpers.ts";

/** A logged store in which each call takes 5 ms. */
function logged(): { memory: SmallSteps; faults: Faults; driver: Driver; records: LogRecord[] } {
  const memory = new SmallSteps({ name: "x" });
  const clock = new FakeClock();
  const faults = new Faults(() => ({ kind: "delay", ms: 5 }));
  const records: LogRecord[] = [];
  const driver = log(fault(memory, faults, clock), (record) => records.push(record), clock);
  return { memory, faults, driver, records };
}

describe("log", () => {
  it("changes nothing of a call when its sink throws, and warns", async () => {
    const warned = once(process, "warning");
    const memory = new SmallSteps();
    const driver = log(memory, () => {
      throw new Error("no space for the log");
    });
    await driver.write("a", pattern(9));
    expect(await readAll(driver, "a")).toEqual(pattern(9));
    expect(await warned).toEqual([expect.objectContaining({ message: "no space for the log" })]);
  });

  it("gives one record for each operation: store, operation, path, bytes, milliseconds, error", async () => {
    const { driver, records } = logged();
    const base = { store: "memory://x", path: "a", ms: 5, bytes: 0, error: undefined };
    await driver.write("a", pattern(9));
    await driver.write(
      "a",
      (async function* () {
        yield pattern(7);
      })(),
    );
    await readAll(driver, "a");
    await driver.readBlock!("a", { offset: 4, length: 100 });
    const upload = await driver.multipart!.create("a");
    await driver.multipart!.putPart(upload, 1, pattern(6));
    await Array.fromAsync(driver.multipart!.listParts(upload));
    await outcome(driver.read("missing"));
    expect(records).toEqual([
      { ...base, operation: "write", bytes: 9 },
      { ...base, operation: "write", bytes: 7 },
      { ...base, operation: "read", bytes: 7 },
      { ...base, operation: "readBlock", bytes: 3 },
      { ...base, operation: "multipart.create" },
      { ...base, operation: "multipart.putPart", bytes: 6 },
      { ...base, operation: "multipart.listParts", ms: 10 },
      { ...base, operation: "read", path: "missing", error: "not-found" },
    ]);
  });

  it("ends the record of a read with its body: failed, left in the middle or before its first byte", async () => {
    const { memory, faults, driver, records } = logged();
    await memory.write("a", pattern(9));
    const { body } = await driver.read("a");
    expect(records).toEqual([]);
    await body[Symbol.asyncIterator]().return?.();
    for await (const _chunk of (await driver.read("a")).body) break;
    faults.plan = () => ({ kind: "reset", at: 4 });
    await outcome(readAll(driver, "a"));
    expect(records.map(({ bytes, error }) => [bytes, error])).toEqual([
      [0, undefined],
      [3, undefined],
      [4, "unavailable"],
    ]);
    expect(memory.open).toBe(0);
  });

  it("gives one record for a listing, also if it fails or is left", async () => {
    const { memory, faults, driver, records } = logged();
    for (const name of ["a", "b", "c"]) await memory.write(name, pattern(1));
    await listAll(driver);
    for await (const _page of driver.list("")) break;
    faults.plan = () => ({ kind: "fail-before", error: new StorageError("permission-denied") });
    await outcome(listAll(driver));
    expect(records.map(({ operation, error }) => [operation, error])).toEqual([
      ["list", undefined],
      ["list", undefined],
      ["list", "permission-denied"],
    ]);
  });

  it("shows no secret: not a signed URL, not an option, not the text of an error", async () => {
    const secret = "CANARY-7f3a";
    const inner = intercept(new FullMemory(), {
      methods: {
        async stat() {
          throw new StorageError("internal", { message: secret, cause: new Error(secret) });
        },
      },
    });
    const records: LogRecord[] = [];
    const driver = log(inner, (record) => records.push(record));
    expect(await driver.presign!("a", { method: "GET", expiresIn: 60 })).toContain(secret);
    await outcome(driver.stat("a"));
    await driver.write("a", pattern(1), { metadata: { token: secret } });
    expect(records).toHaveLength(3);
    expect(JSON.stringify(records)).not.toContain(secret);
  });

  it("escapes names that would forge a line", async () => {
    const { driver, records } = logged();
    await driver.stat("a\n2026 write ok");
    expect(records[0]?.path).toBe("a\\n2026 write ok");
  });
});

describe("metrics", () => {
  it("counts calls, errors by code, bytes and durations for each operation", async () => {
    const clock = new FakeClock();
    const memory = new SmallSteps();
    const faults = new Faults();
    const counted = new Metrics();
    const driver = metrics(fault(memory, faults, clock), counted, clock);
    expect(counted.snapshot()).toEqual({});

    await driver.write("a", pattern(9));
    faults.plan = () => ({ kind: "delay", ms: 7 });
    await collectBody((await driver.read("a")).body, 9);
    faults.plan = () => ({ kind: "delay", ms: 40_000 });
    await readAll(driver, "a");
    await outcome(driver.read("missing"));
    const before = counted.snapshot();
    expect(before.write).toEqual({
      calls: 1,
      errors: {},
      bytes: 9,
      ms: 0,
      durations: [1, ...Array.from({ length: 14 }, () => 0)],
    });
    expect(before.read).toEqual({
      calls: 3,
      errors: { "not-found": 1 },
      bytes: 18,
      ms: 80_007,
      durations: [0, 0, 0, 1, ...Array.from({ length: 10 }, () => 0), 2],
    });
    await driver.write("a", pattern(9));
    expect(before.write?.calls).toBe(1);
    expect(counted.snapshot().write?.calls).toBe(2);
  });
});
