/** The hashes of all files of a place, in the order of their paths, as a checksum file wants them. */
import {
  type Entry,
  type HashName,
  StorageError,
  baseName,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import {
  COUNT,
  type Checks,
  FLAG,
  FUNCTION,
  OBJECT,
  checkFields,
} from "../check-options/checks.ts";
import type { Filter } from "../filter/filter.ts";
import type { Place } from "../options.ts";
import { readContent } from "./known-content.ts";
import { listFiles } from "./list-files.ts";
import type { Sum } from "./sums.ts";

export interface HashPlaceOptions {
  readonly filter?: Filter | undefined;
  /** Read every file, even where its store knows the hash. Default false. */
  readonly download?: boolean | undefined;
  /** Files read at once. Default: what the store likes. */
  readonly jobs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each file that could not be hashed, and each part that could not be listed. Default: it is thrown. */
  readonly onProblem?: ((problem: StorageError, path: string) => void) | undefined;
}

export interface FileSum extends Sum {
  /** Bytes. */
  readonly size: number;
}

const CHECKS: Checks<HashPlaceOptions> = {
  filter: OBJECT,
  download: FLAG,
  jobs: COUNT,
  signal: OBJECT,
  onProblem: FUNCTION,
};

/**
 * Hashes every file of a place, several at once, and gives the sums in order. Links are left out.
 * @throws StorageError `not-found` if the place does not exist; `invalid-argument`; without `onProblem`, the first problem.
 */
export async function* hashPlace(
  place: Place,
  name: HashName,
  options: HashPlaceOptions = {},
): AsyncGenerator<FileSum, void, undefined> {
  checkFields(options, CHECKS);
  const signal = options.signal ?? new AbortController().signal;
  setMaxListeners(0, signal);
  const onProblem =
    options.onProblem ??
    ((problem: StorageError) => {
      throw problem;
    });
  const ahead = options.jobs ?? place.driver.capabilities.concurrency;
  const hashOf = async (entry: Entry): Promise<FileSum | undefined> => {
    const path = entry.path === "" ? baseName(place.path) : entry.path;
    try {
      const hash = await hashEntry(place, entry, name, { ...options, signal });
      return hash === undefined ? undefined : { path, hash, name, size: entry.size };
    } catch (error) {
      signal.throwIfAborted();
      onProblem(toStorageError(error, { path }), path);
      return undefined;
    }
  };
  for await (const sum of inOrder(
    listFiles(place, { filter: options.filter, signal, onProblem }),
    ahead,
    hashOf,
  )) {
    if (sum !== undefined) yield sum;
  }
}

/** `undefined`: not a file. */
async function hashEntry(
  { driver, path: root }: Place,
  entry: Entry,
  name: HashName,
  { download, signal }: { readonly download?: boolean | undefined; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (entry.kind !== "file") return undefined;
  const path = joinPath(root, entry.path);
  const found = entry.complete ? entry : await driver.stat(path, { signal });
  if (found === undefined) throw new StorageError("not-found", { path });
  if (found.kind !== "file") return undefined;
  const known = download ? undefined : found.hashes?.[name];
  return (
    known ??
    (await readContent(driver, path, found, () => ({ kind: "hash", name, value: "" }), signal))
      .value
  );
}

/** Results of `work` in the order of `items`, with so many under way at once. */
async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const queue: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Its failure is thrown when its turn comes, not as an unhandled rejection meanwhile.
      result.catch(() => {});
      queue.push(result);
      if (queue.length < ahead) continue;
      // By halves: files that begin in one turn go to a thread in one message.
      while (queue.length > ahead / 2) yield await (queue.shift() as Promise<Result>);
    }
    while (queue.length > 0) yield await (queue.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(queue);
  }
}
