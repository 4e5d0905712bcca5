import { HASH_NAMES, hashBytes } from "@omnisync/storage";
import { expect } from "vitest";
import { bytesOf, listAll, put } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addStatTests(suite: Suite): void {
  const { capabilities } = suite;

  suite.test("ST-20", "missing is undefined", async ({ driver }) => {
    await put(driver, "file", "x");
    await put(driver, "dir/file", "x");
    for (const path of ["none", "none/none", "file/below", "file/below/it", "dir/none", "dir/fil"])
      expect(await driver.stat(path), path).toBeUndefined();
  });

  suite.test("ST-21", "an entry is complete", async ({ driver }) => {
    await put(driver, "dir/file", "hello");
    expect(await driver.stat("dir/file")).toMatchObject({
      path: "dir/file",
      kind: "file",
      size: 5,
      complete: true,
    });
  });

  suite.test("ST-22", "the root is a directory once something is in it", async ({ driver }) => {
    const empty = await driver.stat("");
    if (empty !== undefined) expect(empty).toMatchObject({ path: "", kind: "directory", size: 0 });
    await put(driver, "dir/file", "x");
    expect(await driver.stat("")).toMatchObject({ path: "", kind: "directory", complete: true });
  });

  suite.test("ST-23", "a directory that exists through its content", async ({ driver }) => {
    await put(driver, "one/two/file", "x");
    for (const path of ["one", "one/two"])
      expect(await driver.stat(path)).toMatchObject({
        path,
        kind: "directory",
        size: 0,
        complete: true,
      });
  });

  suite.test("ST-24", "the etag stays with the content and changes with it", async ({ driver }) => {
    const seen = new Set<string | undefined>();
    for (const text of ["one", "two", "six"]) {
      const written = await put(driver, "file", text);
      expect(written.etag).toBeTypeOf("string");
      seen.add(written.etag);
      expect((await driver.stat("file"))?.etag).toBe(written.etag);
      expect((await driver.stat("file"))?.etag).toBe(written.etag);
      const { entry, body } = await driver.read("file");
      await Array.fromAsync(body);
      expect(entry.etag).toBe(written.etag);
      const [listed] = await listAll(driver);
      if (listed?.etag !== undefined || capabilities.completeList)
        expect(listed?.etag).toBe(written.etag);
    }
    expect(seen.size).toBe(3);
  });

  suite.test("ST-24", "the etag changes with equal size and equal mtime", async ({ driver }) => {
    const mtime = Date.UTC(2024, 1, 2, 3, 4, 5);
    const first = await driver.write("file", bytesOf("aaaa"), { mtime });
    const second = await driver.write("file", bytesOf("bbbb"), { mtime });
    expect(second.etag).not.toBe(first.etag);
  });

  suite.test("ST-25", "hashes are right and of the names announced", async ({ driver }) => {
    for (const text of ["", "content to hash"]) {
      await put(driver, "file", text);
      for (const [name, value] of Object.entries((await driver.stat("file"))?.hashes ?? {})) {
        const known = HASH_NAMES.find((hash) => hash === name);
        expect(capabilities.hashes).toContain(name);
        expect(value, name).toBe(hashBytes(known!, bytesOf(text)));
      }
    }
  });

  suite.test("ST-26", "storedAt is the store's time, not the mtime", async ({ driver }) => {
    const mtime = Date.UTC(2001, 0, 1);
    await driver.write("file", bytesOf("x"), { mtime });
    const storedAt = (await driver.stat("file"))?.storedAt;
    // A store's clock may be another; a day off is not a clock but a wrong field.
    if (storedAt !== undefined) expect(Math.abs(storedAt - Date.now())).toBeLessThan(86_400_000);
  });
}
