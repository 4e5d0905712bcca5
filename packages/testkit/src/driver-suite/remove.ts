import { expect } from "vitest";
import { expectOnly, listNames, put, putAll, refused, visible } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addRemoveTests(suite: Suite): void {
  const { capabilities } = suite;

  suite.test("ST-90", "removed is gone, and may be removed again", async ({ driver, reopen }) => {
    const other = await reopen();
    await putAll(driver, ["dir/one", "dir/two"]);
    await driver.remove("dir/one");
    for (const each of [driver, other]) {
      expect(await each.stat("dir/one")).toBeUndefined();
      await refused(each.read("dir/one"), "not-found");
      expect(await listNames(each, "dir")).toEqual(["dir/two"]);
      await each.remove("dir/one");
    }
  });

  suite.test("ST-90", "missing is success", async ({ driver }) => {
    await put(driver, "file", "x");
    for (const path of ["none", "none/none", "file/below"]) await driver.remove(path);
    await expectOnly(driver, "file", "x");
  });

  suite.test("ST-1 ST-90", "16 at once", async ({ driver }) => {
    await put(driver, "file", "x");
    await Promise.all(Array.from({ length: 16 }, () => driver.remove("file")));
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-91", "what is beside and below stays", async ({ driver }) => {
    const beside = ["file.txt", "file0", "fil", "file!/x"];
    const below = capabilities.fileAndDirectory ? ["file/below"] : [];
    await putAll(driver, ["file", ...beside, ...below]);
    await driver.remove("file");
    expect(new Set(await visible(driver))).toEqual(new Set([...beside, ...below]));
  });

  suite.test("ST-91", "a directory is never removed", async ({ driver }) => {
    await putAll(driver, ["dir/file", "dir/sub/file"]);
    for (const path of ["dir", "dir/sub"]) {
      if (capabilities.fileAndDirectory) await driver.remove(path);
      else await refused(driver.remove(path), "is-a-directory");
    }
    expect(await visible(driver)).toEqual(["dir/file", "dir/sub/file"]);
  });

  suite.test("ST-3", "aborted", async ({ driver }) => {
    await put(driver, "file", "x");
    await refused(driver.remove("file", { signal: AbortSignal.abort() }), "aborted");
    await expectOnly(driver, "file", "x");
  });
}
