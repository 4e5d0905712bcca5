import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attributeHeaders,
  decodeMetadata,
  encodeMetadata,
  entryOf,
  formatMtime,
  parseMtime,
  roundMtime,
  writtenEntry,
} from "../../src/drivers/s3/s3-attributes.ts";
import { OWN_METADATA } from "../../src/lib/check-write.ts";

const FACTS = { etagIsMd5: true, multipartEtagIsMd5: true };
const MD5 = "5d41402abc4b2a76b9719d911017c592";

function pairs(headers: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) found[headers[i]!] = headers[i + 1]!;
  return found;
}

describe("[ST-80] mtime", () => {
  test.each([
    [0, "0"],
    [1_700_000_000_000, "1700000000"],
    [1_700_000_000_123.456, "1700000000.123456"],
    [1_700_000_000_100, "1700000000.1"],
    [-1500, "-1.5"],
    [-0.001, "-0.000001"],
    [0.0001, "0"],
    [10_413_791_999_999, "10413791999.999"],
  ])("%d ms is written as rclone does: %s", (ms, text) => {
    expect(formatMtime(ms)).toBe(text);
    expect(parseMtime(text)).toBe(roundMtime(ms) + 0);
  });

  test("comes back to the microsecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: -4e15, max: 4e15 }), (micros) => {
        expect(parseMtime(formatMtime(micros / 1000))).toBe(micros / 1000);
      }),
    );
  });

  test("of rclone, with nanoseconds; other text is none", () => {
    expect(parseMtime("1700000000.123456789")).toBe(1_700_000_000_123.457);
    for (const text of ["", "x", "1e9", "1.", "1.1234567890", " 1", undefined])
      expect(parseMtime(text)).toBeUndefined();
  });
});

describe("[ST-81] mode", () => {
  const modeOf = (attributes: Parameters<typeof attributeHeaders>[1]): string | undefined =>
    pairs(attributeHeaders("a", attributes, false))["x-amz-meta-mode"];

  test("is written with the bits of the type", () => {
    expect(modeOf({ kind: "file", mode: 0o644 })).toBe("0100644");
    expect(modeOf({ kind: "file", mode: 0o4755 })).toBe("0104755");
    expect(modeOf({ kind: "directory", mode: 0o755 })).toBe("040755");
    expect(modeOf({ kind: "symlink" })).toBe("0120777");
    expect(modeOf({ kind: "file" })).toBeUndefined();
  });

  test.each([
    ["0100644", { kind: "file", mode: 0o644 }],
    ["100644", { kind: "file", mode: 0o644 }],
    ["0120777", { kind: "symlink", mode: 0o777 }],
    ["rw-r--r--", { kind: "file" }],
  ])("%s is read", (text, expected) => {
    expect(entryOf("a", { "x-amz-meta-mode": text }, 1, FACTS)).toMatchObject(expected);
  });
});

describe("[ST-83] metadata", () => {
  test("any text comes back, through headers that hold ASCII only", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
        (text) => {
          const encoded = encodeMetadata(text);
          expect(encoded).toMatch(/^[\x20-\x7e]+$/);
          expect(encoded.trim()).toBe(encoded);
          expect(decodeMetadata(encoded)).toBe(text);
        },
      ),
    );
  });

  test("plain text stays as it is, for other tools", () => {
    expect(encodeMetadata("some plain text; a=b")).toBe("some plain text; a=b");
  });

  test("of others: encoded words in both forms, raw UTF-8, raw Latin-1", () => {
    expect(decodeMetadata("=?UTF-8?Q?caf=C3=A9_au?= =?utf-8?b?bGFpdA==?=")).toBe("café aulait");
    expect(decodeMetadata(Buffer.from("café").toString("latin1"))).toBe("café");
    expect(decodeMetadata("caf\u00e9")).toBe("café");
  });

  test("[ST-84] shows what the user stored and nothing of ours", () => {
    const headers = pairs(
      attributeHeaders(
        "a",
        {
          kind: "file",
          mtime: 1,
          mode: 0o600,
          blake3: "b".repeat(64),
          partSize: 5,
          metadata: { own: "ü", __proto__x: "1" },
        },
        false,
      ),
    );
    const { metadata, hashes } = entryOf("a", headers, 1, FACTS);
    expect(metadata).toEqual({ own: "ü", __proto__x: "1" });
    expect(hashes).toEqual({ blake3: "b".repeat(64) });
  });

  test("[ST-87] every name of ours is one that the user cannot have", () => {
    const further = { uid: 1, gid: 2, xattrs: { a: "eA==" }, acl: "a", defaultAcl: "b" };
    const given = { ...further, mtime: 1, mode: 0o600, hardLink: { id: "x", count: 2 } };
    const special = { type: "block", major: 1, minor: 2 } as const;
    const all = { ...given, kind: "file", special, blake3: "b".repeat(64), partSize: 5 } as const;
    const names = Object.keys(pairs(attributeHeaders("a", all, false)));
    const own = names.filter((name) => name.startsWith("x-amz-meta-"));
    expect(own.map((name) => name.slice("x-amz-meta-".length)).sort()).toEqual(
      OWN_METADATA.toSorted(),
    );
  });

  test("nothing of ours is sent where it is not wanted", () => {
    const attributes = { kind: "file", mtime: 1, mode: 0o600, metadata: { own: "x" } } as const;
    expect(pairs(attributeHeaders("a", attributes, true))).toEqual({
      "content-type": "application/octet-stream",
      "x-amz-meta-own": "x",
    });
  });
});

