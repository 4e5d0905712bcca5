import { describe, expect, it } from "vitest";
import type { Capabilities } from "../../src/capabilities.ts";
import type { Driver } from "../../src/driver.ts";
import { MemoryDriver } from "../../src/index.ts";
import {
  type Call,
  disable,
  fault,
  Faults,
  hideMarked,
  intercept,
  limit,
  log,
  metrics,
  Metrics,
  retry,
  Throttle,
  throttle,
  unwrapDriver,
} from "../../src/layers/index.ts";
import { listAll, outcome, pattern, readAll } from "./layer-helpers.ts";

const LAYERS: readonly (readonly [string, (driver: Driver) => Driver])[] = [
  ["intercept", (driver) => intercept(driver, {})],
  ["retry", (driver) => retry(driver)],
  ["limit", (driver) => limit(driver, 4)],
  ["throttle", (driver) => throttle(driver, new Throttle(Infinity))],
  ["log", (driver) => log(driver, () => {})],
  ["metrics", (driver) => metrics(driver, new Metrics())],
  ["fault", (driver) => fault(driver, new Faults())],
  ["disable nothing", (driver) => disable(driver)],
  ["hide marked", (driver) => hideMarked(driver, { suffix: "", magic: pattern(9, 99) })],
];

/** Uses every method once and gives back what is seen; equal stores must show equal things. */
async function tour(driver: Driver): Promise<unknown> {
  const seen: unknown[] = [];
  const see = async (work: Promise<unknown>): Promise<void> => void seen.push(await work);
  await see(driver.write("a/one", pattern(10), { mtime: 5, mode: 0o600 }));
  await see(
    driver.write(
      "a/two",
      (async function* () {
        yield pattern(70_000);
      })(),
    ),
  );
  await see(readAll(driver, "a/two"));
  await see(driver.readBlock!("a/two", { offset: 5, length: 7, hashes: ["md5"] }));
  await see(driver.copy!({ driver, path: "a/one" }, "b/one"));
  await see(driver.move!("b/one", "c/one"));
  await see(driver.setAttributes!("c/one", { mtime: 9 }));
  await see(driver.writeLink!("link", "a/one"));
  await see(driver.readLink!("link"));
  await see(driver.mkdir!("empty", { mtime: 3 }));
  await see(driver.rmdir!("empty"));
  await see(driver.about!());
  const upload = await driver.multipart!.create("parts");
  await see(driver.multipart!.putPart(upload, 1, pattern(4)));
  await see(
    driver.multipart!.copyPart(upload, 2, { driver, path: "a/one" }, { offset: 1, length: 3 }),
  );
  const parts = (await Array.fromAsync(driver.multipart!.listParts(upload))).flat();
  await see(driver.multipart!.complete(upload, parts));
  await driver.multipart!.abort(await driver.multipart!.create("given-up"));
  seen.push((await Array.fromAsync(driver.multipart!.listUploads(""))).flat());
  const stage = await driver.stage!("staged", 6);
  await stage.write(3, pattern(3));
  await stage.write(0, pattern(3));
  await see(stage.hash("sha256", { offset: 0, length: 6 }));
  await see(stage.commit({ mtime: 7 }));
  const dropped = await driver.stage!("dropped", 8, { base: { path: "staged" } });
  await see(dropped.hash("sha256", { offset: 0, length: 8 }));
  await dropped.abort();
  await see(driver.removeMany!(["a/one", "missing"]));
  await driver.remove("missing");
  await see(driver.stat("staged"));
  const hints = (await driver.watch!("", { recursive: true }))[Symbol.asyncIterator]();
  await see(driver.write("watched", pattern(1)));
  await see(hints.next());
  await hints.return?.();
  const versions = (await Array.fromAsync(driver.listVersions!("watched"))).flat();
  seen.push(versions);
  await see(driver.removeVersion!("watched", versions[0]!.version));
  await see(listAll(driver));
  return seen.map((item) => JSON.stringify(item, (key, value) => (key === "storedAt" ? 0 : value)));
}

