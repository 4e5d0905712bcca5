import { expect } from "vitest";
import {
  expectOnly,
  forEachOf,
  getText,
  listAll,
  listNames,
  put,
  putAll,
  refused,
  visible,
} from "./content.ts";
import { BAD_PATHS, ODD_NAMES, TWINS, pathOfBytes } from "./odd-names.ts";
import type { Suite } from "./suite.ts";

export function addPathTests(suite: Suite): void {
  const { capabilities } = suite;
  const names = ODD_NAMES;

  suite.test("ST-10", "text that is no path is refused by every method", async ({ driver }) => {
    for (const path of BAD_PATHS) {
      await refused(driver.stat(path), "invalid-path");
      await refused(Array.fromAsync(driver.list(path)), "invalid-path");
      await refused(driver.read(path), "invalid-path");
      await refused(driver.write(path, new Uint8Array(1)), "invalid-path");
      await refused(driver.remove(path), "invalid-path");
      if (driver.mkdir) await refused(driver.mkdir(path), "invalid-path");
      if (driver.rmdir) await refused(driver.rmdir(path), "invalid-path");
      if (driver.copy) {
        await refused(driver.copy({ driver, path: "source" }, path), "invalid-path");
        await refused(driver.copy({ driver, path }, "target"), "invalid-path");
      }
      if (driver.move) {
        await refused(driver.move("source", path), "invalid-path");
        await refused(driver.move(path, "target"), "invalid-path");
      }
      if (driver.setAttributes) await refused(driver.setAttributes(path, {}), "invalid-path");
      if (driver.readLink) await refused(driver.readLink(path), "invalid-path");
      if (driver.writeLink) await refused(driver.writeLink(path, "target"), "invalid-path");
      if (driver.multipart) await refused(driver.multipart.create(path), "invalid-path");
      if (driver.stage) await refused(driver.stage(path, 1), "invalid-path");
      if (driver.openFile) await refused(driver.openFile(path), "invalid-path");
      if (driver.readBlock)
        await refused(driver.readBlock(path, { offset: 0, length: 1 }), "invalid-path");
      if (driver.presign)
        await refused(driver.presign(path, { method: "GET", expiresIn: 60 }), "invalid-path");
    }
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-11", "the root is no file", async ({ driver }) => {
    await refused(driver.read(""), "invalid-path");
    await refused(driver.write("", new Uint8Array(1)), "invalid-path");
    await refused(driver.remove(""), "invalid-path");
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-12", "odd names of files come back as they are", async ({ driver }) => {
    await putAll(driver, names);
    await forEachOf(names, 8, async (name) => {
      expect((await driver.stat(name))?.path, JSON.stringify(name)).toBe(name);
      expect(await getText(driver, name), JSON.stringify(name)).toBe(name);
    });
    expect(new Set(await visible(driver))).toEqual(new Set(names));
    const [removed, kept] = [names.slice(0, 30), names.slice(30)];
    await forEachOf(removed, 8, (name) => driver.remove(name));
    expect(new Set(await visible(driver))).toEqual(new Set(kept));
  });

  suite.test("ST-12", "odd names of directories come back as they are", async ({ driver }) => {
    await putAll(
      driver,
      names.map((name) => `${name}/in it`),
    );
    const listed = (await listNames(driver)).map((name) => name.slice(0, -1));
    expect(new Set(listed)).toEqual(new Set(names));
    await forEachOf(names, 8, async (name) => {
      expect(await listNames(driver, name), JSON.stringify(name)).toEqual([`${name}/in it`]);
      expect((await driver.stat(name))?.kind, JSON.stringify(name)).toBe("directory");
    });
  });

  suite.test("ST-12", "a deep path", async ({ driver }) => {
    const path = `${"d/".repeat(100)}leaf`;
    await put(driver, path, "deep");
    await expectOnly(driver, path, "deep");
  });

  for (const [one, other] of capabilities.caseSensitive ? TWINS : []) {
    suite.test("ST-13", `${JSON.stringify([one, other])} are two files`, async ({ driver }) => {
      await put(driver, one, "one");
      expect(await driver.stat(other)).toBeUndefined();
      await put(driver, other, "other");
      expect(await getText(driver, one)).toBe("one");
      expect(await getText(driver, other)).toBe("other");
      await driver.remove(one);
      await expectOnly(driver, other, "other");
    });
  }

  const { maxNameBytes, maxPathBytes } = capabilities;
  const segment = Math.min(maxNameBytes ?? 255, 255);

  suite.test("ST-14", `a segment of ${segment} bytes`, async ({ driver }) => {
    for (const name of ["n".repeat(segment), "ü".repeat(segment >> 1), "😀".repeat(segment >> 2)]) {
      await put(driver, name, "long");
      expect(await getText(driver, name)).toBe("long");
      await put(driver, name, "replaced");
      await driver.remove(name);
    }
    expect(await visible(driver)).toEqual([]);
  });

  if (maxNameBytes !== undefined) {
    suite.test("ST-14", "a segment that is one byte too long", async ({ driver }) => {
      const name = `${"ü".repeat(maxNameBytes >> 1)}nn`.slice(0, (maxNameBytes >> 1) + 2);
      await refused(driver.write(name, new Uint8Array(1)), "name-too-long");
      await refused(driver.write(`${name}/below`, new Uint8Array(1)), "name-too-long");
      expect(await visible(driver)).toEqual([]);
    });
  }

  if (maxPathBytes !== undefined) {
    suite.test("ST-14", "the longest path, and one byte more", async ({ driver }) => {
      // Each driver's own: the limit may depend on the root.
      const longest = driver.capabilities.maxPathBytes!;
      const path = pathOfBytes(longest, Math.min(segment, 100));
      await put(driver, path, "long");
      await expectOnly(driver, path, "long");
      await driver.remove(path);
      await refused(driver.write(`${path}p`, new Uint8Array(1)), "name-too-long");
      expect(await visible(driver)).toEqual([]);
    });
  }

  suite.test("ST-15", "foo says nothing about foobar", async ({ driver }) => {
    await putAll(driver, ["foobar", "foo.d/x", "foo!/x", "foo0"]);
    expect(await driver.stat("foo")).toBeUndefined();
    await refused(driver.read("foo"), "not-found");
    await driver.remove("foo");
    if (driver.rmdir) await driver.rmdir("foo");
    if (driver.move) await refused(driver.move("foo", "bar"), "not-found");
    expect(await visible(driver)).toEqual(["foo!/x", "foo.d/x", "foo0", "foobar"]);
  });

  suite.test("ST-16", "two roots share nothing", async ({ driver, openOther }) => {
    const other = await openOther();
    await put(driver, "a", "here");
    await put(other, "a", "there");
    await other.remove("a");
    expect(await visible(other)).toEqual([]);
    await expectOnly(driver, "a", "here");
  });

  suite.test("ST-18", "errors carry the path that was asked for", async ({ driver }) => {
    const path = "no such dir/no such file";
    const error = await refused(driver.read(path), "not-found");
    expect(error.path).toBe(path);
    expect(error.retry).toBe("never");
    if (!driver.capabilities.directories) return;
    expect((await refused(listAll(driver, path), "not-found")).path).toBe(path);
  });
}
