/**
 * Holds a listing to its order. A merge takes what comes too late for missing on that side, and would remove
 * it on the other; so a page out of order ends the run before anything in it counts.
 */
import { type Entry, StorageError, comparePaths, orderKey } from "@omnisync/storage";

/** The pages as they come. @throws StorageError `unsupported` for an entry that does not come after the one before. */
export async function* inOrder(
  pages: AsyncIterable<readonly Entry[]>,
): AsyncIterable<readonly Entry[]> {
  let last: string | undefined;
  for await (const page of pages) {
    for (const entry of page) {
      const key = orderKey(entry);
      if (last !== undefined && comparePaths(last, key) >= 0) throw outOfOrder(last, key, entry);
      last = key;
    }
    yield page;
  }
}

function outOfOrder(last: string, key: string, { path }: Entry): StorageError {
  const what =
    key === last ? `has ${JSON.stringify(key)} twice` : `has this after ${JSON.stringify(last)}`;
  const message =
    `the listing ${what}, which is not the order that it should have: nothing is compared or removed by it; ` +
    "for an S3 store that lists in an order of its own, --s3-unordered-list has listings sorted first";
  return new StorageError("unsupported", { path, message, operation: "list" });
}
