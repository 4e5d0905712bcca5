import { expect } from "vitest";
import { expectOnly, listNames, put, refused } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addDirectoryTests(suite: Suite): void {
  const { capabilities } = suite;

  suite.test("ST-114", "a directory whose last file is removed", async ({ driver }) => {
    await put(driver, "dir/file", "x");
    await driver.remove("dir/file");
    const entry = await driver.stat("dir");
    if (capabilities.directories) expect(entry?.kind).toBe("directory");
    else expect(entry).toBeUndefined();
  });

  if (!suite.has("mkdir")) return;

  suite.test("ST-110 ST-111", "an empty directory", async ({ driver }) => {
    await driver.mkdir!("one");
    await driver.mkdir!("one/two");
    expect(await driver.stat("one/two")).toMatchObject({
      path: "one/two",
      kind: "directory",
      size: 0,
    });
    expect(await listNames(driver)).toEqual(["one/"]);
    expect(await listNames(driver, "one")).toEqual(["one/two/"]);
    expect(await listNames(driver, "one/two")).toEqual([]);
    expect(await listNames(driver, "", { recursive: true })).toEqual(["one/", "one/two/"]);
    expect(await listNames(driver, "one/two", { recursive: true })).toEqual([]);
  });

  suite.test("ST-110", "parents, and again", async ({ driver }) => {
    await driver.mkdir!("a/b/c");
    expect((await driver.stat("a/b"))?.kind).toBe("directory");
    await put(driver, "a/b/c/file", "x");
    await driver.mkdir!("a/b/c");
    await driver.mkdir!("a");
    await expectOnly(driver, "a/b/c/file", "x");
  });

  suite.test("ST-185", "the place itself", async ({ driver }) => {
    await driver.mkdir!("");
    expect(await driver.stat("")).toMatchObject({ path: "", kind: "directory", size: 0 });
    expect(await listNames(driver, "", { recursive: true })).toEqual([]);
    await put(driver, "a/file", "x");
    await driver.mkdir!("");
    await expectOnly(driver, "a/file", "x");
  });

  if (capabilities.mode) {
    suite.test(
      "ST-281",
      "one that exists gets what is given and keeps the rest",
      async ({ driver }) => {
        await driver.mkdir!("dir", { mode: 0o750, mtime: 1_000_000 });
        await driver.mkdir!("dir", { mode: 0o700 });
        expect(await driver.stat("dir")).toMatchObject({ kind: "directory", mode: 0o700 });
        await driver.mkdir!("dir");
        expect(await driver.stat("dir")).toMatchObject({ kind: "directory", mode: 0o700 });
        if (!capabilities.directories) {
          expect(await driver.stat("dir")).toMatchObject({ mtime: 1_000_000 });
        }
      },
    );
  }

  suite.test("ST-280", "looked at as a directory", async ({ driver }) => {
    const directory = true;
    await driver.mkdir!("marked", { mtime: 1_000_000 });
    await put(driver, "marked/file", "x");
    await put(driver, "implied/file", "x");
    for (const path of ["marked", "implied"]) {
      expect(await driver.stat(path, { directory })).toEqual(await driver.stat(path));
    }
    expect(await driver.stat("", { directory })).toMatchObject({ kind: "directory" });
    expect(await driver.stat("none", { directory })).toBeUndefined();
    if (!capabilities.fileAndDirectory) return;
    await put(driver, "marked", "x");
    await put(driver, "file", "x");
    expect(await driver.stat("marked", { directory })).toMatchObject({ kind: "directory" });
    expect(await driver.stat("file", { directory })).toBeUndefined();
  });

  suite.test("ST-1 ST-110", "many at once", async ({ driver }) => {
    await Promise.all(Array.from({ length: 16 }, (_, i) => driver.mkdir!(`a/b/c${i % 4}`)));
    expect(await listNames(driver, "a/b")).toEqual(["a/b/c0/", "a/b/c1/", "a/b/c2/", "a/b/c3/"]);
  });

  if (!capabilities.fileAndDirectory) {
    suite.test("ST-112", "on a file, and below one", async ({ driver }) => {
      await put(driver, "file", "x");
      await refused(driver.mkdir!("file"), "not-a-directory");
      await refused(driver.mkdir!("file/below"), "not-a-directory");
      await expectOnly(driver, "file", "x");
    });
  }

  suite.test("ST-111", "odd names, and a directory's mtime", async ({ driver }) => {
    const names = ["with space", "%2F", "new\nline", "😀", "..a"];
    for (const name of names) await driver.mkdir!(name, { mtime: 1_000_000_000_000 });
    const listed = await listNames(driver);
    expect(new Set(listed)).toEqual(new Set(names.map((name) => `${name}/`)));
    for (const name of names) {
      const mtime = (await driver.stat(name))?.mtime;
      if (capabilities.mtimePrecision !== undefined) expect(mtime).toBe(1_000_000_000_000);
      await driver.rmdir!(name);
    }
    expect(await listNames(driver)).toEqual([]);
  });

  suite.test("ST-113", "rmdir", async ({ driver }) => {
    await driver.mkdir!("dir/sub");
    await put(driver, "dir/sub/file", "x");
    await put(driver, "dir0", "x");
    await refused(driver.rmdir!("dir/sub"), "directory-not-empty");
    await refused(driver.rmdir!("dir"), "directory-not-empty");
    await driver.remove("dir/sub/file");
    await driver.rmdir!("dir/sub");
    expect(await driver.stat("dir/sub")).toBeUndefined();
    await driver.rmdir!("dir/sub");
    await driver.rmdir!("none/none");
    await driver.rmdir!("dir");
    expect(await listNames(driver, "", { recursive: true })).toEqual(["dir0"]);
  });

  suite.test("ST-3", "aborted", async ({ driver }) => {
    const signal = AbortSignal.abort();
    await refused(driver.mkdir!("dir", { signal }), "aborted");
    await refused(driver.rmdir!("dir", { signal }), "aborted");
    expect(await driver.stat("dir")).toBeUndefined();
  });
}
