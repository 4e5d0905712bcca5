import { expect } from "vitest";
import { expectOnly, put, putAll, refused, visible } from "./content.ts";
import { ODD_NAMES } from "./odd-names.ts";
import type { Suite } from "./suite.ts";

export function addRemoveManyTests(suite: Suite): void {
  const limit = suite.capabilities.removeMany;
  if (limit === undefined) return;

  suite.test(
    "ST-200",
    `more than the ${limit} of one request, some missing`,
    async ({ driver }) => {
      const there = Array.from({ length: 300 }, (_, i) => `dir/there${i}`);
      await putAll(driver, [...there, "dir/stays", "dir/there"]);
      const count = Math.min(limit, 2000) + 200 - there.length;
      const missing = Array.from({ length: Math.max(count, 1) }, (_, i) => `dir/missing${i}`);
      // The files that exist lie at both ends, so that the last request matters.
      const paths = [...there.slice(0, 150), ...missing, ...there.slice(150)];
      expect(await driver.removeMany!(paths)).toEqual([]);
      expect(await visible(driver)).toEqual(["dir/stays", "dir/there"]);
    },
  );

  suite.test("ST-12 ST-200", "odd names", async ({ driver }) => {
    await putAll(driver, [...ODD_NAMES, "stays"]);
    expect(await driver.removeMany!(ODD_NAMES)).toEqual([]);
    await expectOnly(driver, "stays", "stays");
  });

  suite.test("ST-200", "none at all, and one twice", async ({ driver }) => {
    expect(await driver.removeMany!([])).toEqual([]);
    await put(driver, "file", "x");
    expect(await driver.removeMany!(["file", "file"])).toEqual([]);
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-10 ST-200", "one bad path: nothing is removed", async ({ driver }) => {
    await put(driver, "file", "x");
    await refused(driver.removeMany!(["file", "../file"]), "invalid-path");
    await refused(driver.removeMany!(["file", ""]), "invalid-path");
    await expectOnly(driver, "file", "x");
  });

  suite.test(
    "ST-91 ST-201",
    "directories stay, and are reported where they can be",
    async ({ driver }) => {
      await putAll(driver, ["dir/file", "file"]);
      const failures = await driver.removeMany!(["dir", "file"]);
      expect(await visible(driver)).toEqual(["dir/file"]);
      const expected = suite.capabilities.fileAndDirectory ? [] : [["dir", "is-a-directory"]];
      expect(failures.map(({ path, code }) => [path, code])).toEqual(expected);
    },
  );

  suite.test("ST-3", "aborted", async ({ driver }) => {
    await put(driver, "file", "x");
    await refused(driver.removeMany!(["file"], { signal: AbortSignal.abort() }), "aborted");
    await expectOnly(driver, "file", "x");
  });
}
