/** What a worker does to tell whether two paths, of whatever roots, lead to one thing: synchronous calls only. */
import { type BigIntStats, lstatSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Identity } from "../../driver.ts";
import { isStorageError } from "../../errors.ts";
import { baseName } from "../../path.ts";
import { isSystemError } from "./file-errors.ts";
import { otherNames, readMounts } from "./mounted-names.ts";
import type { OperationContext } from "./operations.ts";

/** @param above whether to tell of the directories that it lies in. */
export function identify(context: OperationContext, path: string, above: boolean): Identity {
  const id = idAt(context, path);
  if (!above) return { id, above: [] };
  const { root } = context.tree.spec;
  const full = path === "" ? root : `${root === "/" ? "" : root}/${path}`;
  // Also a directory itself has other names, below other directories.
  const ids = idsAbove(existing(isDirectory(full) ? full : dirname(full)));
  return { id, above: ids.filter((other) => other !== id) };
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

function idAt(context: OperationContext, path: string): string | undefined {
  try {
    if (path === "") return directoryId(`${context.tree.directory("").prefix}.`);
    const { directory, target } = context.tree.place(path);
    const stats = lstatSync(target, { bigint: true });
    if (stats.isDirectory()) return idOf(stats);
    return fileId(stats, directoryId(`${directory.prefix}.`), baseName(path));
  } catch (error) {
    // Behind a link that is not followed lies nothing that could be meant.
    if (isSystemError(error, "ENOENT", "ENOTDIR") || isStorageError(error, "not-a-directory"))
      return undefined;
    throw error;
  }
}

/**
 * Other names of a file are other things: one may go while the other stays. But in one directory, two names that
 * differ in what some file systems do not look at may be one name.
 */
function fileId(stats: BigIntStats, parent: string | undefined, name: string): string | undefined {
  const own = idOf(stats);
  if (own === undefined || parent === undefined) return undefined;
  const which = stats.nlink === 1n ? "" : name.normalize("NFC").toLowerCase();
  return `${own} in ${parent} ${which}`;
}

function directoryId(path: string): string | undefined {
  return idOf(statSync(path, { bigint: true }));
}

/** Some file systems do not number their files. */
function idOf({ dev, ino }: BigIntStats): string | undefined {
  return ino === 0n ? undefined : `${dev}:${ino}`;
}

/** The nearest directory that is there, links resolved: what is missing would be made in it. */
function existing(directory: string): string {
  for (let at = directory; ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch (error) {
      if (!isSystemError(error, "ENOENT", "ENOTDIR")) throw error;
    }
  }
}

/** A directory and those that it lies in, by all of its names. */
function idsAbove(directory: string): readonly string[] {
  const mounts = readMounts();
  const ids = new Set<string>();
  const seen = new Set<string>();
  const names = [directory];
  for (const name of names) {
    for (let at = name; !seen.has(at); at = dirname(at)) {
      seen.add(at);
      const id = directoryId(at);
      if (id === undefined) continue;
      ids.add(id);
      names.push(...otherNames(at, mounts).filter((other) => isStill(id, other)));
    }
  }
  return [...ids];
}

function isStill(id: string, path: string): boolean {
  try {
    return directoryId(path) === id;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return false;
    throw error;
  }
}
