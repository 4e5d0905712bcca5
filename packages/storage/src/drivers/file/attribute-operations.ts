/** What a worker does for directories and attributes: synchronous calls only. */
import { chmodSync, lstatSync, lutimesSync, rmdirSync, utimesSync } from "node:fs";
import { StorageError } from "../../errors.ts";
import { checkMatch, explain, toFileTime } from "./atomic-write.ts";
import { type Place, makeDirectory, syncDirectory } from "./confined-tree.ts";
import { isSystemError } from "./file-errors.ts";
import { type MoreWish, hasMore, writeMore } from "./more-attributes.ts";
import type { OperationContext } from "./operations.ts";
import { placeToWrite } from "./read-operations.ts";
import { type StatRow, statRow } from "./stat-row.ts";
import { withoutFollowing } from "./without-following.ts";

interface AttributeWish extends MoreWish {
  readonly mtime?: number | undefined;
  readonly mode?: number | undefined;
}

export interface DirectoryWish extends AttributeWish {
  readonly durable?: boolean | undefined;
}

/** @param path "" for the root. */
export function makeDirectories(
  context: OperationContext,
  path: string,
  wish: DirectoryWish,
): void {
  if (path === "") context.tree.directory("", wish.durable ? "durable" : true);
  else makeBelowRoot(context, path, wish);
  if (wish.mode === undefined && wish.mtime === undefined && !hasMore(wish)) return;
  const itself = `${context.tree.directory(path).prefix}.`;
  writeMore(itself, wish);
  if (wish.mode !== undefined) chmodSync(itself, wish.mode);
  if (wish.mtime !== undefined) utimesSync(itself, Date.now() / 1000, toFileTime(wish.mtime));
}

function makeBelowRoot(context: OperationContext, path: string, wish: DirectoryWish): void {
  const place = placeToWrite(context, path, wish.durable);
  try {
    if (makeDirectory(place.target) && wish.durable) syncDirectory(`${place.directory.prefix}.`);
  } catch (error) {
    throw explain(error, path, place.directory);
  }
  if (!lstatSync(place.target).isDirectory()) {
    throw new StorageError("not-a-directory", { path, message: "something else lies there" });
  }
}

export function removeDirectory(context: OperationContext, path: string): void {
  try {
    rmdirSync(context.tree.place(path).target);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  } finally {
    context.tree.release();
  }
}

export function changeAttributes(
  context: OperationContext,
  path: string,
  wish: AttributeWish,
  condition: { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: "*" | undefined },
): StatRow {
  const place = path === "" ? directoryPlace(context, "") : placeToChange(context, path);
  const before = lstatSync(place.target);
  if (condition.ifNoneMatch !== undefined) {
    throw new StorageError("precondition-failed", { path, message: "exists" });
  }
  checkMatch(path, place.target, condition.ifMatch);
  const atime = toFileTime(before.atimeMs);
  const isWritable = (before.mode & 0o200) !== 0 || before.isSymbolicLink();
  if (wish.xattrs !== undefined && !isWritable) {
    withoutFollowing(place, (target) => chmodSync(target, (before.mode & 0o7777) | 0o200));
  }
  writeMore(place.target, wish);
  if (before.isSymbolicLink()) {
    // A link has no mode of its own.
    if (wish.mtime !== undefined) lutimesSync(place.target, atime, toFileTime(wish.mtime));
  } else {
    withoutFollowing(place, (target) => {
      // A new owner takes set-uid bits away.
      const mode = wish.mode ?? (hasMore(wish) && !wish.acl ? before.mode & 0o7777 : undefined);
      if (mode !== undefined) chmodSync(target, mode);
      if (wish.mtime !== undefined) utimesSync(target, atime, toFileTime(wish.mtime));
    });
  }
  return statRow(lstatSync(place.target));
}

/** A link that stands for a directory is passed through. */
function placeToChange(context: OperationContext, path: string): Place {
  const place = context.tree.place(path);
  if (context.tree.spec.see === undefined) return place;
  const seen = context.tree.look(place.target, path);
  return seen?.isDirectory() ? directoryPlace(context, path) : place;
}

/** A directory as a place by itself, as the root has none above it. */
function directoryPlace(context: OperationContext, path: string): Place {
  const directory = context.tree.directory(path);
  return { directory, name: ".", target: `${directory.prefix}.` };
}
