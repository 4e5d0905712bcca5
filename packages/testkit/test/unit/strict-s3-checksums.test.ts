import { expect, test } from "vitest";
import { checksumOf } from "../../src/strict-s3/checksums.ts";
import { compareUtf8 } from "../../src/strict-s3/utf8-order.ts";

const check = Buffer.from("123456789");

/** The check values of the catalogue of parametrised CRC algorithms. */
test.each([
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
] as const)("%s has its published check value, however the bytes come", (algorithm, expected) => {
  for (let split = 0; split <= check.byteLength; split++) {
    const value = checksumOf(algorithm, [check.subarray(0, split), check.subarray(split)]);
    expect(Buffer.from(value, "base64").toString("hex")).toBe(expected);
  }
});

test("keys are compared as their UTF-8 bytes", () => {
  const keys = ["", "a", "a/", "a0", "aa", "é", "\ud7ff", "\ue000", "\uffff", "😀", "😀a", "😁"];
  for (const a of keys) {
    for (const b of keys) {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(Math.sign(compareUtf8(a, b))).toBe(expected);
    }
  }
});
