import fc from "fast-check";
import { expect, test } from "vitest";
import { isStorageError } from "../../src/errors.ts";
import { growingPartSize, partSizeFor } from "../../src/drivers/s3/part-size.ts";

const MIB = 1024 ** 2;
const AWS = { minPartSize: 5 * MIB, maxPartSize: 5 * 1024 * MIB, maxParts: 10_000 };
const limits = fc
  .record({ least: fc.integer({ min: 1, max: 100 }), most: fc.integer({ min: 100, max: 5120 }) })
  .chain(({ least, most }) =>
    fc.record({
      minPartSize: fc.constant(least * MIB),
      maxPartSize: fc.constant(most * MIB),
      maxParts: fc.integer({ min: 1, max: 10_000 }),
    }),
  );

test("parts of a known size are within the limits, few enough, and no larger than needed", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.integer({ min: 1, max: 6000 * MIB }),
      limits,
      (size, preferred, it) => {
        const largest = it.maxPartSize * it.maxParts;
        if (size > largest) {
          expect(() => partSizeFor(size, preferred, it)).toThrow(
            expect.objectContaining({ code: "too-large" }),
          );
          return;
        }
        const partSize = partSizeFor(size, preferred, it);
        expect(partSize).toBeGreaterThanOrEqual(it.minPartSize);
        expect(partSize).toBeLessThanOrEqual(it.maxPartSize);
        expect(Math.ceil(size / partSize)).toBeLessThanOrEqual(it.maxParts);
        const wanted = Math.max(preferred, it.minPartSize);
        if (partSize > wanted) expect(Math.ceil(size / wanted)).toBeGreaterThan(it.maxParts);
      },
    ),
  );
});

test("48.8 TiB take parts of 5 GiB; more is refused", () => {
  expect(partSizeFor(10_000 * AWS.maxPartSize, 16 * MIB, AWS)).toBe(AWS.maxPartSize);
  try {
    partSizeFor(10_000 * AWS.maxPartSize + 1, 16 * MIB, AWS);
    expect.fail("was accepted");
  } catch (error) {
    expect(isStorageError(error, "too-large")).toBe(true);
  }
});

test("parts of an unknown size grow by doubling, or stay equal where they must", () => {
  expect(growingPartSize(1, 16 * MIB, AWS, false)).toBe(16 * MIB);
  expect(growingPartSize(1000, 16 * MIB, AWS, false)).toBe(16 * MIB);
  expect(growingPartSize(1001, 16 * MIB, AWS, false)).toBe(32 * MIB);
  expect(growingPartSize(10_000, 16 * MIB, AWS, false)).toBe(AWS.maxPartSize);
  expect(growingPartSize(10_000, 16 * MIB, AWS, true)).toBe(16 * MIB);
  expect(growingPartSize(1, 1, AWS, false)).toBe(AWS.minPartSize);
});
