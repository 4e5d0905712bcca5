/**
 * One side of a run as an ordered listing with paths relative to its place. A place that is a single
 * file is a listing of one entry, whose path is "".
 */
import { type Entry, type StorageError, baseName, isReserved } from "@omnisync/storage";
import type { Filter } from "../filter/filter.ts";
import type { Place } from "../options.ts";
import { sortListing } from "./sort-listing.ts";

export interface ListPlaceOptions {
  readonly filter?: Filter | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each part that could not be listed, path relative to the place. */
  readonly onProblem: (problem: StorageError, path: string) => void;
  /** Told of each reserved path that is met: leftovers of killed runs. Default: they stay unseen. */
  readonly onReserved?: ((path: string) => void) | undefined;
}

/** The entries below `root`, which is what `stat` gave for the place; `undefined`: nothing is there. */
export async function* listPlace(
  place: Place,
  root: Entry | undefined,
  options: ListPlaceOptions,
): AsyncIterable<readonly Entry[]> {
  if (root === undefined) return;
  if (root.kind !== "directory") {
    if (options.filter?.includes(baseName(root.path), false) !== false)
      yield [{ ...root, path: "" }];
    return;
  }
  const { driver } = place;
  const pages = driver.list(place.path, {
    recursive: true,
    signal: options.signal,
    includeReserved: options.onReserved !== undefined,
    onProblem: (problem) => options.onProblem(problem, relativePath(place, problem.path ?? "")),
  });
  const ordered = driver.capabilities.orderedList ? pages : sortListing(pages, options.signal);
  yield* relativePages(place, ordered, options);
}

/** A store's path seen from the place. */
function relativePath(place: Place, path: string): string {
  return place.path === "" ? path : path.slice(place.path.length + 1);
}

async function* relativePages(
  place: Place,
  pages: AsyncIterable<readonly Entry[]>,
  options: ListPlaceOptions,
): AsyncIterable<readonly Entry[]> {
  const includes = options.filter?.scanner();
  for await (const page of pages) {
    let entries =
      place.path === ""
        ? page
        : page.map((entry) => ({ ...entry, path: relativePath(place, entry.path) }));
    if (options.onReserved !== undefined) entries = setReservedAside(entries, options.onReserved);
    if (includes !== undefined)
      entries = entries.filter((entry) => includes(entry.path, entry.kind === "directory"));
    if (entries.length > 0) yield entries;
  }
}

function setReservedAside(
  entries: readonly Entry[],
  onReserved: (path: string) => void,
): readonly Entry[] {
  if (!entries.some((entry) => isReserved(entry.path))) return entries;
  return entries.filter((entry) => {
    if (!isReserved(entry.path)) return true;
    onReserved(entry.path);
    return false;
  });
}
