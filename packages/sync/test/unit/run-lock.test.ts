import { type Driver, FileDriver, StorageError, ownerMark } from "@omnisync/storage";
import { Faults, disable, fault, intercept } from "@omnisync/storage/layers";
import { type KeepPolicy, type SettleReport, findDuplicates } from "@omnisync/sync";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { lockRun } from "../../src/run-lock.ts";
import { bytes, contents, place, storeWith } from "../stores.ts";

const MINUTE = 60_000;

async function disk(): Promise<FileDriver> {
  const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  const driver = new FileDriver({ root });
  onTestFinished(async () => {
    await driver.close();
    rmSync(root, { recursive: true, force: true });
  });
  return driver;
}

async function dedupe(driver: Driver, keep: KeepPolicy): Promise<SettleReport> {
  using found = await findDuplicates(place(driver));
  return await found.remove({ keep });
}

describe.each([
  ["memory", () => storeWith()],
  ["a disk", disk],
  ["a store without conditions", async () => disable(await storeWith(), "conditions")],
] as const)("[SY-393] dedupe twice at one place: %s", (_, open) => {
  it("the second is refused while the first removes, whatever each would keep", async () => {
    const store = await open();
    for (const path of ["a", "ab", "abc"]) await store.write(path, bytes("same"));
    const refused: unknown[] = [];
    const racing = intercept(store, {
      rewrap: (view) => view,
      around: async ({ operation, path }, run) => {
        // The moment in which the first has proven all and removes a copy that the second keeps.
        if (operation === "remove" && path === "abc")
          await dedupe(store, "longest-path").catch((error: unknown) => refused.push(error));
        return run();
      },
    });
    expect(await dedupe(racing, "shortest-path")).toMatchObject({ removed: 2, failed: 0 });
    expect(refused).toEqual([expect.objectContaining({ code: "precondition-failed" })]);
    expect(String(refused[0])).toMatch(/dedupe runs here since \d{4}-.*\(process \d+ on /);
    expect(await contents(store)).toEqual({ a: "same" });
    expect(await dedupe(store, "longest-path")).toMatchObject({ removed: 0 });
  });

  it("of two that begin together at most one removes anything", async () => {
    for (let i = 0; i < 20; i++) {
      const store = await open();
      for (const path of ["a", "ab", "abc"]) await store.write(path, bytes("same"));
      const runs = await Promise.allSettled([
        dedupe(store, "shortest-path"),
        dedupe(store, "longest-path"),
      ]);
      const left = Object.keys(await contents(store));
      expect(left.length).toBeGreaterThan(0);
      expect(left.length).toBe(runs.some(({ status }) => status === "fulfilled") ? 1 : 3);
    }
  });
});

it("[SY-393] leaves nothing behind, not even when it is refused", async () => {
  const store = await disk();
  const lock = await lockRun(place(store), "dedupe");
  expect(readdirSync(join(store.root, ".omnisync/locks"))).toHaveLength(1);
  await expect(lockRun(place(store), "dedupe")).rejects.toThrow("dedupe runs here");
  const other = await lockRun(place(store), "other");
  await lock.release();
  await other.release();
  expect(readdirSync(store.root)).toEqual([]);
});

describe("[SY-394] locks of the dead", () => {
  const stranger = `ffffffff${ownerMark().slice(8)}`;
  const killed = `${ownerMark().slice(0, 8)}ffffffff${ownerMark().slice(16)}`;
  const nameOf = (owner: string): string => `.omnisync/locks/dedupe-${owner}-019a9f2c41d7-00000000`;

  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  it("that of a process of this machine that is gone does not count, and is removed", async () => {
    const store = await storeWith({ [nameOf(killed)]: "" });
    const lock = await lockRun(place(store), "dedupe");
    expect(await store.stat(nameOf(killed))).toBeUndefined();
    await lock.release();
  });

  it("that of another machine counts for an hour after it was last renewed", async () => {
    const store = await storeWith({ [nameOf(stranger)]: "process 1 on elsewhere" });
    await vi.advanceTimersByTimeAsync(59 * MINUTE);
    await expect(lockRun(place(store), "dedupe")).rejects.toThrow("(process 1 on elsewhere)");
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    await (await lockRun(place(store), "dedupe")).release();
    expect(await store.stat(nameOf(stranger))).toBeUndefined();
  });

  it("a living run renews its own", async () => {
    const store = await storeWith();
    const lock = await lockRun(place(store), "dedupe");
    await vi.advanceTimersByTimeAsync(300 * MINUTE);
    lock.check();
    const [entry] = (
      await Array.fromAsync(store.list(".omnisync/locks", { includeReserved: true }))
    ).flat();
    expect(Date.now() - entry!.storedAt!).toBeLessThan(2 * MINUTE);
    await lock.release();
  });

  it("who cannot renew it, or slept, gives himself up long before others take over", async () => {
    const error = new StorageError("unavailable");
    let isAway = false;
    const store = fault(
      await storeWith(),
      new Faults(() => (isAway ? { kind: "fail-before", error } : undefined)),
    );
    const lock = await lockRun(place(store), "dedupe");
    isAway = true;
    await vi.advanceTimersByTimeAsync(29 * MINUTE);
    lock.check();
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(() => lock.check()).toThrow("is lost");
    isAway = false;
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(() => lock.check()).toThrow("is lost");
    await lock.release();

    const sleeper = await lockRun(place(store), "dedupe");
    vi.setSystemTime(Date.now() + 31 * MINUTE);
    expect(() => sleeper.check()).toThrow("is lost");
    await sleeper.release();
  });

  it("whose lock was taken away by hand stops, and makes no new one", async () => {
    const store = await storeWith();
    const lock = await lockRun(place(store), "dedupe");
    for await (const page of store.list(".omnisync/locks", { includeReserved: true }))
      for (const { path } of page) await store.remove(path);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(() => lock.check()).toThrow("is lost");
    await lock.release();
    expect(await Array.fromAsync(store.list("", { includeReserved: true }))).toEqual([]);
  });

  it("a run whose lock is lost removes nothing more", async () => {
    const store = await storeWith({ a: "x", b: "x", c: "x", d: "x" });
    const slow = intercept(store, {
      rewrap: (view) => view,
      around: async ({ operation, path }, run) => {
        const result = await run();
        if (operation === "remove" && path === "b") vi.setSystemTime(Date.now() + 31 * MINUTE);
        return result;
      },
    });
    expect(await dedupe(slow, "first")).toMatchObject({ removed: 1, changed: 2 });
    expect(Object.keys(await contents(store))).toEqual(["a", "c", "d"]);
  });
});
