/**
 * Both places of a run, path by path: lists what takes part of each, in order, pairs it, and leaves out
 * what the destination has to itself but may keep.
 */
import { type Entry, StorageError } from "@omnisync/storage";
import { Filter } from "../filter/filter.ts";
import { EntryCursor } from "../merge/entry-cursor.ts";
import { type MergeOptions, type Pair, mergeJoin } from "../merge/merge-join.ts";
import type { DeleteOptions } from "../options/delete-options.ts";
import type { WalkOptions } from "../options/walk-options.ts";
import type { Place } from "../options.ts";
import { ExtraJudge, type Protection } from "./extra-judge.ts";
import { openFilter } from "./filter-side.ts";
import { type NamedEntry, listNamed } from "./list-named.ts";
import { filterPages, listPlace, relativePages } from "./list-place.ts";
import { ofSide } from "./of-side.ts";
import { PathList } from "./path-list.ts";
import { pruneDirectories } from "./prune-directories.ts";
import { ScopeStack } from "./scope-stack.ts";
import { Unlisted } from "./unlisted.ts";

type Pages = AsyncIterable<readonly Entry[]>;

/** A place, and what `stat` gave for it. */
export interface WalkSide {
  readonly place: Place;
  readonly root: Entry | undefined;
  /** What is done with its pages before they are paired: counting, completing. */
  readonly through: (pages: Pages) => Pages;
}

type Chosen =
  | "filter"
  | "recursive"
  | "directories"
  | "files"
  | "ignoreMissing"
  | "deleteMissing"
  | "oneFileSystem"
  | "pruneEmptyDirs";

export interface WalkPairsOptions
  extends Pick<WalkOptions, Chosen>, Pick<DeleteOptions, "deleteExcluded" | "deleteTiming"> {
  readonly merging: MergeOptions;
  /** What only the destination has is held against the rules. Without it all of that is told. */
  readonly judgeExtras: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told of each part of either side that could not be looked at. */
  readonly onProblem: (problem: StorageError, path: string) => void;
  /** Told of each path of our own at the destination. */
  readonly onReserved?: ((path: string) => void) | undefined;
}

type Emit = (pair: Pair) => Promise<void> | undefined;

/** Calls `emit` for every path that takes part. An `emit` that gives a promise is waited for. */
export async function walkPairs(
  source: WalkSide,
  destination: WalkSide,
  options: WalkPairsOptions,
  emit: Emit,
): Promise<void> {
  const named =
    options.files === undefined || source.root?.kind !== "directory"
      ? undefined
      : await PathList.create(options.files);
  const notEntered = new Unlisted();
  const walk: Walk = { source, destination, options, named, missing: new Set(), notEntered };
  const cursors = [
    new EntryCursor(source.through(ofSide("source", sourcePages(walk)))),
    new EntryCursor(destination.through(ofSide("destination", destinationPages(walk)))),
  ] as const;
  try {
    await mergeJoin(...cursors, options.merging, await extrasOnly(walk, cursors[0], emit));
  } finally {
    await Promise.allSettled(cursors.map((cursor) => cursor.close()));
    await named?.close();
  }
}

interface Walk {
  readonly source: WalkSide;
  readonly destination: WalkSide;
  readonly options: WalkPairsOptions;
  readonly named: PathList | undefined;
  /** Named paths that the source lacks, if they are to be removed. Complete before the first pair. */
  readonly missing: Set<string>;
  /** Directories of the source on other file systems: nothing is known of what lies in them. */
  readonly notEntered: Unlisted;
}

async function* sourcePages(walk: Walk): Pages {
  const { source, options, named } = walk;
  const all = named === undefined ? listedPages(walk) : namedPages(walk, named);
  const pages = options.oneFileSystem ? notingNotEntered(all, walk.notEntered) : all;
  if (!options.pruneEmptyDirs) return yield* pages;
  yield* pruneDirectories(pages, await protectedDirectories(source.place, options));
}

async function* notingNotEntered(pages: Pages, notEntered: Unlisted): Pages {
  for await (const page of pages) {
    for (const entry of page) if (entry.notEntered) notEntered.add(entry.path);
    yield page;
  }
}

function listedPages({ source, options }: Walk): Pages {
  const { filter, recursive = true, directories, signal, onProblem } = options;
  const pages = listPlace(source.place, source.root, { filter, recursive, signal, onProblem });
  return recursive || directories ? pages : withoutDirectories(pages);
}

