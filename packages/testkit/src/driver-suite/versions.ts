import { type Driver, type FileVersion, Storage, type VersionOptions } from "@omnisync/storage";
import { expect } from "vitest";
import { bytesOf, get, getText, inByteOrder, listNames, put, refused } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addVersionTests(suite: Suite): void {
  const { capabilities } = suite;
  if (!capabilities.versions) {
    suite.test("ST-248", "a version that is named is refused", async ({ driver }) => {
      await put(driver, "file", "content");
      await refused(driver.stat("file", { version: "1" }), "unsupported");
      await refused(driver.read("file", { version: "1" }), "unsupported");
      if (driver.copy === undefined) return;
      const source = { driver, path: "file", version: "1" };
      await refused(driver.copy(source, "copy"), "unsupported");
      expect(await driver.stat("copy")).toBeUndefined();
    });
    return;
  }

  suite.test("ST-240 ST-243", "what is replaced stays, newest first", async ({ driver }) => {
    const written = [];
    for (const text of ["1", "two", "three"]) written.unshift(await put(driver, "dir/file", text));
    const versions = await versionsOf(driver, "dir/file");
    expect(versions.map(({ version }) => version)).toEqual(written.map(({ version }) => version));
    expect(versions.map(({ current }) => current)).toEqual([true, false, false]);
    for (const [index, { size, etag }] of written.entries()) {
      expect(versions[index]).toMatchObject({ path: "dir/file", size, etag, deleteMarker: false });
    }
    const { entry, body } = await driver.read("dir/file");
    await body[Symbol.asyncIterator]().return?.();
    const [current] = versions;
    expect([entry.version, (await driver.stat("dir/file"))?.version]).toEqual([
      current?.version,
      current?.version,
    ]);
  });

  suite.test("ST-241 ST-15", "of one file, and of all below a directory", async ({ driver }) => {
    const paths = ["a", "a b+%41", "a/b", "a/b/c", "ab", "ä", "a/.omnisync/x"];
    for (const path of [...paths, ...paths]) await put(driver, path, path);
    const counts = async (path: string, options?: VersionOptions): Promise<string[]> =>
      (await versionsOf(driver, path, options)).map((each) => each.path);
    expect(await counts("a")).toEqual(["a", "a"]);
    expect(await counts("ab")).toEqual(["ab", "ab"]);
    expect(await counts("none")).toEqual([]);
    expect(await counts("none", { recursive: true })).toEqual([]);
    expect(await counts("a", { recursive: true })).toEqual(["a/b", "a/b", "a/b/c", "a/b/c"]);
    const visible = paths.filter((path) => !path.includes(".omnisync"));
    const all = await counts("", { recursive: true });
    expect(all).toEqual(inByteOrder([...visible, ...visible]));
    const options = { recursive: true, includeReserved: true };
    expect(inByteOrder(await counts("", options))).toEqual(inByteOrder([...paths, ...paths]));
    const named = await counts("a/.omnisync", { recursive: true });
    expect(named).toEqual(["a/.omnisync/x", "a/.omnisync/x"]);
    await refused(counts(""), "invalid-path");
  });

  suite.test("ST-242", "an old version is read as it was", async ({ driver }) => {
    const mtime = Date.UTC(2004, 4, 4);
    const kept = capabilities.mtimePrecision === undefined ? {} : { mtime };
    const old = await driver.write("file", bytesOf("old content"), kept);
    await put(driver, "file", "new");
    await driver.remove("file");
    const { version } = old;
    const { storedAt: _, storedBy: _by, ...known } = old;
    expect(await driver.stat("file", { version })).toMatchObject(known);
    const { entry, body } = await driver.read("file", { version });
    expect(entry).toMatchObject(known);
    await body[Symbol.asyncIterator]().return?.();
    expect(await getText(driver, "file", { version })).toBe("old content");
    const range = { offset: 4, length: 3 };
    expect(await getText(driver, "file", { version, range })).toBe("con");
    expect(await get(driver, "file", { version, range: { offset: 99 } })).toHaveLength(0);
    await refused(driver.read("file", { version, ifMatch: "0".repeat(32) }), "precondition-failed");
  });

  suite.test("ST-244", "a version that the path does not have", async ({ driver }) => {
    const { version } = await put(driver, "file", "content");
    await put(driver, "other", "content");
    await put(driver, "other/below", "content");
    const missing = async (path: string, id: string | undefined): Promise<void> => {
      expect(await driver.stat(path, { version: id })).toBeUndefined();
      await refused(driver.read(path, { version: id }), "not-found");
      if (driver.copy === undefined) return;
      await refused(driver.copy({ driver, path, version: id }, "copy"), "not-found");
    };
    await missing("other", version);
    await missing("none", version);
    await driver.remove("file");
    const marker = (await versionsOf(driver, "file")).find((each) => each.deleteMarker);
    if (marker !== undefined) await missing("file", marker.version);
    expect(await driver.stat("copy")).toBeUndefined();
  });

  suite.test("ST-245", "a removed file keeps its versions", async ({ driver }) => {
    const { version } = await put(driver, "file", "content");
    await driver.remove("file");
    expect(await driver.stat("file")).toBeUndefined();
    expect(await listNames(driver)).toEqual([]);
    await refused(driver.read("file"), "not-found");
    const versions = await versionsOf(driver, "file");
    const marker = versions.find((each) => each.deleteMarker);
    expect(versions.filter((each) => !each.deleteMarker)).toMatchObject([
      { version, current: false },
    ]);
    if (marker === undefined) return;
    expect(versions[0]).toMatchObject({ path: "file", current: true, size: 0 });
    await driver.removeVersion!("file", marker.version);
    expect(await getText(driver, "file")).toBe("content");
    expect(await versionsOf(driver, "file")).toMatchObject([{ version, current: true }]);
  });

  suite.test("ST-246", "one version is destroyed, the others stay", async ({ driver }) => {
    const { version } = await put(driver, "file", "one");
    const two = await put(driver, "file", "two");
    const three = await put(driver, "file", "three");
    await driver.removeVersion!("file", two.version as string);
    await driver.removeVersion!("file", two.version as string);
    expect(await getText(driver, "file")).toBe("three");
    expect((await versionsOf(driver, "file")).map((each) => each.version)).toEqual([
      three.version,
      version,
    ]);
    await refused(driver.read("file", { version: two.version }), "not-found");
    await driver.removeVersion!("none", version as string);
    expect(await getText(driver, "file", { version })).toBe("one");
  });

  suite.test("ST-247", "an old version is made current again", async ({ driver }) => {
    const { version } = await put(driver, "file", "old");
    await put(driver, "file", "new");
    const storage = new Storage(driver);
    const restored = await storage.restore("file", version as string);
    expect(await getText(driver, "file")).toBe("old");
    expect(await Array.fromAsync(storage.listVersions("file"))).toHaveLength(3);
    expect((await versionsOf(driver, "file"))[0]?.version).toBe(restored.version);
    await driver.remove("file");
    await storage.restore("file", version as string);
    expect(await getText(driver, "file")).toBe("old");
    if (driver.copy === undefined) return;
    await driver.copy({ driver, path: "file", version }, "elsewhere");
    expect(await getText(driver, "elsewhere")).toBe("old");
  });

  const lists = suite.filled("versions", async (driver) => {
    for (let n = 0; n < 1100; n += 100) {
      const some = Array.from({ length: 100 }, (_, index) => `${n + index}`.padStart(4, "0"));
      await Promise.all(some.map((name) => put(driver, `many/${name}`, "one")));
      await Promise.all(some.map((name) => driver.remove(`many/${name}`)));
    }
  });
  suite.test("ST-249", "more than one page, each once", async () => {
    const driver = await lists();
    const versions = await versionsOf(driver, "", { recursive: true });
    expect(new Set(versions.map(({ path, version }) => `${path} ${version}`)).size).toBe(
      versions.length,
    );
    expect(versions.filter((each) => !each.deleteMarker)).toHaveLength(1100);
    for await (const page of driver.listVersions!("many", { recursive: true })) {
      expect(page.length).toBeLessThanOrEqual(5000);
      break;
    }
  });

  suite.test("ST-3", "aborted", async ({ driver }) => {
    const { version } = await put(driver, "file", "content");
    const signal = AbortSignal.abort();
    await refused(versionsOf(driver, "file", { signal }), "aborted");
    await refused(driver.removeVersion!("file", version as string, { signal }), "aborted");
    expect(await getText(driver, "file", { version })).toBe("content");
  });
}

async function versionsOf(
  driver: Driver,
  path: string,
  options?: VersionOptions,
): Promise<FileVersion[]> {
  return (await Array.fromAsync(driver.listVersions!(path, options))).flat();
}
