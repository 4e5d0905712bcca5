import { expect, test } from "vitest";
import { parseStopAt } from "../../src/flags/stop-at.ts";

const NOW = new Date(2026, 10, 20, 16, 30);

test.each([
  ["2026-12-31T23:59", new Date(2026, 11, 31, 23, 59)],
  ["2026/12/31t1:02", new Date(2026, 11, 31, 1, 2)],
  ["27-1-2", new Date(2027, 0, 2)],
  ["12-31", new Date(2026, 11, 31)],
  ["1-2", new Date(2027, 0, 2)],
  ["17:00", new Date(2026, 10, 20, 17, 0)],
  ["9:00", new Date(2026, 10, 21, 9, 0)],
  [":45", new Date(2026, 10, 20, 16, 45)],
  [":15", new Date(2026, 10, 20, 17, 15)],
])("%s", (text, expected) => {
  expect(new Date(parseStopAt("--stop-at", text, NOW))).toEqual(expected);
});

test("what is no time, and what has passed, is refused", () => {
  expect(() => parseStopAt("--stop-at", "soon", NOW)).toThrow(/is not a time/);
  expect(() => parseStopAt("--stop-at", "", NOW)).toThrow(/is not a time/);
  expect(() => parseStopAt("--stop-at", "2026-11-20T16:30", NOW)).toThrow(/not in the future/);
});
