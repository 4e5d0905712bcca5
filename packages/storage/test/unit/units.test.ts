import { formatDuration, formatSize, parseDuration, parseSize } from "@omnisync/storage";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const invalid = expect.objectContaining({ code: "invalid-argument" });

describe("parseSize", () => {
  test.each([
    ["0", 0],
    ["4096", 4096],
    ["12b", 12],
    ["12 B", 12],
    ["100K", 102_400],
    ["100k", 102_400],
    ["5MB", 5 * 1024 ** 2],
    ["5MiB", 5 * 1024 ** 2],
    ["5mib", 5 * 1024 ** 2],
    ["5 M", 5 * 1024 ** 2],
    ["1.5g", 1.5 * 1024 ** 3],
    ["0.5K", 512],
    ["1.0001K", 1024],
    ["2T", 2 * 1024 ** 4],
    ["7P", 7 * 1024 ** 5],
    ["  1K\n", 1024],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("%j", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    "",
    " ",
    "-1",
    "+1",
    "K",
    ".5K",
    "1.",
    "1,5M",
    "1e3",
    "0x10",
    "1_000",
    "5MBB",
    "5 M B",
    "5X",
    "5 bytes",
    "8P",
    "9007199254740992",
    "9".repeat(400),
    "NaN",
    "Infinity",
    "１",
  ])("%j is refused", (text) => expect(() => parseSize(text)).toThrow(invalid));

  test("the error shows the text and the right form", () => {
    expect(() => parseSize("5X")).toThrow('"5X" is not a size; write 5MiB, 100K or 4096');
  });
});

describe("parseDuration", () => {
  test.each([
    ["250ms", 250],
    ["60s", 60_000],
    ["0s", 0],
    ["1.5s", 1500],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["1h30m", 5_400_000],
    ["1d12h", 129_600_000],
    ["30d", 2_592_000_000],
    ["2w", 1_209_600_000],
    ["1m250ms", 60_250],
    [" 5s ", 5000],
  ])("%j", (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  test.each(["", " ", "60", "0", "-5s", "5 s", "5S", "1h 30m", "1h30", "s", "5y", ".5s", "1e3s"])(
    "%j is refused",
    (text) => expect(() => parseDuration(text)).toThrow(invalid),
  );

  test("a number too large to be one is refused", () => {
    expect(() => parseDuration(`${"9".repeat(400)}s`)).toThrow(invalid);
  });
});

describe("formatSize", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [1536, "1.50 KiB"],
    [10_240, "10.0 KiB"],
    [102_400, "100 KiB"],
    [1_047_552, "1023 KiB"],
    [1_048_575, "1.00 MiB"],
    [5 * 1024 ** 3, "5.00 GiB"],
    [Number.MAX_SAFE_INTEGER, "8.00 PiB"],
  ])("%d", (bytes, text) => expect(formatSize(bytes)).toBe(text));

  test("comes back within its precision", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 50 }), (bytes) => {
        const back = parseSize(formatSize(bytes));
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(bytes * 0.006);
      }),
    );
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0ms"],
    [350, "350ms"],
    [999, "999ms"],
    [1000, "1.0s"],
    [4200, "4.2s"],
    [59_949, "59.9s"],
    [59_950, "1m00s"],
    [185_000, "3m05s"],
    [3_599_499, "59m59s"],
    [3_600_000, "1h00m"],
    [7_800_000, "2h10m"],
    [86_399_000, "23h59m"],
    [442_800_000, "5d03h"],
  ])("%d", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));
});
