/**
 * One side of a run as an ordered listing with paths relative to its place. A place that is a single
 * file is a listing of one entry, whose path is "".
 */
import {
  type Entry,
  type StorageError,
  baseName,
  isReserved,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import type { Filter } from "../filter/filter.ts";
import type { Place } from "../options.ts";
import { openFilter } from "./filter-side.ts";
import { ScopeStack } from "./scope-stack.ts";
import { sortListing } from "./sort-listing.ts";

export interface ListPlaceOptions {
  /** What it leaves out is not listed, by the rules for the source. Default: everything is. */
  readonly filter?: Filter | undefined;
  /** Go into directories. Default true. */
  readonly recursive?: boolean | undefined;
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
  const { filter } = options;
  if (root.kind !== "directory") {
    if (filter?.decide(baseName(root.path), false)?.include !== false)
      yield [{ ...root, path: "" }];
    return;
  }
  if (filter === undefined || filter.items.length === 0) {
    yield* relativePages(place, "", options, options.onProblem);
    return;
  }
  const scope = await openFilter(place, filter, { side: "source", signal: options.signal });
  const onProblem = (problem: StorageError, path: string): void => {
    if (mayTakePart(filter, problem, path)) options.onProblem(problem, path);
  };
  yield* filterPages(
    relativePages(place, "", options, onProblem),
    new ScopeStack(scope, options.onProblem),
  );
}

/** The entries that take part. Rule files are read when the first entry of their directory comes. */
export async function* filterPages(
  pages: AsyncIterable<readonly Entry[]>,
  stack: ScopeStack,
): AsyncIterable<readonly Entry[]> {
  for await (const page of pages) {
    const kept: Entry[] = [];
    for (const entry of page) {
      const pending = stack.enter(parentPath(entry.path));
      if (pending !== undefined) await pending;
      if (stack.leaves(entry.path, entry.kind === "directory") === undefined) kept.push(entry);
    }
    if (kept.length > 0) yield kept;
  }
}

/** What lies in an excluded directory, or is one, need not be readable. */
function mayTakePart(filter: Filter, problem: StorageError, path: string): boolean {
  if (filter.includes(path, true)) return true;
  return problem.code !== "permission-denied" && filter.includes(path, false);
}

/** The entries below a directory of a place, as the driver has them, in order. */
export async function* relativePages(
  place: Place,
  directory: string,
  options: Pick<ListPlaceOptions, "recursive" | "signal" | "onReserved">,
  onProblem: ListPlaceOptions["onProblem"],
): AsyncIterable<readonly Entry[]> {
  const { driver } = place;
  const pages = driver.list(joinPath(place.path, directory), {
    recursive: options.recursive ?? true,
    signal: options.signal,
    includeReserved: options.onReserved !== undefined,
    onProblem: (problem) => onProblem(problem, relativePath(place, problem.path ?? "")),
  });
  const ordered = driver.capabilities.orderedList ? pages : sortListing(pages, options.signal);
  for await (const page of ordered) {
    const entries =
      place.path === ""
        ? page
        : page.map((entry) => ({ ...entry, path: relativePath(place, entry.path) }));
    yield options.onReserved === undefined
      ? entries
      : setReservedAside(entries, options.onReserved);
  }
}

/** A store's path seen from the place. */
function relativePath(place: Place, path: string): string {
  return place.path === "" ? path : path.slice(place.path.length + 1);
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
