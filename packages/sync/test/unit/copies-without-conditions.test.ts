/** A store that holds what it is sent to conditions, and what it copies itself to none: as Ceph and others. */
import { type Driver, MemoryDriver, StorageError } from "@omnisync/storage";
import { expect, it } from "vitest";
import { restoreTrash, sync } from "../../src/index.ts";
import { duplicate } from "../../src/run/duplicate.ts";
import { T0, bytes, contents, place } from "../stores.ts";

function withoutTarget(): Driver {
  const driver = new MemoryDriver();
  const copy = driver.copy.bind(driver);
  driver.copy = async (source, path, options) => {
    if (options?.ifMatch === undefined && options?.ifNoneMatch === undefined)
      return copy(source, path, options);
    throw new StorageError("unsupported", { path, message: "no condition on the target" });
  };
  const { capabilities } = driver;
  const conditions = { ...capabilities.conditions, copyTarget: false };
  return Object.defineProperty(driver, "capabilities", { value: { ...capabilities, conditions } });
}

it("[SY-388] copies within a store, backups and what is restored of them need no condition of it", async () => {
  const driver = withoutTarget();
  for (const [path, text] of Object.entries({ "a/one": "1", "a/two": "2", "b/two": "old!" })) {
    await driver.write(path, bytes(text), { mtime: T0 });
  }
  const report = await sync(place(driver, "a"), place(driver, "b"), { trash: true });
  expect(report).toMatchObject({ failures: [], created: 1, replaced: 1, bytesTransferred: 0 });
  expect(await contents(driver, "b")).toEqual({ "b/one": "1", "b/two": "2" });
  expect(await restoreTrash(place(driver, "b"))).toMatchObject({ restored: 0, newer: 1 });
  await driver.remove("b/two");
  expect(await restoreTrash(place(driver, "b"))).toMatchObject({ restored: 1, failed: 0 });
  expect(await contents(driver, "b")).toEqual({ "b/one": "1", "b/two": "old!" });
});

it("[SY-388] what may not replace anything replaces nothing", async () => {
  const driver = withoutTarget();
  const entry = await driver.write("from", bytes("new"));
  const old = await driver.write("to", bytes("old"));
  const paths = { from: driver, fromPath: "from", entry, to: driver, toPath: "to", mayLink: false };
  for (const options of [{ ifNoneMatch: "*" }, { ifMatch: "another" }] as const) {
    const refused = duplicate({ ...paths, options });
    await expect(refused).rejects.toMatchObject({ code: "precondition-failed", path: "to" });
  }
  expect((await contents(driver))["to"]).toBe("old");
  await duplicate({ ...paths, options: { ifMatch: old.etag } });
  await duplicate({ ...paths, toPath: "free", options: { ifNoneMatch: "*" } });
  expect(await contents(driver)).toEqual({ from: "new", to: "new", free: "new" });
});
