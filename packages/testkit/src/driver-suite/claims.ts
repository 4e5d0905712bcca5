/** What a driver says of itself, against what it has. */
import { type Abilities, type Capabilities, HASH_NAMES } from "@omnisync/storage";
import { expect } from "vitest";
import { put, visible } from "./content.ts";
import type { Suite } from "./suite.ts";

/** The methods of each ability; `mkdir` and `rmdir` go together and have no capability. */
const METHODS: readonly (readonly [keyof Abilities, (c: Capabilities) => boolean])[] = [
  ["copy", (c) => c.copy !== undefined],
  ["move", (c) => c.move],
  ["setAttributes", (c) => c.setAttributes],
  ["readLink", (c) => c.symlinks !== undefined],
  ["writeLink", (c) => c.symlinks !== undefined],
  ["makeSpecial", (c) => c.specials],
  ["multipart", (c) => c.multipart !== undefined],
  ["stage", (c) => c.stage],
  ["readBlock", (c) => c.readBlock],
  ["presign", (c) => c.presign],
  ["removeMany", (c) => c.removeMany !== undefined],
  ["about", (c) => c.about],
  ["listVersions", (c) => c.versions],
  ["removeVersion", (c) => c.versions],
  ["watch", (c) => c.watch],
];

export function addClaimTests(suite: Suite): void {
  suite.test("ST-220", "methods are there as claimed", async ({ driver }) => {
    const { capabilities } = driver;
    for (const [method, claimed] of METHODS)
      expect(driver[method] !== undefined, method).toBe(claimed(capabilities));
    expect(driver.mkdir !== undefined).toBe(driver.rmdir !== undefined);
    if (capabilities.directories) expect(driver.mkdir).toBeDefined();
    if (capabilities.copy || capabilities.copyPart) expect(driver.canCopyFrom).toBeDefined();
    if (capabilities.copyPart) expect(capabilities.multipart).toBeDefined();
  });

  suite.test("ST-221", "limits are sound", async ({ driver }) => {
    const { capabilities } = driver;
    const { multipart, maxPathBytes, maxNameBytes, maxSize, removeMany, mtimePrecision } =
      capabilities;
    for (const limit of [maxPathBytes, maxNameBytes, maxSize, removeMany, capabilities.concurrency])
      if (limit !== undefined) expect(Number.isSafeInteger(limit) && limit > 0).toBe(true);
    if (mtimePrecision !== undefined) expect(mtimePrecision).toBeGreaterThan(0);
    expect(HASH_NAMES).toEqual(expect.arrayContaining([...capabilities.hashes]));
    if (multipart === undefined) return;
    expect(multipart.minPartSize).toBeGreaterThan(0);
    expect(multipart.minPartSize).toBeLessThanOrEqual(multipart.maxPartSize);
    expect(multipart.maxParts).toBeGreaterThan(0);
  });

  suite.test("ST-211 ST-222", "probe, and what it leaves behind", async ({ driver }) => {
    const before = { ...driver.capabilities };
    await put(driver, "file", "x");
    if (driver.probe !== undefined) {
      const probed = await driver.probe();
      expect(await driver.probe()).toEqual(probed);
      expect(driver.capabilities).toEqual(probed);
    }
    expect(driver.capabilities).toEqual(before);
    expect(await visible(driver)).toEqual(["file"]);
  });

  suite.test("ST-5", "name and id", async ({ driver, reopen, openOther }) => {
    expect(driver.name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(driver.id).toMatch(/^[a-z][a-z0-9+.-]*:\/\//);
    expect(driver.id).not.toMatch(/:\/\/[^/]*@/);
    expect((await reopen()).id).toBe(driver.id);
    expect((await openOther()).id).not.toBe(driver.id);
  });
}
