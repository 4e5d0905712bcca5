/**
 * One side of a run as an ordered listing with paths relative to its place. A place that is a single
 * file is a listing of one entry, whose path is "".
 */
import {
  type Driver,
  type Entry,
  type Prune,
  type PruneRule,
  type StorageError,
  baseName,
  isReserved,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import { hideSignatures } from "../delta/hide-signatures.ts";
import type { Filter } from "../filter/filter.ts";
import { pruneRules } from "../filter/prune-rules.ts";
import type { Place } from "../options.ts";
import { openFilter } from "./filter-side.ts";
import { inOrder } from "./in-order.ts";
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
  /** Told of each path of our own that is met: leftovers of killed runs, signatures. Default: they stay unseen. */
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
  yield* listFiltered(place, filter, options);
}

async function* listFiltered(
  place: Place,
  filter: Filter,
  options: ListPlaceOptions,
): AsyncIterable<readonly Entry[]> {
  const scope = await openFilter(place, filter, { side: "source", signal: options.signal });
  const stack = new ScopeStack(scope, options.onProblem);
  // Of its own, because problems come ahead of the entries around them.
  const judge = new ScopeStack(scope, () => {});
  const problems: StorageError[] = [];
  const tellProblems = async (): Promise<void> => {
    for (const problem of problems.splice(0)) {
      const path = relativePath(place, problem.path ?? "");
      if (await mayTakePart(judge, problem, path)) options.onProblem(problem, path);
    }
  };
  let left: string | undefined;
  const prune = { before: filter.prefix, rules: pruneRules(filter) };
  const pages = relativePages(
    place,
    "",
    { ...options, prune, leave: () => left },
    (problem) => void problems.push(problem),
  );
  for await (const page of filterPages(pages, stack, (directory) => (left = directory))) {
    await tellProblems();
    yield page;
  }
  await tellProblems();
}

/**
 * The entries that take part. Rule files are read when the first entry of their directory comes. `onLeft` is told of
 * each directory that is left out with all that is in it.
 */
export async function* filterPages(
  pages: AsyncIterable<readonly Entry[]>,
  stack: ScopeStack,
  onLeft?: (directory: string) => void,
): AsyncIterable<readonly Entry[]> {
  for await (const page of pages) {
    const kept: Entry[] = [];
    for (const entry of page) {
      const pending = stack.enter(parentPath(entry.path));
      if (pending !== undefined) await pending;
      const isDirectory = entry.kind === "directory";
      const left = stack.leaves(entry.path, isDirectory);
      if (left === undefined) kept.push(entry);
      else if (isDirectory && left !== "unreadable") onLeft?.(left.path);
    }
    if (kept.length > 0) yield kept;
  }
}

/** What lies in an excluded directory, or is one, need not be readable. */
async function mayTakePart(
  stack: ScopeStack,
  { code }: StorageError,
  path: string,
): Promise<boolean> {
  if (path === "") return true;
  await stack.enter(parentPath(path));
  if (stack.leaves(path, true) === undefined) return true;
  return code !== "permission-denied" && stack.leaves(path, false) === undefined;
}

/** Folders of our own that are removed as a whole: no leftover is looked for in them. */
const REMOVED_WHOLE: PruneRule = {
  enter: false,
  subject: "path",
  expression: /(?:^|\/)\.omnisync\/(?:trash$|staged-)/,
};

interface RelativeOptions extends Pick<ListPlaceOptions, "recursive" | "signal" | "onReserved"> {
  readonly prune?: Prune | undefined;
  /** As in `ListOptions`, relative to the place. */
  readonly leave?: (() => string | undefined) | undefined;
}

/** The entries below a directory of a place, as the driver has them, in order. */
export async function* relativePages(
  place: Place,
  directory: string,
  options: RelativeOptions,
  onProblem: ListPlaceOptions["onProblem"],
): AsyncIterable<readonly Entry[]> {
  const { driver } = place;
  const { prune = { before: "", rules: [] }, leave, onReserved } = options;
  const listed = onReserved === undefined ? driver : tellingReserved(driver);
  const onHidden = onReserved && ((path: string) => onReserved(relativePath(place, path)));
  const pages = hideSignatures(listed, onHidden).list(joinPath(place.path, directory), {
    recursive: options.recursive ?? true,
    signal: options.signal,
    prune: { ...prune, rules: [REMOVED_WHOLE, ...prune.rules] },
    leave: leave && ((): string | undefined => placePath(place, leave())),
    onProblem: (problem) => onProblem(problem, relativePath(place, problem.path ?? "")),
  });
  const ordered = driver.capabilities.orderedList ? pages : sortListing(pages, options.signal);
  for await (const page of inOrder(ordered)) {
    const entries =
      place.path === ""
        ? page
        : page.map((entry) => ({ ...entry, path: relativePath(place, entry.path) }));
    yield onReserved === undefined ? entries : setReservedAside(entries, onReserved);
  }
}

/** Reserved paths are told, and still no sidecar is. */
function tellingReserved(driver: Driver): Driver {
  return intercept(driver, {
    methods: {
      list: (directory, options) => driver.list(directory, { ...options, includeReserved: true }),
    },
  });
}

function placePath(place: Place, path: string | undefined): string | undefined {
  return path === undefined ? undefined : joinPath(place.path, path);
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
