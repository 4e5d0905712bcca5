import { describe, expect, test } from "vitest";
import { hashBytes } from "../../src/hashes.ts";
import { Crc64Nvme } from "../../src/drivers/s3/crc64nvme.ts";
import {
  type IntegrityPolicy,
  expectedChecksum,
  multipartEtag,
  protectBody,
} from "../../src/drivers/s3/checksums.ts";

const SMALL = new TextEncoder().encode("123456789");
const LARGE = new Uint8Array(64 * 1024 + 1).fill(1);
const AUTO: IntegrityPolicy = { checksum: "md5", explicit: false, secure: false };

describe("CRC-64/NVME", () => {
  test("the catalogue's check value", () => {
    const crc = new Crc64Nvme();
    crc.update(SMALL);
    expect(crc.digest()).toBe("ae8b14860a799888");
  });

  test("is the same however the bytes are cut", () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 31) ^ (i >> 3));
    const whole = new Crc64Nvme();
    whole.update(bytes);
    for (const cut of [1, 7, 8, 9, 500]) {
      const pieces = new Crc64Nvme();
      for (let at = 0; at < bytes.length; at += cut) pieces.update(bytes.subarray(at, at + cut));
      expect(pieces.digest()).toBe(whole.digest());
    }
  });
});

describe("[ST-69] what is sent with a body", () => {
  test("a small one without TLS is signed", () => {
    const { payloadHash, headers } = protectBody(SMALL, {}, AUTO);
    expect({ payloadHash, headers }).toEqual({
      payloadHash: hashBytes("sha256", SMALL),
      headers: [],
    });
  });

  test("a large one has its MD5, which the ETag is compared with", () => {
    const md5 = hashBytes("md5", LARGE);
    expect(protectBody(LARGE, {}, AUTO)).toEqual({
      payloadHash: "UNSIGNED-PAYLOAD",
      headers: ["content-md5", Buffer.from(md5, "hex").toString("base64")],
      md5,
    });
  });

  test("hashes that are known are not computed again", () => {
    const known = { md5: "0".repeat(32), sha256: "1".repeat(64) };
    const { payloadHash, headers, md5 } = protectBody(LARGE, known, AUTO);
    expect(payloadHash).toBe(known.sha256);
    expect(md5).toBe(known.md5);
    expect(headers).toEqual(["content-md5", Buffer.alloc(16).toString("base64")]);
  });

  test("under TLS the payload is not signed, the checksum goes along", () => {
    const policy = { ...AUTO, checksum: "crc32", secure: true } as const;
    expect(protectBody(SMALL, {}, policy)).toEqual({
      payloadHash: "UNSIGNED-PAYLOAD",
      headers: ["x-amz-checksum-crc32", "y/Q5Jg=="],
      md5: undefined,
    });
  });

  test("a checksum that the user named is sent whatever else protects", () => {
    for (const [checksum, value] of [
      ["crc64nvme", "rosUhgp5mIg="],
      ["sha256", Buffer.from(hashBytes("sha256", SMALL), "hex").toString("base64")],
      ["crc32", "y/Q5Jg=="],
    ] as const) {
      const policy = { ...AUTO, checksum, explicit: true };
      expect(protectBody(SMALL, {}, policy).headers).toEqual([`x-amz-checksum-${checksum}`, value]);
    }
  });

  test("none is none, except what the caller knows", () => {
    const policy = { ...AUTO, checksum: "none", secure: true } as const;
    expect(protectBody(SMALL, {}, policy).headers).toEqual([]);
    expect(protectBody(SMALL, { md5: "0".repeat(32) }, policy).headers).toContain("content-md5");
  });
});

test("the cheapest checksum of a download is chosen", () => {
  const md5 = "0".repeat(32);
  expect(expectedChecksum({}, { crc32: "00000000", md5 })?.name).toBe("crc32");
  expect(expectedChecksum({ "x-amz-checksum-crc64nvme": "rosUhgp5mIg=" }, { md5 })?.name).toBe(
    "md5",
  );
  const crc64 = expectedChecksum({ "x-amz-checksum-crc64nvme": "rosUhgp5mIg=" }, {});
  const hasher = crc64!.hasher();
  hasher.update(SMALL);
  expect(hasher.digest()).toBe(crc64!.value);
  expect(expectedChecksum({}, {})).toBeUndefined();
});

test("the ETag of parts", () => {
  const etag = hashBytes("md5", SMALL);
  expect(multipartEtag([etag, etag])).toBe(
    `${hashBytes("md5", Buffer.from(etag + etag, "hex"))}-2`,
  );
  expect(multipartEtag([etag, "opaque"])).toBeUndefined();
});
