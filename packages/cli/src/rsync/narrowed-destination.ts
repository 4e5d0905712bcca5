/**
 * A destination of which a run sees only what lies under some paths: what several sources do not
 * reach must not be taken for something that they lack.
 */
import {
  type Driver,
  type Entry,
  type ListOptions,
  comparePaths,
  isStorageError,
  isWithin,
  orderKey,
  pruneBelow,
} from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import type { Reach } from "./source-tree.ts";

export interface NarrowPath {
  readonly path: string;
  /** What of it is seen, if it is a directory. */
  readonly reach: Reach;
}

/** `driver` with listings that hold only these paths. */
export function narrowedDestination(driver: Driver, paths: readonly NarrowPath[]): Driver {
  const shown = outermost(paths);
  return intercept(driver, {
    rewrap: (view) => narrowedDestination(view, paths),
    methods: { list: (_directory, options) => listNarrow(driver, shown, options) },
  });
}

async function* listNarrow(
  driver: Driver,
  paths: readonly NarrowPath[],
  options: ListOptions = {},
): AsyncIterable<readonly Entry[]> {
  const found: { readonly entry: Entry; readonly reach: Reach }[] = [];
  for (const { path, reach } of paths) {
    const entry = await statIfThere(driver, path, options);
    if (entry !== undefined) found.push({ entry, reach });
  }
  // In the order of listings, where a directory counts as `name/`.
  found.sort((a, b) => comparePaths(orderKey(a.entry), orderKey(b.entry)));
  for (const { entry, reach } of found) {
    if (entry.path !== "") yield [entry];
    if (reach === "itself" || entry.kind !== "directory") continue;
    const prune = pruneBelow(options.prune, entry.path);
    yield* driver.list(entry.path, { ...options, prune, recursive: reach === "all" });
  }
}

async function statIfThere(
  driver: Driver,
  path: string,
  { attributes, signal }: ListOptions,
): Promise<Entry | undefined> {
  try {
    return await driver.stat(path, { attributes, signal });
  } catch (error) {
    if (isStorageError(error, "not-a-directory", "not-found")) return undefined;
    throw error;
  }
}

/** Each path once, and none that is seen with another. */
function outermost(paths: readonly NarrowPath[]): readonly NarrowPath[] {
  const byPath = new Map<string, Reach>();
  for (const { path, reach } of paths) {
    if (byPath.get(path) !== "all") byPath.set(path, reach);
  }
  const wholes = [...byPath].filter(([, reach]) => reach === "all").map(([path]) => path);
  return [...byPath]
    .filter(([path]) => !wholes.some((outer) => outer !== path && isWithin(outer, path)))
    .map(([path, reach]) => ({ path, reach }));
}
