import { expect } from "vitest";
import {
  allRefused,
  bytesOf,
  countWinners,
  expectOnly,
  getText,
  heldBody,
  put,
  refused,
  streamOf,
  visible,
} from "./content.ts";
import type { Suite } from "./suite.ts";

const RACERS = 16;

export function addConditionTests(suite: Suite): void {
  const { create, replace, remove } = suite.capabilities.conditions;
  if (create) addCreateTests(suite);
  if (create && replace) addContradictionTests(suite);
  if (replace) addReplaceTests(suite);
  if (remove) addConditionalRemoveTests(suite);
  addUnsupportedTests(suite);
}

function addCreateTests(suite: Suite): void {
  const ifNoneMatch = "*";

  suite.test("ST-100", "creates what is missing, refuses what is there", async ({ driver }) => {
    await driver.write("dir/file", bytesOf("first"), { ifNoneMatch });
    for (const body of [bytesOf("second"), streamOf(bytesOf("second"))])
      await refused(driver.write("dir/file", body, { ifNoneMatch }), "precondition-failed");
    await expectOnly(driver, "dir/file", "first");
    await driver.remove("dir/file");
    await driver.write("dir/file", bytesOf("third"), { ifNoneMatch });
    await expectOnly(driver, "dir/file", "third");
  });

  suite.test("ST-1 ST-100", `of ${RACERS} at once one wins`, async ({ driver, reopen }) => {
    const other = await reopen();
    for (let round = 0; round < 3; round++) {
      const attempts = Array.from({ length: RACERS }, (_, i) =>
        (i % 2 === 0 ? driver : other).write(`race${round}`, bytesOf(`racer ${i}`), {
          ifNoneMatch,
        }),
      );
      expect(await countWinners(attempts, "precondition-failed")).toBe(1);
      const results = await Promise.allSettled(attempts);
      const winner = results.findIndex((result) => result.status === "fulfilled");
      expect(await getText(driver, `race${round}`)).toBe(`racer ${winner}`);
    }
  });

  suite.test("ST-103", "somebody else creates it while the body comes in", async ({ driver }) => {
    const { body, reached, release } = heldBody(bytesOf("slow "), bytesOf("write"));
    const writing = driver.write("file", body, { ifNoneMatch });
    await Promise.race([reached, writing]);
    await put(driver, "file", "quick");
    release();
    await refused(writing, "precondition-failed");
    await expectOnly(driver, "file", "quick");
  });
}

/** Of every method that takes both. */
function addContradictionTests(suite: Suite): void {
  suite.test("ST-105", "both conditions at once", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "file", "old");
    const both = { ifMatch, ifNoneMatch: "*" } as const;
    const source = { driver, path: "file" };
    const upload = await driver.multipart?.create("upload");
    const part = await driver.multipart?.putPart(upload!, 1, bytesOf("x"));
    const calls: readonly (Promise<unknown> | undefined)[] = [
      driver.write("file", bytesOf("x"), both),
      driver.write("new", streamOf(bytesOf("x")), both),
      driver.copy?.(source, "new", both),
      driver.setAttributes?.("file", { mtime: 0 }, both),
      driver.writeLink?.("new", "file", both),
      driver.makeSpecial?.("new", { type: "fifo" }, both),
      driver.hardLink?.("file", "new", both),
      driver.patch?.("file", both),
      driver.multipart?.create("new", both),
      driver.multipart?.complete(upload!, [part!], both),
    ];
    await allRefused(calls, "invalid-argument");
    await driver.multipart?.abort(upload!);
    await expectOnly(driver, "file", "old");
  });
}

function addReplaceTests(suite: Suite): void {
  suite.test("ST-101", "replaces only what was seen", async ({ driver }) => {
    const first = await put(driver, "file", "first");
    const second = await driver.write("file", bytesOf("second"), { ifMatch: first.etag });
    for (const body of [bytesOf("third"), streamOf(bytesOf("third"))])
      await refused(driver.write("file", body, { ifMatch: first.etag }), "precondition-failed");
    await expectOnly(driver, "file", "second");
    await driver.write("file", streamOf(bytesOf("fourth")), { ifMatch: second.etag });
    await expectOnly(driver, "file", "fourth");
  });

  suite.test("ST-101", "a missing file matches nothing", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "file", "x");
    await driver.remove("file");
    await refused(driver.write("file", bytesOf("y"), { ifMatch }), "precondition-failed");
    await refused(driver.write("none", bytesOf("y"), { ifMatch }), "precondition-failed");
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-1 ST-101", `of ${RACERS} at once one wins`, async ({ driver, reopen }) => {
    const other = await reopen();
    let { etag: ifMatch } = await put(driver, "file", "start");
    for (let round = 0; round < 3; round++) {
      const attempts = Array.from({ length: RACERS }, (_, i) =>
        (i % 2 === 0 ? driver : other).write("file", bytesOf(`round ${round} racer ${i}`), {
          ifMatch,
        }),
      );
      expect(await countWinners(attempts, "precondition-failed")).toBe(1);
      const won = await Promise.any(attempts);
      expect((await driver.stat("file"))?.etag).toBe(won.etag);
      ifMatch = won.etag;
    }
  });

  suite.test("ST-103", "somebody else replaces it while the body comes in", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "file", "old");
    const { body, reached, release } = heldBody(bytesOf("slow "), bytesOf("write"));
    const writing = driver.write("file", body, { ifMatch });
    await Promise.race([reached, writing]);
    await put(driver, "file", "quick");
    release();
    await refused(writing, "precondition-failed");
    await expectOnly(driver, "file", "quick");
  });
}

function addConditionalRemoveTests(suite: Suite): void {
  suite.test("ST-102", "removes only what was seen", async ({ driver }) => {
    const first = await put(driver, "file", "first");
    const second = await put(driver, "file", "second");
    await refused(driver.remove("file", { ifMatch: first.etag }), "precondition-failed");
    await expectOnly(driver, "file", "second");
    await driver.remove("file", { ifMatch: second.etag });
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-102", "missing is refused", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "file", "x");
    await driver.remove("file");
    await refused(driver.remove("file", { ifMatch }), "precondition-failed");
    await refused(driver.remove("none/none", { ifMatch }), "precondition-failed");
  });
}

function addUnsupportedTests(suite: Suite): void {
  const { create, replace, remove } = suite.capabilities.conditions;

  suite.test("ST-104", "a condition that is not claimed is refused", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "file", "old");
    if (!create) {
      for (const path of ["file", "new"])
        await refused(driver.write(path, bytesOf("x"), { ifNoneMatch: "*" }), "unsupported");
    }
    if (!replace) await refused(driver.write("file", bytesOf("x"), { ifMatch }), "unsupported");
    if (!remove) await refused(driver.remove("file", { ifMatch }), "unsupported");
    await expectOnly(driver, "file", "old");
  });
}
