import { type Entry, StorageError, isStorageError } from "@omnisync/storage";

type Pages = AsyncIterable<readonly Entry[]>;

/** Pages of one side of a run. What ends the listing of a whole place has no path there, and says which place it was. */
export async function* ofSide(side: "source" | "destination", pages: Pages): Pages {
  try {
    yield* pages;
  } catch (error) {
    if (!isStorageError(error) || error.code === "aborted" || error.path) throw error;
    const { code, path, operation, retry, retryAfter } = error;
    const message = `the ${side} could not be listed: ${error.message}`;
    throw new StorageError(code, { path, message, operation, retry, retryAfter, cause: error });
  }
}
