import { type Entry, StorageError, joinPath, toStorageError } from "@omnisync/storage";
import type { Filter } from "../filter/filter.ts";
import { type FileLimits, isWithinLimits } from "../filter/limits.ts";
import type { Place } from "../options.ts";
import { inParallel } from "../run/in-parallel.ts";
import { listPlace } from "../walk/list-place.ts";

export interface ListFilesOptions {
  readonly filter?: Filter | undefined;
  readonly signal: AbortSignal;
  /** Told of each part that could not be listed, path relative to the place. */
  readonly onProblem: (problem: StorageError, path: string) => void;
}

/**
 * Everything of a place but its directories, in order, paths relative to it; a place that is a file has
 * one entry, whose path is "".
 * @throws StorageError `not-found` if the place does not exist.
 */
export async function* listFiles(place: Place, options: ListFilesOptions): AsyncIterable<Entry> {
  const { driver, path } = place;
  const root = await driver.stat(path, { signal: options.signal });
  if (root === undefined) throw new StorageError("not-found", { path: joinPath(driver.id, path) });
  for await (const page of listPlace(place, root, options)) {
    options.signal.throwIfAborted();
    const entries = page.filter(({ kind }) => kind !== "directory");
    const limits = options.filter?.limits;
    yield* limits === undefined ? entries : await withinLimits(place, entries, limits, options);
  }
}

/** Where a listing knows no times, files are asked for theirs. One that cannot be asked is a problem. */
async function withinLimits(
  { driver, path: root }: Place,
  entries: readonly Entry[],
  limits: FileLimits,
  { signal, onProblem }: ListFilesOptions,
): Promise<readonly Entry[]> {
  const within = entries.map((entry) => isWithinLimits(entry, limits));
  const unknown = entries.flatMap((entry, i) => (within[i] === "unknown" ? [{ ...entry, i }] : []));
  await inParallel(unknown, driver.capabilities.concurrency, signal, async ({ path, i }) => {
    within[i] = false;
    try {
      const entry = await driver.stat(joinPath(root, path), { signal });
      within[i] = entry !== undefined && isWithinLimits(entry, limits);
    } catch (error) {
      signal.throwIfAborted();
      onProblem(toStorageError(error, { path }), path);
    }
  });
  return entries.filter((_, i) => within[i] === true);
}
