/** Telling things apart whatever name they have; real mounts: `sync/test/faults/same-places.test.ts`. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { otherNames, parseMounts } from "../../src/drivers/file/mounted-names.ts";
import { makeRoot, openFileDriver } from "./file-helpers.ts";

describe("identify", () => {
  it("[ST-129] tells one directory under several roots, and no other", async () => {
    const root = makeRoot();
    mkdirSync(join(root, "a/b"), { recursive: true });
    const [outer, inner] = [openFileDriver(root), openFileDriver(join(root, "a"))];
    const { id } = await outer.identify("a/b");
    expect(id).toBeTypeOf("string");
    expect((await inner.identify("b")).id).toBe(id);
    expect((await inner.identify("")).id).toBe((await outer.identify("a")).id);
    expect((await inner.identify("")).id).not.toBe(id);
  });

  it("[ST-129] names of one file are different things, and so is a link to it", async () => {
    const root = makeRoot();
    writeFileSync(join(root, "f"), "1");
    linkSync(join(root, "f"), join(root, "g"));
    symlinkSync("f", join(root, "l"));
    const driver = openFileDriver(root);
    const ids = await Promise.all(["f", "g", "l"].map(async (path) => driver.identify(path)));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(3);
    expect(await openFileDriver(root).identify("f")).toEqual(ids[0]);
  });

  it("[ST-129] what is missing has no id, and would lie in what is above it", async () => {
    const root = makeRoot();
    mkdirSync(join(root, "a"));
    const [outer, inner] = [openFileDriver(root), openFileDriver(join(root, "a/new/er"))];
    const { id } = await outer.identify("a", { above: true });
    const missing = await inner.identify("", { above: true });
    expect(missing.id).toBeUndefined();
    expect(missing.above).toContain(id);
    expect((await outer.identify("a", { above: true })).above).not.toContain(id);
  });
});

it("[ST-129] nothing lies below a file", async () => {
  const root = makeRoot();
  writeFileSync(join(root, "f"), "1");
  const driver = openFileDriver(root);
  const { id, above } = await driver.identify("f/x/y", { above: true });
  expect(id).toBeUndefined();
  expect(above).toContain((await driver.identify("")).id);
});

describe("other names by mounts", () => {
  const table = [
    "26 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "40 26 254:0 /srv/data /home/u/data rw - ext4 /dev/vda rw",
    "41 26 254:0 /srv/data/a\\040b /mnt/x rw shared:3 - ext4 /dev/vda rw",
    "42 26 254:16 / /mnt/disk rw - ext4 /dev/vdb rw",
    "",
  ].join("\n");
  const mounts = parseMounts(table);

  it.each([
    ["/srv/data", ["/home/u/data"]],
    ["/srv/data/a b/c", ["/home/u/data/a b/c", "/mnt/x/c"]],
    ["/mnt/x", ["/srv/data/a b", "/home/u/data/a b"]],
    ["/home/u/data/q", ["/srv/data/q"]],
    ["/srv/database", []],
    ["/mnt/disk/srv/data", []],
    ["/", []],
  ])("[ST-129] of %s", (path, names) => {
    expect(otherNames(path, mounts)).toEqual(names);
  });

  it("[ST-129] what was mounted last hides what is below", () => {
    const over = parseMounts(`${table}43 26 254:16 /o /home/u/data rw - ext4 /dev/vdb rw\n`);
    expect(otherNames("/home/u/data/q", over)).toEqual(["/mnt/disk/o/q"]);
  });
});