async function* namedPages({ source, options, missing }: Walk, named: PathList): Pages {
  const { filter, recursive = true, signal, onProblem } = options;
  const onMissing = (path: string): void => {
    if (options.deleteMissing) missing.add(path);
    else if (!options.ignoreMissing) {
      onProblem(new StorageError("not-found", { path, message: "is not at the source" }), path);
    }
  };
  const listing = { recursive, obstacles: false, signal, onProblem, onMissing };
  const pages = listNamed(source.place, named, listing);
  if (filter === undefined) return yield* pages;
  const scope = await openFilter(source.place, filter, { side: "source", signal });
  yield* filterPages(pages, new ScopeStack(scope, onProblem));
}

async function* destinationPages({ destination, options, named }: Walk): Pages {
  const { recursive = true, directories, signal, onProblem, onReserved } = options;
  const { place, root } = destination;
  if (root?.kind !== "directory" || named === undefined) {
    const pages = listPlace(place, root, { recursive, signal, onProblem, onReserved });
    yield* recursive || directories ? pages : withoutDirectories(pages);
  } else {
    const onMissing = (): void => {};
    yield* listNamed(place, named, { recursive, obstacles: true, signal, onProblem, onMissing });
  }
}

async function* withoutDirectories(pages: Pages): Pages {
  for await (const page of pages) yield page.filter(({ kind }) => kind !== "directory");
}

/** Empty directories that a rule of the destination's side protects are not pruned, as with rsync. */
async function protectedDirectories(
  place: Place,
  { filter, deleteExcluded, signal }: WalkPairsOptions,
): Promise<(path: string) => boolean> {
  if (filter === undefined) return () => false;
  const scope = await openFilter(place, filter, { side: "destination", deleteExcluded, signal });
  return (path) => scope.find(path, true)?.include === false;
}

/** Lets pairs with a source through, and of the others those that may be removed. */
async function extrasOnly(walk: Walk, listed: EntryCursor, emit: Emit): Promise<Emit> {
  const { source, destination, options, named } = walk;
  const { filter, deleteMissing, judgeExtras } = options;
  // A source that is a file has no extras.
  if (source.root?.kind !== "directory") return (pair) => pair.source && emit(pair);
  const isJudged = (judgeExtras && (filter ?? named) !== undefined) || deleteMissing;
  const judge = isJudged
    ? await ExtraJudge.open(source.place, destination.place, listed, {
        ...options,
        filter: filter ?? new Filter(),
      })
    : undefined;
  const decide = (pair: Pair): Promise<void> | undefined => {
    const kept = judge?.protection(pair.destination!);
    return kept instanceof Promise
      ? kept.then((known) => tellExtra(walk, judge, pair, known, emit))
      : tellExtra(walk, judge, pair, kept, emit);
  };
  return (pair) => {
    if (pair.obstacle === "directory-at-destination") judge?.noteReplaced(pair.path);
    if (pair.source === undefined && pair.obstacle === undefined) return decide(pair);
    const pending = judge?.reach(pair.path);
    return pending === undefined ? emit(pair) : pending.then(() => emit(pair));
  };
}

function tellExtra(
  walk: Walk,
  judge: ExtraJudge | undefined,
  pair: Pair,
  kept: Protection | undefined,
  emit: Emit,
): Promise<void> | undefined {
  const { named, missing, notEntered, options } = walk;
  if (kept !== undefined || notEntered.holding(pair.path) !== undefined) return undefined;
  if (missing.has(pair.path)) return emit({ ...pair, unwanted: true });
  if (named !== undefined) {
    // Elsewhere than in named directories, what was not named is none of our business.
    const { under } = pair.destination as NamedEntry;
    const isLost = under !== undefined && judge?.isRemoved(under) && !missing.has(under);
    return under === undefined || isLost ? undefined : emit(pair);
  }
  const whole = options.recursive === false && pair.destination?.kind === "directory";
  return whole ? tellWithContent(walk, judge, pair, emit) : emit(pair);
}

/** Without recursion what both places have is not entered, but an extra goes with all that is in it. */
async function tellWithContent(
  { destination, options }: Walk,
  judge: ExtraJudge | undefined,
  pair: Pair,
  emit: Emit,
): Promise<void> {
  await emit(pair);
  if (!options.judgeExtras) return;
  const { signal, onProblem } = options;
  for await (const page of relativePages(destination.place, pair.path, { signal }, onProblem)) {
    for (const entry of page) {
      if ((await judge?.protection(entry)) !== undefined) continue;
      await emit({ path: entry.path, source: undefined, destination: entry });
    }
  }
}