describe("every layer", () => {
  it.each(LAYERS)("%s: changes nothing of what any method does", async (_name, layer) => {
    const memory = (): Driver => new MemoryDriver({ versions: true });
    expect(await tour(layer(memory()))).toEqual(await tour(memory()));
  });

  it.each(LAYERS)("%s: keeps name, id and capabilities", (_name, layer) => {
    const inner = new MemoryDriver({ name: "x" });
    const { name, id, capabilities } = layer(inner);
    expect({ name, id, capabilities }).toEqual({
      name: "memory",
      id: "memory://x",
      capabilities: inner.capabilities,
    });
  });

  it.each(LAYERS)("%s: keeps absent abilities absent", (_name, layer) => {
    const memory = new MemoryDriver();
    const bare: Driver = {
      name: "bare",
      id: "bare:",
      capabilities: { ...memory.capabilities, presign: true },
      stat: memory.stat.bind(memory),
      list: memory.list.bind(memory),
      read: memory.read.bind(memory),
      write: memory.write.bind(memory),
      remove: memory.remove.bind(memory),
      close: memory.close.bind(memory),
    };
    const layered = layer(bare);
    const given = Object.keys(layered).filter((key) => layered[key as "copy"] !== undefined);
    expect(given.sort()).toEqual(Object.keys(bare).sort());
  });

  it.each(LAYERS)(
    "%s: copies within a store stay copies, whichever side is layered",
    async (_n, layer) => {
      const inner = new MemoryDriver();
      await inner.write("a", pattern(3));
      const source = layer(layer(inner));
      const target = layer(new MemoryDriver({ store: inner.store, root: "sub" }));
      expect(unwrapDriver(source)).toBe(inner);
      expect(target.canCopyFrom!(source)).toBe(true);
      await target.copy!({ driver: source, path: "a" }, "b");
      expect(await readAll(inner, "sub/b")).toEqual(pattern(3));
      const upload = await target.multipart!.create("c");
      const range = { offset: 0, length: 2 };
      const part = await target.multipart!.copyPart(
        upload,
        1,
        { driver: source, path: "a" },
        range,
      );
      expect(part.size).toBe(2);
    },
  );

  it.each(LAYERS)("%s: `close` closes the store", async (_name, layer) => {
    const inner = new MemoryDriver();
    await layer(inner).close();
    expect(await outcome(inner.stat("a"))).toBe("closed");
  });
});

describe("intercept", () => {
  it("sees every call once, with its path, options, source and bytes", async () => {
    const calls: Call[] = [];
    const driver = intercept(new MemoryDriver({ versions: true }), {
      around: (call, run) => {
        calls.push(call);
        return run();
      },
      page: (call, run) => {
        calls.push(call);
        return run();
      },
    });
    await tour(driver);
    const counts = new Map<string, number>();
    for (const { operation } of calls) counts.set(operation, (counts.get(operation) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({
      about: 1,
      copy: 1,
      list: 2,
      listVersions: 2,
      mkdir: 1,
      move: 1,
      "multipart.abort": 1,
      "multipart.complete": 1,
      "multipart.copyPart": 1,
      "multipart.create": 2,
      "multipart.listParts": 2,
      "multipart.listUploads": 2,
      "multipart.putPart": 1,
      read: 1,
      readBlock: 1,
      readLink: 1,
      remove: 1,
      removeMany: 1,
      removeVersion: 1,
      rmdir: 1,
      setAttributes: 1,
      stage: 2,
      "stage.abort": 1,
      "stage.commit": 1,
      "stage.hash": 2,
      "stage.write": 2,
      stat: 1,
      watch: 1,
      write: 3,
      writeLink: 1,
    });
    expect(calls.find((call) => call.operation === "copy")).toMatchObject({
      path: "b/one",
      source: { path: "a/one" },
    });
    expect(calls.find((call) => call.operation === "multipart.putPart")?.bytes).toBe(4);
    expect(calls.find((call) => call.operation === "write")?.options).toEqual({
      mtime: 5,
      mode: 0o600,
    });
  });

  it("asks the inner driver for its capabilities and methods at each use, as they change with `probe`", async () => {
    const memory = new MemoryDriver();
    let capabilities: Capabilities = { ...memory.capabilities, copyPart: false, stage: false };
    const inner: Driver = Object.assign(Object.create(memory) as Driver, {
      multipart: memory.multipart,
      probe: async () => (capabilities = { ...memory.capabilities, move: false }),
    });
    Object.defineProperty(inner, "capabilities", { get: () => capabilities });
    const driver = intercept(inner, {
      capabilities: (can) => ({ ...can, concurrency: can.concurrency + 1 }),
    });
    expect([driver.stage, driver.move].map((method) => method !== undefined)).toEqual([
      false,
      true,
    ]);
    const upload = await driver.multipart!.create("a");
    const copying = driver.multipart!.copyPart(
      upload,
      1,
      { driver, path: "b" },
      { offset: 0, length: 1 },
    );
    expect(await outcome(copying)).toBe("unsupported");

    expect(await driver.probe!()).toMatchObject({ stage: true, move: false, concurrency: 17 });
    expect([driver.stage, driver.move].map((method) => method !== undefined)).toEqual([
      true,
      false,
    ]);
    expect(driver.capabilities).toBe(driver.capabilities);
  });

  it("frees a listing that is left early", async () => {
    let freed = false;
    const memory = new MemoryDriver();
    const inner = intercept(memory, {
      methods: {
        async *list() {
          try {
            yield [];
            yield [];
          } finally {
            freed = true;
          }
        },
      },
    });
    for await (const _page of intercept(inner, {}).list("")) break;
    expect(freed).toBe(true);
  });
});
