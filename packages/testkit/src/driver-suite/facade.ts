/** `Storage` over the driver: the same for the caller whatever the abilities below. */
import { Storage } from "@omnisync/storage";
import { expect } from "vitest";
import { bytesOf, expectBytes, getText, refused, visible } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addFacadeTests(suite: Suite): void {
  const { capabilities } = suite;
  const mtime = Date.UTC(2006, 6, 6);
  const kept = {
    ...(capabilities.mtimePrecision === undefined ? {} : { mtime }),
    ...(capabilities.metadata ? { metadata: { color: "red" } } : {}),
  };

  suite.test("ST-230", "copy, with attributes", async ({ driver }) => {
    const storage = new Storage(driver);
    await storage.writeAll("from", "content", kept);
    expect(await storage.copy("from", "dir/to")).toMatchObject({ ...kept, size: 7 });
    expect(await storage.readText("dir/to")).toBe("content");
    expect(await storage.readText("from")).toBe("content");
    await refused(storage.copy("none", "dir/to"), "not-found");
    expect(await storage.readText("dir/to")).toBe("content");
  });

  suite.test("ST-230 ST-131", "a copy onto itself", async ({ driver }) => {
    const storage = new Storage(driver);
    await storage.writeAll("file", "content");
    await refused(storage.copy("file", "file"), "invalid-argument");
    expect(await storage.readText("file")).toBe("content");
  });

  if (capabilities.symlinks) {
    suite.test("ST-230 ST-136", "a link, copied and moved", async ({ driver }) => {
      const storage = new Storage(driver);
      await driver.writeLink!("link", "no/where");
      expect(await storage.copy("link", "copy")).toMatchObject({ kind: "symlink", size: 8 });
      await storage.move("copy", "dir/moved");
      expect(await driver.readLink!("dir/moved")).toBe("no/where");
      expect(await visible(driver)).toEqual(["dir/moved", "link"]);
    });
  }

  suite.test("ST-230 ST-231", "move, with attributes, onto a file", async ({ driver }) => {
    const storage = new Storage(driver);
    await storage.writeAll("from", "content", kept);
    await storage.writeAll("to", "old");
    await storage.move("from", "to");
    expect(await storage.stat("to")).toMatchObject({ ...kept, size: 7 });
    expect(await storage.readText("to")).toBe("content");
    expect(await visible(driver)).toEqual(["to"]);
    await refused(storage.move("none", "to"), "not-found");
    expect(await visible(driver)).toEqual(["to"]);
  });

  suite.test("ST-231", "a path moved onto itself stays", async ({ driver }) => {
    const storage = new Storage(driver);
    await storage.writeAll("file", "content");
    await storage.move("file", "file");
    expect(await storage.readText("file")).toBe("content");
    await refused(storage.move("none", "none"), "not-found");
  });

  suite.test("ST-232", "readAll and readText", async ({ driver }) => {
    const storage = new Storage(driver);
    await storage.writeAll("file", "0123456789");
    expectBytes(await storage.readAll("file", { limit: 10 }), bytesOf("0123456789"));
    await refused(storage.readAll("file", { limit: 9 }), "too-large");
    await refused(storage.readText("file", { limit: 9 }), "too-large");
    const range = { offset: 2, length: 3 };
    expect(await storage.readText("file", { limit: 3, range })).toBe("234");
    await storage.writeAll("file", Uint8Array.of(0xff, 0xfe));
    await refused(storage.readText("file"), "corrupt");
  });

  suite.test("ST-233", "the simple calls need nothing else", async ({ driver }) => {
    const storage = new Storage(driver);
    await storage.writeAll("dir/file", "content");
    expect(await storage.exists("dir/file")).toBe(true);
    expect(await storage.exists("none")).toBe(false);
    const paths: string[] = [];
    for await (const entry of storage.list("dir")) paths.push(entry.path);
    expect(paths).toEqual(["dir/file"]);
    expect(await getText(driver, "dir/file")).toBe("content");
    await storage.remove("dir/file");
    expect(await visible(driver)).toEqual([]);
  });
}
