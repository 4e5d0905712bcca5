/**
 * `lstat` of many names in one directory, twice as fast as below its descriptor.
 *
 * Going through `/proc` costs as much as the `lstat` itself. The directory's plain path may be used
 * instead while it is certain to lead there: that is so if no directory above it has changed (its
 * ctime is the same before and after, and was not so recent that a change could hide in a tick of
 * the file system's clock) and the path leads there now. Otherwise what was seen is thrown away, and
 * looked at again below the descriptor.
 */
import { type Stats, fstatSync, lstatSync, statSync } from "node:fs";
import type { OpenDirectory } from "./confined-tree.ts";

/** What `lstat` gave: nothing for a name that is gone, or the error. */
export type Look = Stats | undefined | Error;

export interface LookPlace {
  readonly directory: OpenDirectory;
  /** The path of the directory as the root's path gives it, ended by "/". */
  readonly plain: string;
  /** The directories on the way, from the root to the directory's parent. */
  readonly above: readonly OpenDirectory[];
}

/** Below this many names checking costs more than it saves. */
const WORTH_IT = 8;
const LONGEST_PLAIN = 3000;
/** Older than any file system's clock tick, milliseconds. */
const SETTLED = 100;

export function lookMany(place: LookPlace, names: readonly string[]): Look[] {
  const { directory, plain } = place;
  if (names.length >= WORTH_IT && directory.fd !== undefined && plain.length < LONGEST_PLAIN) {
    const before = settledTimes(place.above);
    if (before !== undefined && leadsTo(plain, directory.fd)) {
      const looks = looksBelow(plain, names);
      if (place.above.every((each, index) => changeTime(each) === before[index])) return looks;
    }
  }
  return looksBelow(directory.prefix, names);
}

/** Pushed, not mapped: with arrays of one kind V8 need not compile the walk again and again. */
function looksBelow(prefix: string, names: readonly string[]): Look[] {
  const looks: Look[] = [];
  for (const name of names) looks.push(lookAt(prefix + name));
  return looks;
}

function lookAt(target: string): Look {
  try {
    return lstatSync(target, { throwIfNoEntry: false });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** When each directory last changed; `undefined` if one did so just now. */
function settledTimes(above: readonly OpenDirectory[]): number[] | undefined {
  const latest = Date.now() - SETTLED;
  const times: number[] = [];
  for (const directory of above) {
    const time = changeTime(directory);
    if (!(time < latest)) return undefined;
    times.push(time);
  }
  return times;
}

function changeTime(directory: OpenDirectory): number {
  return directory.fd === undefined ? Number.NaN : fstatSync(directory.fd).ctimeMs;
}

function leadsTo(plain: string, fd: number): boolean {
  const there = lookAtDirectory(plain);
  const here = fstatSync(fd);
  return there?.ino === here.ino && there.dev === here.dev;
}

function lookAtDirectory(plain: string): Stats | undefined {
  try {
    return statSync(plain, { throwIfNoEntry: false });
  } catch {
    // Any failure only means that this path is of no use.
    return undefined;
  }
}
