import { MemoryDriver } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { T0, bytes, contents, place, recorder, storeWith } from "../stores.ts";

const MiB = 1024 * 1024;

/** Calls `change` before each `readBlock` of the driver. */
function changing(driver: MemoryDriver, change: (call: number) => Promise<unknown>): MemoryDriver {
  const readBlock = driver.readBlock.bind(driver);
  let calls = 0;
  driver.readBlock = async (path, options) => {
    await change(++calls);
    return readBlock(path, options);
  };
  return driver;
}

describe("files that change under our hands", () => {
  it("[SY-32] a source that changed since it was listed is read as it is now", async () => {
    const store = await storeWith({ a: "old" });
    const source = changing(
      store,
      async (call) => call === 1 && store.write("a", bytes("newer"), { mtime: T0 + 1000 }),
    );
    const destination = new MemoryDriver();
    const report = await sync(place(source), place(destination));
    expect(report).toMatchObject({ created: 1, failed: 0 });
    expect(await contents(destination)).toEqual({ a: "newer" });
    expect(await destination.stat("a")).toMatchObject({ mtime: T0 + 1000 });
  });

  it("[SY-32] a source that never rests is reported, and nothing of it is stored", async () => {
    const store = await storeWith({ a: "0", b: "quiet" });
    const source = changing(store, (call) =>
      store.write("a", bytes("x".repeat(call)), { mtime: T0 + call }),
    );
    const destination = await storeWith({ a: "the last good copy" });
    const report = await sync(place(source), place(destination), { jobs: 1 });
    expect(report).toMatchObject({ failed: 1, created: 1 });
    expect(report.failures).toMatchObject([{ path: "a", error: { code: "precondition-failed" } }]);
    expect(await contents(destination)).toEqual({ a: "the last good copy", b: "quiet" });
  });

  it("[SY-32] a large source that changes between two parts is not stored half and half", async () => {
    const store = await storeWith({ big: new Uint8Array(40 * MiB) });
    const source = changing(
      store,
      async (call) =>
        call === 2 && store.write("big", new Uint8Array(40 * MiB).fill(1), { mtime: T0 + 1 }),
    );
    const destination = new MemoryDriver();
    const report = await sync(place(source), place(disable(destination, "copy")));
    expect(report).toMatchObject({ created: 1, failed: 0 });
    const { bytes: stored } = await destination.readBlock("big", { offset: 0, length: 40 * MiB });
    expect(stored.every((byte) => byte === 1)).toBe(true);
    expect(destination.store.uploads.size).toBe(0);
  });

  it("[SY-32] a source that vanishes is reported", async () => {
    const store = await storeWith({ a: "1", b: "2" });
    const source = changing(store, async (call) => call === 1 && store.remove("a"));
    const report = await sync(place(source), place(await storeWith()), { jobs: 1 });
    expect(report).toMatchObject({
      created: 1,
      failed: 1,
      failures: [{ path: "a", error: { code: "not-found" } }],
    });
  });

  it("[SY-33] a destination that somebody wrote meanwhile is looked at again", async () => {
    const destination = await storeWith({ a: "old" });
    const source = await storeWith({ a: "new" }, { mtime: T0 + 1000 });
    changing(
      source,
      async (call) => call === 1 && destination.write("a", bytes("new"), { mtime: T0 + 1000 }),
    );
    const { onEvent, lines } = recorder();
    const report = await sync(place(source), place(disable(destination, "copy")), { onEvent });
    expect(report).toMatchObject({ failed: 0, replaced: 0, unchanged: 1 });
    expect(lines()).toEqual(["a: unchanged (same)"]);
  });

  it("[SY-36] a body that ends early or arrives changed is fetched again, never stored", async () => {
    const content = new Uint8Array(3 * MiB).map((_, i) => i % 251);
    for (const damage of [
      { kind: "truncate", at: MiB },
      { kind: "reset", at: 2 * MiB },
    ] as const) {
      const faults = new Faults(onCall(1, damage, "read"));
      const source = disable(fault(await storeWith({ a: content }), faults), "readBlock");
      const destination = new MemoryDriver();
      const report = await sync(place(source), place(disable(destination, "copy", "multipart")));
      const found = await destination.stat("a");
      expect(found === undefined || found.size === content.length, damage.kind).toBe(true);
      expect(report.created + report.failed, damage.kind).toBe(1);
      if (found !== undefined) {
        expect(
          (await destination.readBlock("a", { offset: 0, length: content.length })).bytes,
        ).toEqual(content);
      }
    }
  });
});

describe("an interruption", () => {
  it.each([1, 2, 5])(
    "[SY-38] after %d files ends the run, removes nothing, leaves no upload",
    async (after) => {
      const files: Record<string, string | Uint8Array> = { big: new Uint8Array(40 * MiB) };
      for (let i = 0; i < 20; i++) files[`f${i}`] = String(i);
      const destination = await storeWith({ extra: "x" });
      const controller = new AbortController();
      let done = 0;
      const report = await sync(
        place(await storeWith(files)),
        place(disable(destination, "copy")),
        {
          delete: true,
          jobs: 2,
          signal: controller.signal,
          onEvent: () => {
            if (++done === after) controller.abort();
          },
        },
      );
      expect(report.interrupted).toBe(true);
      expect(report.created).toBeLessThan(21);
      expect((await destination.stat("extra"))?.size).toBe(1);
      expect(destination.store.uploads.size).toBe(0);
    },
  );
});
