import { type Driver, FileDriver } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { emptyTrash, listTrash, listTrashRuns, restoreTrash, sync } from "@omnisync/sync";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

const scratch: string[] = [];
afterEach(() => {
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const STORES: Readonly<Record<string, () => Promise<Driver>>> = {
  "copied by the store": () => storeWith(),
  "read and written": async () => disable(await storeWith(), "copy", "completeList"),
  "on a disk": async () => {
    const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    scratch.push(root);
    return new FileDriver({ root });
  },
};

async function files(driver: Driver): Promise<Record<string, string>> {
  const all = Object.entries(await contents(driver));
  return Object.fromEntries(all.filter(([path]) => !path.endsWith("/")));
}

async function trashed(driver: Driver): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of listTrash(place(driver))) found.push(path);
  return found;
}

describe.each(Object.keys(STORES))("trash that is %s", (name) => {
  /** A run that replaced `a` and removed `d/x` and `gone`. */
  async function scene(): Promise<Driver> {
    const driver = await STORES[name]!();
    for (const [path, text] of Object.entries({ a: "old", "d/x": "extra", gone: "g", same: "s" })) {
      await driver.write(path, bytes(text), { mtime: T0 });
    }
    const source = await storeWith({ a: "newer", same: "s" }, { mtime: T0 + 60_000 });
    await source.write("same", bytes("s"), { mtime: T0 });
    await sync(place(source), place(driver), { delete: true, trash: true });
    expect(await files(driver)).toEqual({ a: "newer", same: "s" });
    return driver;
  }

  it("[SY-266] is listed by run, hidden from all else", async () => {
    const driver = await scene();
    const found = [];
    for await (const { path, run } of listTrash(place(driver))) found.push([path, run.name]);
    const runs = await listTrashRuns(place(driver));
    expect(runs).toHaveLength(1);
    expect(Math.abs(runs[0]!.time - Date.now())).toBeLessThan(60_000);
    expect(found.map(([path]) => path)).toEqual(["a", "d/x", "gone"]);
  });

  it("[SY-267] is put back with its times, but not over something newer", async () => {
    const driver = await scene();
    expect(await restoreTrash(place(driver))).toMatchObject({ restored: 2, newer: 1, failed: 0 });
    expect(await files(driver)).toEqual({ a: "newer", "d/x": "extra", gone: "g", same: "s" });
    expect((await driver.stat("d/x"))?.mtime).toBe(T0);
    expect(await trashed(driver)).toEqual(["a"]);
  });

  it("[SY-267] over something newer only when told, and that goes to the trash", async () => {
    const driver = await scene();
    const done = await restoreTrash(place(driver), { overwrite: true, paths: ["a", "d"] });
    expect(done).toMatchObject({ restored: 2, newer: 0, failed: 0 });
    expect(await files(driver)).toEqual({ a: "old", "d/x": "extra", same: "s" });
    expect((await trashed(driver)).toSorted()).toEqual(["a", "gone"]);
    expect(await listTrashRuns(place(driver))).toHaveLength(2);
  });

  it("[SY-268] is emptied by age", async () => {
    const driver = await scene();
    const place_ = place(driver);
    expect(await emptyTrash(place_, { before: Date.now() - 60_000 })).toMatchObject({ removed: 0 });
    expect(await emptyTrash(place_, { dryRun: true })).toMatchObject({ removed: 3 });
    expect(await trashed(driver)).toHaveLength(3);
    const done = await emptyTrash(place_, { before: Date.now() + 60_000 });
    expect(done).toEqual({ restored: 0, newer: 0, removed: 3, failed: 0, bytes: 9 });
    expect(await trashed(driver)).toEqual([]);
    if (driver instanceof FileDriver)
      expect(existsSync(join(driver.root, ".omnisync/trash"))).toBe(false);
    await expect(restoreTrash(place_)).rejects.toMatchObject({ code: "not-found" });
  });

  it("[SY-268] a dry run of restoring changes nothing", async () => {
    const driver = await scene();
    const before = await files(driver);
    expect(await restoreTrash(place(driver), { dryRun: true })).toMatchObject({ restored: 2 });
    expect(await files(driver)).toEqual(before);
    expect(await trashed(driver)).toHaveLength(3);
  });

  it("[SY-266] a place that does not exist has no empty trash", async () => {
    const missing = new FileDriver({ root: "/nonexistent/omnisync" });
    await expect(listTrashRuns(place(missing))).rejects.toMatchObject({ code: "not-found" });
    await missing.close();
  });
});
