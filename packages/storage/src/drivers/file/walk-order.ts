/** Where names stand in the order of a walk, in which a directory `a` counts as `a/`. */
import { comparePaths } from "../../path.ts";

/** Sorts after every name: no UTF-8 text begins with a byte as high as U+10FFFF's. */
const LAST = "\u{10ffff}\u{10ffff}";

/** Whether `name` comes after everything that could sort before the directory `directory`. */
export function isAfter(name: string, directory: string): boolean {
  return comparePaths(name, `${directory}/`) > 0;
}

/** Whether neither a file nor a directory of this name can hold anything after `after`. */
export function isOver(name: string, after: string | undefined): boolean {
  if (after === undefined) return false;
  const key = `${name}/`;
  return comparePaths(key, after) <= 0 && !after.startsWith(key);
}

/** `startAfter` as it reads inside `directory`; `undefined` if it lies before all of it. */
export function afterWithin(directory: string, startAfter: string | undefined): string | undefined {
  if (startAfter === undefined || directory === "") return startAfter;
  const prefix = `${directory}/`;
  if (startAfter.startsWith(prefix)) return startAfter.slice(prefix.length) || undefined;
  return comparePaths(startAfter, prefix) < 0 ? undefined : LAST;
}
