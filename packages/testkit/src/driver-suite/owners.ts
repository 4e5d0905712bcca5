/** Attributes that local files have: owner, extended attributes, access lists; and special files. */
import type { Attributes, Driver, Special } from "@omnisync/storage";
import { expect } from "vitest";
import { bytesOf, listAll, put, refused, visible } from "./content.ts";
import type { Suite } from "./suite.ts";

const ALL = ["owner", "hardLink", "xattrs", "acl"] as const;
const ACL = "user::rw-,user:1234:rwx,group::r--,mask::rwx,other::r--";
const DEFAULT_ACL = "user::rwx,user:1234:r-x,group::r-x,mask::r-x,other::---";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const XATTRS = { "user.color": base64("red"), "user.odd": base64("\0ÿ\n=?x"), "user.empty": "" };

export function addOwnerTests(suite: Suite): void {
  const { capabilities } = suite;
  const known = async (driver: Driver, path: string): Promise<unknown> => {
    const entry = await driver.stat(path, { attributes: ALL });
    return { uid: entry?.uid, gid: entry?.gid, xattrs: entry?.xattrs ?? {}, acl: entry?.acl ?? "" };
  };
  const given: Attributes = {
    ...(capabilities.owner === "both" ? { uid: 1234, gid: 4321 } : {}),
    ...(capabilities.xattrs ? { xattrs: XATTRS } : {}),
    ...(capabilities.acls ? { acl: ACL, mode: 0o674 } : {}),
  };
  const expected = async (driver: Driver, attributes: Attributes): Promise<unknown> => {
    await put(driver, "plain", "x");
    const plain = (await known(driver, "plain")) as object;
    return { ...plain, ...attributes, mode: undefined };
  };
  const shown = async (driver: Driver, path: string): Promise<unknown> => ({
    ...((await known(driver, path)) as object),
    mode: undefined,
  });

  if (Object.keys(given).length > 0) {
    suite.test(
      "ST-260",
      "owner, extended attributes and access lists of a file",
      async ({ driver }) => {
        for (const size of [1, 400_000]) {
          const path = `file${size}`;
          await driver.write(path, new Uint8Array(size), { ...given, mtime: 1000 });
          expect(await shown(driver, path)).toEqual(await expected(driver, given));
        }
      },
    );

    if (capabilities.setAttributes) {
      suite.test("ST-261", "set later, and what is not given stays", async ({ driver }) => {
        await put(driver, "file", "content");
        await driver.setAttributes!("file", { ...given, mtime: 1_000_000 });
        expect(await shown(driver, "file")).toEqual(await expected(driver, given));
        await driver.setAttributes!("file", { mtime: 2_000_000 });
        expect(await shown(driver, "file")).toEqual(await expected(driver, given));
        expect((await driver.stat("file"))?.mtime).toBe(2_000_000);
      });
    }

    if (suite.has("mkdir")) {
      suite.test("ST-262", "of a directory", async ({ driver }) => {
        const all = { ...given, ...(capabilities.acls ? { defaultAcl: DEFAULT_ACL } : {}) };
        await driver.mkdir!("dir", all);
        expect(await shown(driver, "dir")).toEqual(await expected(driver, given));
        const entry = await driver.stat("dir", { attributes: ALL });
        expect(entry?.defaultAcl ?? "").toBe(capabilities.acls ? DEFAULT_ACL : "");
      });
    }

    if (capabilities.completeList) {
      suite.test("ST-263", "in a listing that is asked for them", async ({ driver }) => {
        await driver.write("dir/file", bytesOf("x"), given);
        const [listed] = await listAll(driver, "dir", { attributes: ALL });
        expect(listed).toEqual(await driver.stat("dir/file", { attributes: ALL }));
      });
    }
  }

  if (capabilities.xattrs) {
    suite.test("ST-264", "exactly the extended attributes that are given", async ({ driver }) => {
      await driver.write("file", bytesOf("x"), { xattrs: XATTRS, mode: 0o444 });
      await driver.write("file", bytesOf("y"), { xattrs: { "user.one": base64("1") } });
      expect(await known(driver, "file")).toMatchObject({ xattrs: { "user.one": base64("1") } });
      if (!capabilities.setAttributes) return;
      await driver.setAttributes!("file", { xattrs: {} });
      expect(await known(driver, "file")).toMatchObject({ xattrs: {} });
    });
  } else {
    suite.test(
      "ST-264",
      "extended attributes that cannot be kept are refused",
      async ({ driver }) => {
        await refused(driver.write("file", bytesOf("x"), { xattrs: XATTRS }), "unsupported");
        expect(await visible(driver)).toEqual([]);
      },
    );
  }

  if (capabilities.specials) addSpecialTests(suite);
}

function addSpecialTests(suite: Suite): void {
  const devices: readonly Special[] = [
    { type: "block", major: 7, minor: 300 },
    { type: "character", major: 1, minor: 3 },
  ];
  const isSuperUser = process.geteuid?.() === 0;
  const specials: readonly Special[] = [
    { type: "fifo" },
    { type: "socket" },
    ...(isSuperUser || !suite.capabilities.directories ? devices : []),
  ];

  suite.test("ST-265", "FIFOs, sockets and devices", async ({ driver }) => {
    for (const special of specials) {
      const path = `dir/${special.type}`;
      const made = await driver.makeSpecial!(path, special, { mode: 0o640, mtime: 1_000_000 });
      expect(made).toMatchObject({
        kind: "other",
        special,
        size: 0,
        mode: 0o640,
        mtime: 1_000_000,
      });
      expect(await driver.stat(path)).toMatchObject({ kind: "other", special, mode: 0o640 });
      await refused(driver.read(path), "unsupported");
    }
    const listed = await listAll(driver, "dir");
    expect(listed.length).toBe(specials.length);
    for (const entry of listed) {
      if (entry.complete) expect(specials).toContainEqual(entry.special);
    }
  });

  suite.test("ST-265", "one in place of a file, a file in place of one", async ({ driver }) => {
    await put(driver, "path", "content");
    await driver.makeSpecial!("path", { type: "fifo" });
    expect((await driver.stat("path"))?.kind).toBe("other");
    await put(driver, "path", "again");
    expect((await driver.stat("path"))?.kind).toBe("file");
    expect(await visible(driver)).toEqual(["path"]);
  });
}
