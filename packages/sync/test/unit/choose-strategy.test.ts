import { NO_CAPABILITIES } from "@omnisync/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseStrategy, choosePartSize, cut } from "../../src/plan/choose-strategy.ts";

const MiB = 1024 * 1024;
const S3 = { minPartSize: 5 * MiB, maxPartSize: 5 * 1024 * MiB, maxParts: 10_000 };
const local = { ...NO_CAPABILITIES, readBlock: true, stage: true };
const remote = { ...NO_CAPABILITIES, multipart: S3 };

describe("chooseStrategy", () => {
  it.each([
    ["a small upload", 100, local, remote, false, false, "whole"],
    ["an upload of one part", 8 * MiB, local, remote, false, false, "whole"],
    ["a large upload", 8 * MiB + 1, local, remote, false, false, "multipart"],
    ["a small download", MiB, remote, local, false, false, "whole"],
    ["a medium download", 20 * MiB, remote, local, false, false, "stream"],
    ["a large download", 33 * MiB, remote, local, false, false, "ranges"],
    ["between plain stores", 99 * MiB, NO_CAPABILITIES, NO_CAPABILITIES, false, false, "stream"],
    [
      "within a store",
      99 * MiB,
      remote,
      { ...remote, copy: "server" as const },
      true,
      true,
      "server-copy",
    ],
    ["within a disk", 1, local, { ...local, copy: "local" as const }, true, false, "server-copy"],
    ["within a disk, limited", 1, local, { ...local, copy: "local" as const }, true, true, "whole"],
  ] as const)("[SY-35] %s", (_, size, source, destination, copyable, throttled, expected) => {
    expect(chooseStrategy({ size, source, destination, copyable, throttled })).toBe(expected);
  });
});

describe("chooseStrategy, by the threshold of deltas", () => {
  it.each([
    ["a small upload", 6 * MiB, MiB, local, "multipart"],
    ["one from another store", 6 * MiB, MiB, NO_CAPABILITIES, "multipart"],
    ["one of a single part", 5 * MiB, MiB, local, "whole"],
    ["one not above it", 6 * MiB, 6 * MiB, local, "whole"],
  ] as const)("[SY-400] %s", (_, size, signedAbove, source, expected) => {
    const input = { size, source, destination: remote, copyable: false, throttled: false };
    expect(chooseStrategy({ ...input, signedAbove })).toBe(expected);
  });
});

describe("choosePartSize", () => {
  it("[SY-35] keeps every rule of the store, up to the largest object", () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 1, max: S3.maxPartSize * S3.maxParts }),
    );
    fc.assert(
      fc.property(size, (bytes) => {
        const partSize = choosePartSize(bytes, S3);
        expect(partSize).toBeGreaterThanOrEqual(S3.minPartSize);
        expect(partSize).toBeLessThanOrEqual(S3.maxPartSize);
        expect(Math.ceil(bytes / partSize)).toBeLessThanOrEqual(S3.maxParts);
      }),
    );
  });

  it("refuses what no part size fits", () => {
    expect(() => choosePartSize(S3.maxPartSize * S3.maxParts + 1, S3)).toThrow(/do not fit/);
  });
});

describe("cut", () => {
  it("covers the size exactly once", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 99 }),
        (size, piece) => {
          let at = 0;
          let number = 0;
          for (const part of cut(size, piece)) {
            expect(part).toMatchObject({ offset: at, number: ++number });
            expect(part.length).toBeGreaterThan(0);
            at += part.length;
          }
          expect(at).toBe(size);
        },
      ),
    );
  });
});
