/** The numbered rules of docs/spec/delta-format.md and the tests that carry their numbers, both ways. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const spec = readFileSync(
  new URL("../../../../docs/spec/delta-format.md", import.meta.url),
  "utf8",
);
const rules = [...spec.matchAll(/^- \*\*(D[FL]-\d+)\*\* /gm)].map((match) => match[1]!);
const titles = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => [
    ...readFileSync(new URL(file, import.meta.url), "utf8").matchAll(/it\("\[(D[FL]-\d+)\]/g),
  ])
  .map((match) => match[1]!);

test("every rule has a test, and every test its rule", () => {
  expect(rules.length).toBeGreaterThan(15);
  expect([...new Set(titles)].toSorted()).toEqual(rules.toSorted());
});
