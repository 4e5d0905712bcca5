/**
 * What lies at paths that were asked for by name, as an ordered listing. Each is looked at by itself, so
 * that a few files of a large place cost a few looks; what is found is put in order on disk if it is long.
 */
import {
  type Entry,
  type StorageError,
  isReserved,
  joinPath,
  orderKey,
  parentPath,
  toStorageError,
} from "@omnisync/storage";
import { isHiddenSignature } from "../delta/hide-signatures.ts";
import type { Place } from "../options.ts";
import { relativePages } from "./list-place.ts";
import type { ListedPath, PathList } from "./path-list.ts";
import { sortListing } from "./sort-listing.ts";

/** An entry, and how it came into the listing. */
export interface NamedEntry extends Entry {
  /** The named directory in which it was found. */
  readonly under?: string | undefined;
}

export interface ListNamedOptions {
  /** A directory that is listed comes with all that is in it. */
  readonly recursive: boolean;
  /** What lies above a named path and is no directory is told of too: it is in the way there. */
  readonly obstacles: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProblem: (problem: StorageError, path: string) => void;
  readonly onMissing: (path: string) => void;
}

/** Looks at the paths of one batch at once. */
const AT_ONCE = 64;

export async function* listNamed(
  place: Place,
  paths: PathList,
  options: ListNamedOptions,
): AsyncIterable<readonly Entry[]> {
  let last: string | undefined;
  for await (const page of sortListing(found(place, paths, options), options.signal)) {
    // Directories above several paths come once for each.
    const once = page.filter((entry) => {
      const key = orderKey(entry);
      const isNew = key !== last;
      last = key;
      return isNew;
    });
    if (once.length > 0) yield once;
  }
}

async function* found(
  place: Place,
  paths: PathList,
  options: ListNamedOptions,
): AsyncIterable<readonly NamedEntry[]> {
  const parents = new Parents();
  for await (const batch of paths.batches(AT_ONCE)) {
    options.signal?.throwIfAborted();
    const { directories, mode } = place.driver.capabilities;
    const above = directories || mode ? parents.of(batch) : [];
    const entries = await Promise.all([
      ...above.map((path) => lookAbove(place, path, options)),
      ...batch.map(({ path }) => look(place, path, options)),
    ]);
    yield entries.filter((entry) => entry !== undefined && entry.path !== "") as Entry[];
    for (const [i, listed] of batch.entries()) {
      const entry = entries[above.length + i];
      if (entry === undefined) options.onMissing(listed.path);
      else if (entry.kind === "directory") yield* inside(place, listed, options);
    }
  }
}

/** A directory on the way to what is named; nothing where it has no existence of its own, and nothing else. */
async function lookAbove(
  place: Place,
  path: string,
  options: ListNamedOptions,
): Promise<Entry | undefined> {
  const entry = await look(place, path, options, true);
  if (entry?.kind !== "directory" && !options.obstacles) return undefined;
  const isItself = place.driver.capabilities.directories || entry?.etag !== undefined;
  return isItself ? entry : undefined;
}

async function look(
  place: Place,
  path: string,
  options: ListNamedOptions,
  directory: boolean = false,
): Promise<Entry | undefined> {
  if (isReserved(path)) return undefined;
  const { driver } = place;
  const { signal } = options;
  try {
    const entry = await driver.stat(joinPath(place.path, path), { directory, signal });
    if (entry === undefined || (await isHiddenSignature(driver, entry, { signal })))
      return undefined;
    return { ...entry, path };
  } catch (error) {
    signal?.throwIfAborted();
    const problem = toStorageError(error, { path });
    if (problem.code === "not-a-directory") return undefined;
    if (problem.code !== "permission-denied") throw problem;
    options.onProblem(problem, path);
    return undefined;
  }
}

async function* inside(
  place: Place,
  { path, inside: wanted }: ListedPath,
  options: ListNamedOptions,
): AsyncIterable<readonly NamedEntry[]> {
  if (!options.recursive && !wanted) return;
  for await (const page of relativePages(place, path, options, options.onProblem)) {
    yield page.map((entry) => ({ ...entry, under: path }));
  }
}

/** Directories above paths that come in order: those above the one before are known. */
class Parents {
  #last: string = "";

  of(batch: readonly ListedPath[]): readonly string[] {
    const parents: string[] = [];
    for (const { path } of batch) {
      const known = `${this.#last}/`;
      for (let above = parentPath(path); above !== ""; above = parentPath(above)) {
        if (known.startsWith(`${above}/`)) break;
        parents.push(above);
      }
      this.#last = parentPath(path);
    }
    return parents;
  }
}
