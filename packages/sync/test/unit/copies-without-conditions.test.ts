/** A store that holds what it is sent to conditions, and what it copies itself to none: as Ceph and others. */
import { type Driver, MemoryDriver, StorageError } from "@omnisync/storage";
import { expect, it } from "vitest";
import { restoreTrash, sync } from "../../src/index.ts";
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
