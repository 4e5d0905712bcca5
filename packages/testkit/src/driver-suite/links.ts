import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import {
  expectStatOf,
  get,
  getText,
  listAll,
  listNames,
  put,
  refused,
  visible,
} from "./content.ts";
import type { Suite } from "./suite.ts";

const TARGETS: readonly string[] = [
  "file",
  "dir/file",
  "../outside",
  "/etc/passwd",
  "dangling",
  "./a/../b//c/",
  ".",
  "with space",
  "日本語 😀",
  "new\nline",
  "%2F",
  "t".repeat(1000),
];

export function addLinkTests(suite: Suite): void {
  if (suite.capabilities.symlinks === undefined) return;

  suite.test("ST-120 ST-121", "targets are kept as they are", async ({ driver }) => {
    for (const [index, target] of TARGETS.entries()) {
      const path = `links/${index}`;
      const written = await driver.writeLink!(path, target);
      expect(await driver.readLink!(path)).toBe(target);
      await expectStatOf(driver, written);
      expect(written).toMatchObject({ kind: "symlink", size: Buffer.byteLength(target) });
      expect(written.linkTarget ?? target).toBe(target);
    }
    const listed = await listAll(driver, "links");
    expect(listed.length).toBe(TARGETS.length);
    for (const entry of listed) {
      // A listing of plain keys does not know what is marked as a link; it says so.
      if (entry.complete) expect(entry.kind).toBe("symlink");
    }
  });

  suite.test("ST-51", "a link is not read", async ({ driver }) => {
    await put(driver, "file", "secret");
    await driver.writeLink!("link", "file");
    await refused(driver.read("link"), "unsupported");
  });

  suite.test("ST-122", "readLink of what is no link", async ({ driver }) => {
    await put(driver, "dir/file", "x");
    await refused(driver.readLink!("dir/file"), "invalid-argument");
    await refused(driver.readLink!("none"), "not-found");
  });

  suite.test("ST-123", "a link replaced by a file, a file by a link", async ({ driver }) => {
    await put(driver, "target", "target");
    await driver.writeLink!("path", "target");
    await put(driver, "path", "own content");
    expect((await driver.stat("path"))?.kind).toBe("file");
    expect(await getText(driver, "path")).toBe("own content");
    expect(await getText(driver, "target")).toBe("target");
    await driver.writeLink!("path", "target");
    await driver.writeLink!("path", "elsewhere");
    expect(await driver.readLink!("path")).toBe("elsewhere");
    expect(await getText(driver, "target")).toBe("target");
    expect(await visible(driver)).toEqual(["path", "target"]);
  });

  suite.test("ST-92", "a link removed, its target stays", async ({ driver }) => {
    await put(driver, "target", "target");
    await driver.writeLink!("link", "target");
    await driver.remove("link");
    expect(await visible(driver)).toEqual(["target"]);
    expect(await getText(driver, "target")).toBe("target");
  });

  suite.test("ST-124", "a listing does not descend into links", async ({ driver }) => {
    await put(driver, "dir/file", "x");
    await driver.writeLink!("link", "dir");
    await driver.writeLink!("dir/loop", ".");
    await driver.writeLink!("dir/up", "..");
    const names = await listNames(driver, "", { recursive: true });
    expect(names.filter((name) => !name.endsWith("/"))).toEqual([
      "dir/file",
      "dir/loop",
      "dir/up",
      "link",
    ]);
  });

  suite.test("ST-16", "a link that leaves the root opens nothing", async ({ driver }) => {
    const outside = await mkdtemp(join(tmpdir(), "omnisync-outside-"));
    try {
      await writeFile(join(outside, "secret"), "secret");
      await driver.writeLink!("out", outside);
      // On a store of plain keys these are just other keys, and the writes succeed.
      const gave = await get(driver, "out/secret").catch(() => undefined);
      expect(gave).toBeUndefined();
      expect((await driver.stat("out/secret").catch(() => undefined))?.size).not.toBe(6);
      const listed = await listAll(driver, "out").catch(() => []);
      expect(listed).toEqual([]);
      await put(driver, "out/new", "x").catch(() => undefined);
      await driver.remove("out/secret").catch(() => undefined);
      await driver.mkdir?.("out/dir").catch(() => undefined);
      expect(await readdir(outside)).toEqual(["secret"]);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  suite.test("ST-127", "what was written is put on stable storage", async ({ driver }) => {
    if (driver.flush === undefined) return;
    await put(driver, "a/b/file", "content");
    await driver.flush("a/b/file");
    await driver.writeLink?.("a/link", "b/file");
    if (driver.writeLink) await driver.flush("a/link");
    await refused(driver.flush("a/none"), "not-found");
    await refused(driver.flush("none/file"), "not-found");
    await refused(driver.flush("../file"), "invalid-path");
    expect(await getText(driver, "a/b/file")).toBe("content");
  });

  // Hard links have no capability: nothing is done otherwise where there are none.
  suite.test("ST-125", "another name of a file", async ({ driver }) => {
    if (driver.hardLink === undefined) return;
    await put(driver, "file", "content");
    await put(driver, "old", "replaced");
    for (const path of ["old", "new/dir/name", "old"]) {
      const entry = await driver.hardLink("file", path);
      await expectStatOf(driver, entry);
      expect(entry).toMatchObject({ path, kind: "file", size: 7 });
      expect(entry.etag).toBe((await driver.stat("file"))?.etag);
      expect(await getText(driver, path)).toBe("content");
    }
    await driver.remove("file");
    expect(await getText(driver, "old")).toBe("content");
    expect(await visible(driver)).toEqual(["new/dir/name", "old"]);
  });

  suite.test(
    "ST-126",
    "a hard link to what is no file, or against a condition",
    async ({ driver }) => {
      if (driver.hardLink === undefined) return;
      await put(driver, "file", "content");
      await put(driver, "there", "mine");
      await driver.writeLink!("link", "file");
      await refused(driver.hardLink("none", "there"), "not-found");
      await refused(driver.hardLink("link", "there"), "unsupported");
      if (driver.capabilities.conditions.create) {
        await refused(
          driver.hardLink("file", "there", { ifNoneMatch: "*" }),
          "precondition-failed",
        );
      }
      if (driver.capabilities.conditions.replace) {
        await refused(driver.hardLink("file", "there", { ifMatch: "x" }), "precondition-failed");
      }
      expect(await getText(driver, "there")).toBe("mine");
      expect(await visible(driver)).toEqual(["file", "link", "there"]);
    },
  );
}
