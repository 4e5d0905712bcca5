/**
 * Pairs two ordered listings path by path, in bounded memory whatever their length.
 *
 * A file `a` and a directory `a` sort apart (`a` … `a-b` … `a/`), so a store that cannot hold both
 * needs a look at what is coming: an unpaired `a` is held back until both listings have reached `a/`.
 * Names held back at one time are prefixes of one another, so there are at most as many as a path is
 * long, and they are released last in, first out.
 */
import { type Entry, comparePaths } from "@omnisync/storage";
import type { EntryCursor } from "./entry-cursor.ts";

export interface Pair {
  readonly path: string;
  readonly source: Entry | undefined;
  readonly destination: Entry | undefined;
  /**
   * - `directory-at-destination`: a file is to go where the destination has a directory.
   * - `directory-at-source`: a destination file stands where the source has a directory.
   * - `twin-at-source`: the source has a file and a directory of this name; the destination can't.
   * - `link-at-destination`: a link there was listed as the directory it points to, and stands for itself.
   * - `implied`: a destination directory that the source has without saying so (plain keys).
   */
  readonly obstacle?: Obstacle | undefined;
  /** Asked for by name and missing at the source: it goes even where extras stay. */
  readonly unwanted?: boolean | undefined;
}

export type Obstacle =
  | "directory-at-destination"
  | "directory-at-source"
  | "twin-at-source"
  | "link-at-destination"
  | "implied";

export interface MergeOptions {
  /** Whether the destination can hold `a` and `a/b`. Then nothing is ever held back. */
  readonly fileAndDirectory: boolean;
  /** Whether the source may list `a` and `a/b`. */
  readonly twinsAtSource: boolean;
}

/** Calls `emit` for every path of either side, in order. An `emit` that gives a promise is waited for. */
export async function mergeJoin(
  source: EntryCursor,
  destination: EntryCursor,
  options: MergeOptions,
  emit: (pair: Pair) => Promise<void> | undefined,
): Promise<void> {
  const held: Pair[] = [];
  for (;;) {
    if (!source.ready) await source.fill();
    if (!destination.ready) await destination.fill();
    const order = compareKeys(source.key, destination.key);
    const next = (order <= 0 ? source : destination).key;
    while (held.length > 0 && isReached(held.at(-1) as Pair, next)) {
      await emit(release(held.pop() as Pair, source, destination));
    }
    if (next === undefined) return;
    const pair = take(source, destination, order);
    if (isHeld(pair, options)) held.push(pair);
    else {
      const pending = emit(
        pair.destination?.kind === "directory" ? markImplied(pair, source) : pair,
      );
      if (pending !== undefined) await pending;
    }
  }
}

/** Order of two keys where a listing that has ended comes last; equal only if both are there. */
function compareKeys(a: string | undefined, b: string | undefined): number {
  if (a === undefined) return b === undefined ? 0 : 1;
  return b === undefined ? -1 : comparePaths(a, b);
}

function take(source: EntryCursor, destination: EntryCursor, order: number): Pair {
  const from = order <= 0 ? source.entry : undefined;
  const to = order >= 0 ? destination.entry : undefined;
  if (from !== undefined) source.advance();
  if (to !== undefined) destination.advance();
  return { path: (from ?? to)!.path, source: from, destination: to };
}

function isHeld(pair: Pair, options: MergeOptions): boolean {
  if (options.fileAndDirectory || (pair.source ?? pair.destination)!.kind === "directory")
    return false;
  return pair.source === undefined || pair.destination === undefined || options.twinsAtSource;
}

/** Whether a directory of the held name would be next, or has been passed. */
function isReached(pair: Pair, next: string | undefined): boolean {
  return next === undefined || comparePaths(`${pair.path}/`, next) <= 0;
}

function release(pair: Pair, source: EntryCursor, destination: EntryCursor): Pair {
  const { path } = pair;
  if (source.isAtOrIn(path)) {
    return {
      ...pair,
      obstacle: pair.source === undefined ? "directory-at-source" : "twin-at-source",
    };
  }
  const blocked = pair.source !== undefined && destination.isAtOrIn(path);
  const link = blocked ? destination.entry?.throughLink : undefined;
  // What it stands for is not what is wanted here: then it is a link again.
  if (link !== undefined)
    return { ...pair, destination: { ...link, path }, obstacle: "link-at-destination" };
  return blocked ? { ...pair, obstacle: "directory-at-destination" } : pair;
}

function markImplied(pair: Pair, source: EntryCursor): Pair {
  if (pair.source !== undefined || !source.isAtOrIn(pair.path)) return pair;
  return { ...pair, obstacle: "implied" };
}
