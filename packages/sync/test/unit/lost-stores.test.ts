/** A store that does not accept the credentials any more, or gives no answer: the run ends, it does not fail file by file. */
import {
  type Driver,
  type ErrorCode,
  FileDriver,
  type MemoryDriver,
  StorageError,
} from "@omnisync/storage";
import { type Fault, Faults, disable, fault } from "@omnisync/storage/layers";
import { type SyncOptions, applyPlan, check, diff, plan, sync } from "@omnisync/sync";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RunEnd } from "../../src/limits/run-end.ts";
import { T0, contents, place, storeWith } from "../stores.ts";

const FILES = filesOf(3000);
const JOBS = 8;
/** Begun when the store was lost: each fails for itself. */
const UNDER_WAY = 4 * JOBS;

const LOST: readonly [ErrorCode, string, number][] = [
  ["unauthenticated", "unauthenticated", 1],
  ["unavailable", "unavailable", 10],
  ["timeout", "unavailable", 10],
  ["throttled", "unavailable", 10],
];

const WAYS: readonly [string, SyncOptions][] = [
  ["copy", {}],
  ["move", { move: true }],
  ["sync", { delete: true, ignoreErrors: true }],
  ["delayed updates", { delayUpdates: true }],
  ["removals during", { delete: true, deleteTiming: "during" }],
];

