/** Lent chunks (`ReadOptions.lend`): whoever holds one longer than allowed gets other bytes, and a corrupt file. */
import { type Driver, MemoryDriver, Storage, concatBytes } from "@omnisync/storage";
import {
  AdaptiveLimit,
  Faults,
  Metrics,
  Throttle,
  adaptiveLimit,
  fault,
  limit,
  metrics,
  requestRate,
  retry,
  throttle,
  transientError,
} from "@omnisync/storage/layers";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";

const CONTENT = randomBytes(1_000_003);

/** Lends, and spoils each chunk as soon as the next is asked for. */
function lending(inner: Driver): Driver {
  const read: Driver["read"] = async (path, options) => {
    const { entry, body } = await inner.read(path, options);
    async function* lent(): AsyncGenerator<Uint8Array> {
      const memory = new Uint8Array(512 * 1024);
      for await (const chunk of body) {
        memory.set(chunk);
        yield memory.subarray(0, chunk.byteLength);
        memory.fill(0xee);
      }
    }
    return { entry, body: options?.lend ? lent() : body };
  };
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === "read") return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function open(): Promise<Driver> {
  const memory = new MemoryDriver();
  await memory.write("file", CONTENT);
  return lending(memory);
}

const resets = new Faults(({ operation, n }) =>
  operation === "read" && n < 4
    ? { kind: "reset", at: 300_000, error: transientError() }
    : undefined,
);

test.each<readonly [string, (driver: Driver) => Driver]>([
  ["throttle", (driver) => throttle(driver, new Throttle(50_000_000))],
  ["metrics", (driver) => metrics(driver, new Metrics())],
  ["limit", (driver) => limit(driver, 2)],
  ["adaptiveLimit", (driver) => adaptiveLimit(driver, new AdaptiveLimit())],
  ["requestRate", (driver) => requestRate(driver, { perSecond: 1000 })],
  ["retry", (driver) => retry(fault(driver, resets), { baseDelay: 1 })],
])("[ST-6] %s passes lent chunks on, one at a time", async (_, layer) => {
  const driver = layer(await open());
  const { body } = await driver.read("file", { lend: true });
  const copies: Uint8Array[] = [];
  for await (const chunk of body) copies.push(Uint8Array.from(chunk));
  expect(Buffer.compare(concatBytes(copies, CONTENT.byteLength), CONTENT)).toBe(0);
});

test("[ST-6] readAll holds what it reads, and so borrows nothing", async () => {
  const storage = new Storage(await open());
  expect(Buffer.compare(await storage.readAll("file", { lend: true }), CONTENT)).toBe(0);
});

test("[ST-6] a lent body may be written to any driver", async () => {
  const { body } = await (await open()).read("file", { lend: true });
  const target = new MemoryDriver();
  await target.write("file", body);
  expect(Buffer.compare(await new Storage(target).readAll("file"), CONTENT)).toBe(0);
});
