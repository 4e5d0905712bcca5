import { expect, it } from "vitest";
import { attributeHeaders, attributesOf, entryOf } from "../../src/drivers/s3/s3-attributes.ts";

const FACTS = { etagIsMd5: true, multipartEtagIsMd5: true };

function stored(headers: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i]!, headers[i + 1]!]);
  return Object.fromEntries(pairs);
}

it("[ST-260] owner, xattrs, access list and hard link lie under rclone's keys or our own, and come back", () => {
  const given = {
    ...{
      mtime: 1000,
      mode: 0o640,
      uid: 12,
      gid: 34,
      acl: "user::rw-,user:7:r--,group::r--,mask::r--,other::---",
    },
    xattrs: { "user.größe": "AP8=", "user.empty": "" },
    hardLink: { id: "64:12", count: 3 },
  };
  const headers = stored(attributeHeaders("a", attributesOf(given), false));
  expect(headers).toMatchObject({
    "x-amz-meta-uid": "12",
    "x-amz-meta-gid": "34",
    "x-amz-meta-mode": "0100640",
  });
  const entry = entryOf("a", headers, 5, FACTS);
  expect(entry).toMatchObject(given);
  expect(entry.metadata).toBeUndefined();
});

it("[ST-265] a device is told with its numbers, as rclone writes them", () => {
  for (const [major, minor, rdev] of [
    [1, 3, "103"],
    [7, 300, "10072c"],
    [8, 1048575, "fff008ff"],
    [4096, 0, "100000000000"],
  ] as const) {
    const special = { type: "block", major, minor } as const;
    const headers = stored(attributeHeaders("a", { ...attributesOf({}), special }, false));
    expect(headers).toMatchObject({ "x-amz-meta-rdev": rdev, "x-amz-meta-mode": "060600" });
    expect(entryOf("a", headers, 0, FACTS)).toMatchObject({ kind: "other", special });
  }
});

it("[ST-260] an owner that no system has is none", () => {
  for (const uid of ["4294967295", "9999999999", "-1", "1e3", ""]) {
    const entry = entryOf("a", { "x-amz-meta-uid": uid, "x-amz-meta-gid": "4294967294" }, 5, FACTS);
    expect([entry.uid, entry.gid]).toEqual([undefined, 4294967294]);
  }
});

it("[ST-269] attributes that do not fit are refused", () => {
  const xattrs = { "user.long": Buffer.alloc(1600).toString("base64") };
  const write = (): unknown => attributeHeaders("a", attributesOf({ xattrs }), false);
  expect(write).toThrow(expect.objectContaining({ code: "too-large", path: "a" }));
});

it("[ST-264] extended attributes are refused where no metadata is written", () => {
  const write = (): unknown =>
    attributeHeaders("a", attributesOf({ xattrs: { "user.a": "" } }), true);
  expect(write).toThrow(expect.objectContaining({ code: "unsupported" }));
});

it("ignores what is not of our making under these keys", () => {
  const headers = {
    "x-amz-meta-uid": "root",
    "x-amz-meta-omnisync-xattrs": "[1]",
    "x-amz-meta-rdev": "x",
  };
  const entry = entryOf("a", headers, 5, FACTS);
  expect(entry).toMatchObject({ kind: "file" });
  expect(entry.uid ?? entry.xattrs ?? entry.special).toBeUndefined();
});
