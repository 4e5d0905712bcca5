/** The numbered rules of the specification and the tests that carry their numbers, both ways. */
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../../../", import.meta.url);
const SUITE = new URL("packages/testkit/src/driver-suite/", ROOT);

const spec = readFileSync(new URL("docs/spec/storage.md", ROOT), "utf8");
const rules = [...spec.matchAll(/^- \*\*(ST-\d+)\*\* (.*)$/gm)].map(([, id, text]) => ({
  id: id as string,
  ownTest: text?.endsWith("_(own test)_") ?? false,
}));
const tested = new Set(
  readdirSync(SUITE)
    .map((file) => readFileSync(new URL(file, SUITE), "utf8"))
    .flatMap((source) => [...source.matchAll(/suite\.test\(\s*"([^"]+)"/g)])
    .flatMap((call) => (call[1] as string).split(" ")),
);

test("rules are numbered once, in ascending order", () => {
  const numbers = rules.map(({ id }) => Number(id.slice("ST-".length)));
  expect(numbers.length).toBeGreaterThan(90);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
});

test("every rule has a test in the driver suite, unless it says otherwise", () => {
  const untested = rules.filter(({ id, ownTest }) => !ownTest && !tested.has(id));
  expect(untested.map(({ id }) => id)).toEqual([]);
});

test("every rule that a test names exists", () => {
  const known = new Set(rules.map(({ id }) => id));
  expect([...tested].filter((id) => !known.has(id))).toEqual([]);
});
