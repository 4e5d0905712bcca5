import { expect } from "vitest";
import {
  bytesOf,
  countWinners,
  expectBytes,
  expectOnly,
  expectStatOf,
  get,
  getText,
  noise,
  put,
  refused,
  visible,
} from "./content.ts";
import { ODD_NAMES } from "./odd-names.ts";
import type { Suite } from "./suite.ts";

export function addCopyTests(suite: Suite): void {
  const { capabilities } = suite;
  if (!capabilities.copy) return;
  const mtime = Date.UTC(2003, 3, 3);
  const kept = {
    ...(capabilities.mtimePrecision === undefined ? {} : { mtime }),
    ...(capabilities.contentType ? { contentType: "text/x-one" } : {}),
    ...(capabilities.metadata ? { metadata: { color: "red", umlaut: "ü" } } : {}),
  };

  suite.test("ST-130", "content and attributes", async ({ driver }) => {
    const source = { driver, path: "source" };
    await driver.write("source", bytesOf("content"), kept);
    const entry = await driver.copy!(source, "dir/copy");
    expect(entry).toMatchObject({ ...kept, path: "dir/copy", kind: "file", size: 7 });
    await expectStatOf(driver, entry);
    expect(await getText(driver, "dir/copy")).toBe("content");
    expect(await getText(driver, "source")).toBe("content");
  });

  suite.test("ST-130", "attributes given replace those of the source", async ({ driver }) => {
    await driver.write("source", bytesOf("content"), kept);
    await put(driver, "copy", "replaced");
    const later = Date.UTC(2010, 1, 1);
    const copied = await driver.copy!({ driver, path: "source" }, "copy", { mtime: later });
    expect(copied).toMatchObject({ ...kept, ...("mtime" in kept ? { mtime: later } : {}) });
    if (capabilities.metadata) {
      const metadata = { shape: "round" };
      const other = await driver.copy!({ driver, path: "source" }, "other", { metadata });
      expect(other).toMatchObject({ ...kept, metadata });
      expect(other.metadata).toEqual(metadata);
    }
    expect(await driver.stat("source")).toMatchObject(kept);
  });

  suite.test("ST-12 ST-130", "odd names", async ({ driver }) => {
    await Promise.all(
      ODD_NAMES.map(async (name) => {
        await put(driver, `from/${name}`, name);
        await driver.copy!({ driver, path: `from/${name}` }, `to/${name}`);
        expect(await getText(driver, `to/${name}`), JSON.stringify(name)).toBe(name);
      }),
    );
  });

  suite.test("ST-130", "a large file, and an empty one", async ({ driver }) => {
    await driver.write("large", noise(9_000_001));
    await driver.copy!({ driver, path: "large" }, "copy");
    expectBytes(await get(driver, "copy"), noise(9_000_001));
    await put(driver, "empty", "");
    expect((await driver.copy!({ driver, path: "empty" }, "copy")).size).toBe(0);
    expect(await getText(driver, "copy")).toBe("");
  });

  suite.test("ST-131", "missing source, and a path onto itself", async ({ driver }) => {
    await put(driver, "file", "content");
    await refused(driver.copy!({ driver, path: "none" }, "file"), "not-found");
    await refused(driver.copy!({ driver, path: "file" }, "file"), "invalid-argument");
    await expectOnly(driver, "file", "content");
  });

  if (capabilities.symlinks) {
    suite.test("ST-136", "a link", async ({ driver }) => {
      await driver.writeLink!("link", "no/where");
      await put(driver, "copy", "replaced");
      const entry = await driver.copy!({ driver, path: "link" }, "copy");
      expect(entry).toMatchObject({ path: "copy", kind: "symlink", size: 8 });
      expect(await driver.readLink!("copy")).toBe("no/where");
      if (capabilities.conditions.copySource) {
        const other = { driver, path: "link", ifMatch: "other" };
        await refused(driver.copy!(other, "copy"), "precondition-failed");
      }
      expect(await visible(driver)).toEqual(["copy", "link"]);
    });
  }

  suite.test("ST-132", "only the source that was seen", async ({ driver }) => {
    const { etag: ifMatch } = await put(driver, "source", "old");
    const source = { driver, path: "source", ifMatch };
    if (!capabilities.conditions.copySource) {
      await refused(driver.copy!(source, "copy"), "unsupported");
      return;
    }
    await driver.copy!(source, "copy");
    await put(driver, "source", "new");
    await refused(driver.copy!(source, "copy"), "precondition-failed");
    expect(await getText(driver, "copy")).toBe("old");
  });

  suite.test("ST-133 ST-104", "conditions on the target", async ({ driver }) => {
    await put(driver, "source", "content");
    const old = await put(driver, "copy", "old");
    const source = { driver, path: "source" };
    const code = capabilities.conditions.copyTarget ? "precondition-failed" : "unsupported";
    await refused(driver.copy!(source, "copy", { ifNoneMatch: "*" }), code);
    expect(await getText(driver, "copy")).toBe("old");
    await put(driver, "copy", "changed");
    await refused(driver.copy!(source, "copy", { ifMatch: old.etag }), code);
    expect(await getText(driver, "copy")).toBe("changed");
  });

  if (capabilities.conditions.copyTarget) {
    suite.test("ST-1 ST-133", "16 copies to one new path", async ({ driver }) => {
      await put(driver, "source", "content");
      const source = { driver, path: "source" };
      const attempts = Array.from({ length: 16 }, () =>
        driver.copy!(source, "copy", { ifNoneMatch: "*" }),
      );
      expect(await countWinners(attempts, "precondition-failed")).toBe(1);
    });
  }

  suite.test("ST-134", "from another root, and another store", async ({ driver, openOther }) => {
    const other = await openOther();
    await put(other, "source", "from afar");
    const source = { driver: other, path: "source" };
    if (driver.canCopyFrom!(other)) {
      await driver.copy!(source, "copy");
      expect(await getText(driver, "copy")).toBe("from afar");
    } else {
      await refused(driver.copy!(source, "copy"), "unsupported");
      expect(await visible(driver)).toEqual([]);
    }
    expect(driver.canCopyFrom!(driver)).toBe(true);
  });

  suite.test("ST-3", "aborted", async ({ driver }) => {
    await put(driver, "source", "content");
    const signal = AbortSignal.abort();
    await refused(driver.copy!({ driver, path: "source" }, "copy", { signal }), "aborted");
    await expectOnly(driver, "source", "content");
  });
}