describe("[ST-25] hashes", () => {
  const hashesOf = (headers: Record<string, string>, facts = FACTS): unknown =>
    entryOf("a", headers, 10, facts).hashes;

  test("the MD5 from an ETag, where it is one", () => {
    expect(hashesOf({ etag: `"${MD5}"` })).toEqual({ md5: MD5 });
    expect(hashesOf({ etag: `"${MD5}"`, "x-amz-server-side-encryption": "AES256" })).toEqual({
      md5: MD5,
    });
    expect(
      hashesOf({ etag: `"${MD5}"`, "x-amz-server-side-encryption": "aws:kms" }),
    ).toBeUndefined();
    const customer = { "x-amz-server-side-encryption-customer-algorithm": "AES256" };
    expect(hashesOf({ etag: `"${MD5}"`, ...customer })).toBeUndefined();
    expect(hashesOf({ etag: `"${MD5}-2"` })).toBeUndefined();
    expect(hashesOf({ etag: `"${MD5}"` }, { ...FACTS, etagIsMd5: false })).toBeUndefined();
  });

  test("checksums of the whole object, not those of parts", () => {
    expect(hashesOf({ "x-amz-checksum-crc32": "DUoRhQ==" })).toEqual({ crc32: "0d4a1185" });
    expect(hashesOf({ "x-amz-checksum-crc32": "DUoRhQ==-3" })).toBeUndefined();
    const composite = { "x-amz-checksum-type": "COMPOSITE" };
    expect(hashesOf({ "x-amz-checksum-crc32": "DUoRhQ==", ...composite })).toBeUndefined();
  });

  test("a hash by parts, if the size of the parts fits the ETag", () => {
    const partsOf = (partSize: string, size: number): unknown =>
      entryOf("a", { etag: `"${MD5}-3"`, "x-amz-meta-omnisync-part-size": partSize }, size, FACTS)
        .parts;
    expect(partsOf("4", 10)).toEqual({ size: 4, md5: MD5 });
    expect(partsOf("4", 13)).toBeUndefined();
    expect(partsOf("x", 10)).toBeUndefined();
  });
});

test("[ST-60] what a write gives is what the headers say that it sent", () => {
  const attributes = {
    kind: "file",
    mtime: 1_700_000_000_000.125,
    mode: 0o640,
    contentType: "text/plain",
    metadata: { a: " ü " },
    blake3: "b".repeat(64),
  } as const;
  const answer = { etag: `"${MD5}"`, "x-amz-version-id": "v1" };
  const written = writtenEntry("p", 5, attributes, answer, {
    ...FACTS,
    noMetadata: false,
    storageClass: "STANDARD_IA",
  });
  const headers = {
    ...pairs(attributeHeaders("p", attributes, false)),
    ...answer,
    "x-amz-storage-class": "STANDARD_IA",
  };
  expect(written).toEqual(entryOf("p", headers, 5, FACTS));
});
