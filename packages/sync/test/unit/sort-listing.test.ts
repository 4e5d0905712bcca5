import type { Entry } from "@omnisync/storage";
import { expect, test } from "vitest";
import { sortListing } from "../../src/walk/sort-listing.ts";

test("[SY-10] a name that holds a line separator survives the sort on disk", async () => {
  const names = ["c\u2028d", "b\u2029", "a", "z\u2028", "d"];
  const listing = async function* (): AsyncIterable<readonly Entry[]> {
    for (const path of names) yield [{ path, kind: "file", size: 0, complete: true }];
  };
  const found: string[] = [];
  for await (const page of sortListing(listing(), undefined, 2)) {
    found.push(...page.map(({ path }) => path));
  }
  expect(found).toEqual(["a", "b\u2029", "c\u2028d", "d", "z\u2028"]);
});