function filesOf(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${String(i).padStart(4, "0")}`, "x"]),
  );
}

/** A store of which each call of an operation fails after `good` of them. */
function lostAfter(
  driver: Driver,
  good: number,
  code: ErrorCode,
  ...operations: readonly string[]
): { readonly driver: Driver; readonly faults: Faults } {
  const broken: Fault = { kind: "fail-before", error: new StorageError(code) };
  const faults = new Faults(({ operation, n }) =>
    operations.includes(operation) && n > good ? broken : undefined,
  );
  return { driver: fault(driver, faults), faults };
}

async function differing(count: number): Promise<[MemoryDriver, MemoryDriver]> {
  const files = filesOf(count);
  return [await storeWith(files, { mtime: T0 + 60_000 }), await storeWith(files)];
}

describe.each(LOST)("[SY-371] a store that answers %s", (code, ended, tries) => {
  it.each(WAYS)("ends a run: %s", async (_, options) => {
    const source = await storeWith(FILES);
    const destination = await storeWith({ extra: "x" });
    const { driver, faults } = lostAfter(destination, 50, code, "write", "move", "remove", "rmdir");
    const wishes = { jobs: JOBS, ...options };
    const report = await sync(place(source), place(driver), wishes);
    expect(report).toMatchObject({ ended, removed: 0 });
    expect(report.failed).toBeGreaterThanOrEqual(tries);
    // The source answers all the while: what it removes between the failures ends their row.
    const between = options.move ? 2 * UNDER_WAY : UNDER_WAY;
    expect(report.failed).toBeLessThanOrEqual(tries + between);
    const writes = faults.calls.filter(({ operation }) => operation === "write");
    expect(writes.length).toBeLessThanOrEqual(50 + tries + between);
    expect(await destination.stat("extra")).toBeDefined();
    if (options.delete && options.deleteTiming === undefined)
      expect(report).toMatchObject({ withheld: "ended-early", withheldCount: 1 });
  });

  it("ends a run whose source it is, and one that compares", async () => {
    const [source, destination] = await differing(500);
    const { driver, faults } = lostAfter(source, 50, code, "stat", "read", "readBlock");
    const wishes = { jobs: JOBS, update: true };
    const report = await sync(place(disable(driver, "completeList")), place(destination), wishes);
    expect(report.ended).toBe(ended);
    expect(report.failed).toBeLessThanOrEqual(tries + UNDER_WAY);
    expect(faults.calls.length).toBeLessThan(200);
  });

  it("ends the removals, and the rest are told to stay", async () => {
    const destination = await storeWith({ a: "1", ...FILES });
    const { driver } = lostAfter(destination, 50, code, "remove");
    const report = await sync(place(await storeWith({ a: "1" })), place(driver), { delete: true });
    expect(report).toMatchObject({ ended, withheld: "ended-early" });
    expect(report.removed).toBeLessThanOrEqual(50);
    expect(report.failed).toBeLessThanOrEqual(tries + 16);
    expect(report.removed + report.failed + report.withheldCount).toBe(3000);
  });

  it("sets no times of directories", async () => {
    const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    const [source, destination] = ["s", "d"].map(
      (name) => new FileDriver({ root: join(root, name) }),
    );
    for (let i = 0; i < 100; i++) mkdirSync(join(root, `s/d${i}`), { recursive: true });
    const { driver } = lostAfter(destination!, 20, code, "setAttributes");
    const report = await sync(place(source!), place(driver), { jobs: JOBS });
    expect(report).toMatchObject({ ended, directoriesCreated: 100, failed: tries });
    await Promise.all([source!.close(), destination!.close()]);
    rmSync(root, { recursive: true });
  });

  it("ends the application of a plan, and applying again goes on", async () => {
    const source = await storeWith(FILES);
    const destination = await storeWith({ extra: "x" });
    const made = await plan(place(source), place(destination), {
      delete: true,
      ignoreErrors: true,
    });
    const { driver } = lostAfter(destination, 50, code, "write");
    const report = await applyPlan(made, place(source), place(driver), { jobs: JOBS });
    expect(report).toMatchObject({ ended, withheld: "ended-early", removed: 0 });
    expect(report.failed).toBeLessThanOrEqual(tries + UNDER_WAY);
    expect(await applyPlan(made, place(source), place(destination))).toMatchObject({ failed: 0 });
    await made.close();
    expect(await contents(destination)).toEqual(FILES);
  });

  it("ends a plan, of which half is none", async () => {
    const [source, destination] = await differing(500);
    const { driver } = lostAfter(source, 50, code, "stat", "read", "readBlock");
    const planning = plan(place(disable(driver, "completeList")), place(destination), {});
    await expect(planning).rejects.toMatchObject({ code });
  });

  it("ends a check with its error, and diff", async () => {
    const [source, destination] = await differing(500);
    const { driver, faults } = lostAfter(source, 50, code, "read", "readBlock");
    let errors = 0;
    const checking = check(place(driver), place(destination), {
      download: true,
      jobs: JOBS,
      onEvent: ({ kind }) => void (errors += kind === "error" ? 1 : 0),
    });
    await expect(checking).rejects.toMatchObject({ code });
    expect(errors).toBe(tries - 1);
    expect(faults.calls.length).toBeLessThan(200);
    await expect(async () => {
      for await (const _ of diff(place(driver), place(destination), { download: true }));
    }).rejects.toMatchObject({ code });
  });
});

describe("[SY-371] what ends no run", () => {
  it("a file that may not be written", async () => {
    const { driver } = lostAfter(await storeWith(), 50, "permission-denied", "write");
    const report = await sync(place(await storeWith(filesOf(100))), place(driver));
    expect(report).toMatchObject({ created: 50, failed: 50 });
    expect(report.ended).toBeUndefined();
  });

  it("failures with a success between", async () => {
    const error = new StorageError("unavailable");
    const faults = new Faults(({ operation, n }) =>
      operation === "write" && n % 9 !== 0 ? { kind: "fail-before", error } : undefined,
    );
    const to = fault(await storeWith(), faults);
    const report = await sync(place(await storeWith(filesOf(100))), place(to), { jobs: 1 });
    expect(report).toMatchObject({ created: 11, failed: 89 });
    expect(report.ended).toBeUndefined();
  });

  it("files of a disk that are in use", () => {
    const end = new RunEnd({});
    const cause = Object.assign(new Error("busy"), { code: "EBUSY" });
    for (let i = 0; i < 20; i++) end.failed(new StorageError("unavailable", { cause }));
    expect(end.reason).toBeUndefined();
  });
});

it("[SY-371] a store that is lost counts for more than a limit", () => {
  const end = new RunEnd({ maxErrors: 0 });
  end.failed(new StorageError("not-found"));
  expect([end.reason, end.isStoreLost]).toEqual(["max-errors", false]);
  end.failed(new StorageError("unauthenticated"));
  expect([end.reason, end.isStoreLost]).toEqual(["unauthenticated", true]);
});
