/** What a worker does for links, further names and special files: synchronous calls only. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import type { Special } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import {
  type WriteWish,
  checkMatch,
  chooseMode,
  discardTemp,
  explain,
  putInPlace,
  toFileTime,
} from "./atomic-write.ts";
import { syncDirectory, type RootSpec } from "./confined-tree.ts";
import { isSystemError } from "./file-errors.ts";
import { syncFile } from "./flush-operation.ts";
import { readMore, specialOf, writeMore } from "./more-attributes.ts";
import type { OperationContext } from "./operations.ts";
import { type LookResult, placeToWrite, readTarget } from "./read-operations.ts";
import { createSpecial } from "./special-files.ts";
import { type StatRow, statRow } from "./stat-row.ts";
import { nextTempName } from "./temp-names.ts";
import { withoutFollowing } from "./without-following.ts";

export function readLink(context: OperationContext, path: string): string {
  const { target } = context.tree.place(path);
  if (!lstatSync(target).isSymbolicLink()) {
    throw new StorageError("invalid-argument", { path, message: "is not a link" });
  }
  return readTarget(target, path);
}

export function writeLink(
  context: OperationContext,
  path: string,
  linkTarget: string,
  wish: WriteWish,
): StatRow {
  const place = placeToWrite(context, path, wish.durable);
  checkMatch(path, place.target, wish.ifMatch);
  // Without a condition made beside it and renamed; else `symlink` itself refuses a name that exists.
  const name = wish.ifNoneMatch === undefined ? nextTempName() : place.name;
  const made = place.directory.prefix + name;
  try {
    symlinkSync(linkTarget, made);
  } catch (error) {
    if (wish.ifNoneMatch === undefined || !isSystemError(error, "EEXIST")) throw error;
    throw new StorageError("precondition-failed", { path, message: "exists already" });
  }
  try {
    writeMore(made, { ...wish, acl: undefined, defaultAcl: undefined });
    if (wish.mtime !== undefined) lutimesSync(made, Date.now() / 1000, toFileTime(wish.mtime));
    if (name !== place.name) putInPlace(place, path, name, wish);
  } catch (error) {
    discardTemp(place.directory, { name });
    throw explain(error, path, place.directory);
  }
  if (wish.durable) syncDirectory(`${place.directory.prefix}.`);
  return statRow(lstatSync(place.target));
}

export function hardLink(
  context: OperationContext,
  existing: { readonly from: RootSpec | undefined; readonly path: string },
  path: string,
  wish: WriteWish,
): StatRow {
  const tree = existing.from === undefined ? context.tree : context.open(existing.from);
  const from = tree.place(existing.path);
  if (!lstatSync(from.target).isFile())
    throw new StorageError("unsupported", { path: existing.path, message: "is not a file" });
  const place = placeToWrite(context, path, wish.durable);
  const name = nextTempName();
  const made = place.directory.prefix + name;
  try {
    linkSync(from.target, made);
    if (wish.durable) syncFile(made);
    putInPlace(place, path, name, wish);
    // Between two names of one file a rename does nothing, and leaves both.
    discardTemp(place.directory, { name });
  } catch (error) {
    discardTemp(place.directory, { name });
    if (!isSystemError(error, "EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"))
      throw explain(error, path, place.directory);
    const message = "the file system has no hard links here";
    throw new StorageError("unsupported", { path, message, cause: error });
  }
  if (wish.durable) syncDirectory(`${place.directory.prefix}.`);
  return statRow(lstatSync(place.target));
}

export function makeSpecial(
  context: OperationContext,
  path: string,
  special: Special,
  wish: WriteWish,
): LookResult {
  const place = placeToWrite(context, path, wish.durable);
  const name = nextTempName();
  const made = place.directory.prefix + name;
  try {
    createSpecial(made, special);
    writeMore(made, wish);
    withoutFollowing({ ...place, target: made }, (target) => {
      const is = specialOf(statSync(target))?.type;
      if (is !== special.type) throw new StorageError("changed", { path });
      chmodSync(target, chooseMode(place, path, wish));
      if (wish.mtime !== undefined) utimesSync(target, Date.now() / 1000, toFileTime(wish.mtime));
    });
    putInPlace(place, path, name, wish);
  } catch (error) {
    discardTemp(place.directory, { name });
    throw explain(error, path, place.directory);
  }
  if (wish.durable) syncDirectory(`${place.directory.prefix}.`);
  const stats = lstatSync(place.target);
  return { row: statRow(stats), more: readMore(place.target, stats, undefined) };
}
