/** The hash that short commands make in WebAssembly, against Node's. */
import fc from "fast-check";
import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256, sha256InWasm } from "../../src/drivers/s3/sha256.ts";

const LONGEST = 32 * 1024;

test("of bytes of any length up to 32 KiB it is Node's, whatever was hashed before", () => {
  const lengths = fc.oneof(fc.nat(300), fc.nat(LONGEST), fc.constant(LONGEST));
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 4 }), fc.nat(255), (all, seed) => {
      for (const length of all) {
        const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + seed);
        expect(sha256InWasm(bytes)).toBe(hash("sha256", bytes, "hex"));
      }
    }),
    { numRuns: 200 },
  );
});

test("of any text it is Node's", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 2000 }), (text) => {
      expect(sha256InWasm(text)).toBe(hash("sha256", text, "hex"));
    }),
  );
  expect(sha256InWasm("")).toBe(hash("sha256", "", "hex"));
});

test("what is long, and what comes later, is hashed too", () => {
  const long = "ü".repeat(LONGEST);
  expect(sha256(long)).toBe(hash("sha256", long, "hex"));
  expect(sha256(Buffer.from(long))).toBe(hash("sha256", long, "hex"));
  for (let i = 0; i < 100; i++) expect(sha256(`${i}`)).toBe(hash("sha256", `${i}`, "hex"));
});
