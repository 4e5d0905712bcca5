import { HASH_NAMES, createHasher, hashBytes } from "@omnisync/storage";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const KNOWN = {
  blake3: {
    "": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    abc: "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
  },
  sha256: {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  },
  sha1: {
    "": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    abc: "a9993e364706816aba3e25717850c26c9cd0d89d",
  },
  md5: {
    "": "d41d8cd98f00b204e9800998ecf8427e",
    abc: "900150983cd24fb0d6963f7d28e17f72",
  },
  crc32: { "": "00000000", abc: "352441c2" },
} as const;

describe.each(HASH_NAMES)("%s", (name) => {
  test.each(["", "abc"] as const)("of %j", (text) => {
    expect(hashBytes(name, Buffer.from(text))).toBe(KNOWN[name][text]);
  });

  test("piece by piece is the same as at once", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const hasher = createHasher(name);
        for (const piece of pieces) hasher.update(piece);
        expect(hasher.digest()).toBe(hashBytes(name, Buffer.concat(pieces)));
      }),
    );
  });

  test("of a view into a larger buffer", () => {
    const view = Buffer.from("xxabcxx").subarray(2, 5);
    expect(hashBytes(name, view)).toBe(KNOWN[name].abc);
  });
});
