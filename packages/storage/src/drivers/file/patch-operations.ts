/** Opening a file to be written into as it lies. Runs in a worker, on synchronous calls. */
import { type Stats, closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import type { Entry } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import { compareEtag } from "./atomic-write.ts";
import { hardLinkOf } from "./more-attributes.ts";
import type { OperationContext } from "./operations.ts";
import { placeToWrite } from "./read-operations.ts";
import { type StatRow, statRow } from "./stat-row.ts";

export interface PatchWish {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: "*" | undefined;
}

/** @returns a descriptor for the caller to close, and the file as it was opened. */
export function openPatch(
  context: OperationContext,
  path: string,
  { ifMatch, ifNoneMatch }: PatchWish,
): { readonly fd: number; readonly row: StatRow; readonly hardLink: Entry["hardLink"] } {
  const { target } = placeToWrite(context, path, false);
  const before = lstatSync(target, { throwIfNoEntry: false });
  if (before !== undefined) checkIsFile(path, before);
  if (ifNoneMatch !== undefined && before !== undefined) throw existing(path);
  if (ifMatch !== undefined) compareEtag(path, before, ifMatch);
  // Of another kind it may have become meanwhile: a link is refused, a FIFO not waited for.
  const safe = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const create = before === undefined ? constants.O_CREAT | constants.O_EXCL : 0;
  const fd = openSync(target, constants.O_RDWR | safe | create, 0o666);
  try {
    const stats = fstatSync(fd);
    checkIsFile(path, stats);
    if (ifMatch !== undefined) compareEtag(path, stats, ifMatch);
    return { fd, row: statRow(stats), hardLink: hardLinkOf(stats) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function checkIsFile(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new StorageError("is-a-directory", { path });
  throw new StorageError("unsupported", { path, message: "is no file: it is not opened" });
}

function existing(path: string): StorageError {
  return new StorageError("precondition-failed", { path, message: "exists already" });
}
