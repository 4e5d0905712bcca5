/** What a worker does for everything that changes files: synchronous calls only. */
import {
  type Stats,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { StorageError } from "../../errors.ts";
import { type HashName, hashBytes } from "../../hashes.ts";
import { checkSize } from "../../lib/body.ts";
import { baseName, parentPath } from "../../path.ts";
import {
  type FullTemp,
  type TempFile,
  type WriteWish,
  checkMatch,
  chooseMode,
  closeAnyway,
  complete,
  createTemp,
  discardTemp,
  explain,
  openingMode,
  publish,
  writeAtomically,
} from "./atomic-write.ts";
import { syncDirectory } from "./confined-tree.ts";
import { type WireError, fromSystemError, isSystemError, packError } from "./file-errors.ts";
import type { OperationContext } from "./operations.ts";
import { hashRange, placeToWrite, writeContent } from "./read-operations.ts";
import { allocate } from "./allocate.ts";
import type { StatRow } from "./stat-row.ts";
import { isInUse, isStale, nextTempName } from "./temp-names.ts";

export function writeBytes(
  context: OperationContext,
  path: string,
  bytes: Uint8Array,
  wish: WriteWish,
): StatRow {
  checkHashes(path, wish, (name) => hashBytes(name, bytes));
  const place = placeToWrite(context, path, wish.durable);
  return writeAtomically(place, path, wish, (fd) =>
    writeContent(fd, bytes, bytes.byteLength, wish.sparse),
  );
}

/** A temporary file beside `path`, for a body that comes in pieces; the caller fills and ends it. */
export function beginWrite(
  context: OperationContext,
  path: string,
  wish: WriteWish,
  size?: number,
): TempFile {
  const place = placeToWrite(context, path, wish.durable);
  let temp: TempFile | undefined;
  try {
    temp = createTemp(place.directory, openingMode(chooseMode(place, path, wish), wish));
    const space = size ?? wish.size ?? 0;
    if (wish.preallocate && space > 0) allocate(place.directory.prefix + temp.name, space);
    if (size !== undefined) ftruncateSync(temp.fd, size);
    return temp;
  } catch (error) {
    if (temp !== undefined) {
      discardTemp(place.directory, temp);
      closeAnyway(temp.fd);
    }
    throw explain(error, path, place.directory);
  }
}

/**
 * Takes over a temporary file beside `path` that `beginWrite` made for a process that is gone, under a
 * name of this process, so that no one takes it for a leftover.
 */
export function resumeWrite(
  context: OperationContext,
  path: string,
  leftover: string,
  size: number,
): TempFile | undefined {
  if (parentPath(leftover) !== parentPath(path) || isInUse(leftover)) return undefined;
  let fd: number | undefined;
  try {
    const { directory } = context.tree.place(path);
    const old = directory.prefix + baseName(leftover);
    fd = openSync(old, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!isOwnFile(fstatSync(fd), size)) return undefined;
    const name = nextTempName();
    renameSync(old, directory.prefix + name);
    // Of no mode that could be wished, so that the wished one is set in any case.
    const temp = { fd, name, mode: -1 };
    fd = undefined;
    return temp;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EISDIR")) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isOwnFile(stats: Stats, size: number): boolean {
  return (
    stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.() && stats.size === size
  );
}

/**
 * Ends what `beginWrite` began, if its `size` and `hashes` are right; these are taken from the file itself. The
 * caller closes it, then has it committed.
 */
export function completeWrite(
  context: OperationContext,
  path: string,
  temp: TempFile,
  wish: WriteWish,
): FullTemp {
  const { size } = fstatSync(temp.fd);
  checkSize(path, wish.size, size);
  const range = { offset: 0, length: size };
  checkHashes(path, wish, (name) => hashRange(context, temp.fd, name, range));
  const place = context.tree.place(path);
  return complete(place, temp, { ...wish, mode: chooseMode(place, path, wish) });
}

/** Puts a complete file in place. */
export function commitWrite(
  context: OperationContext,
  path: string,
  temp: FullTemp,
  wish: WriteWish,
): StatRow {
  return publish(context.tree.place(path), path, temp, wish);
}

export function abortWrite(context: OperationContext, path: string, name: string): void {
  try {
    discardTemp(context.tree.place(path).directory, { name });
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ENOTDIR")) throw error;
  }
}

export function removeFile(context: OperationContext, path: string, ifMatch?: string): void {
  try {
    const { target } = context.tree.place(path);
    checkMatch(path, target, ifMatch);
    unlinkSync(target);
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ENOTDIR")) throw refineUnlink(context, path, error);
    if (ifMatch !== undefined) {
      throw new StorageError("precondition-failed", { path, message: "is gone", cause: error });
    }
  }
}

export function removeFiles(context: OperationContext, paths: readonly string[]): WireError[] {
  const failures: WireError[] = [];
  for (const path of paths) {
    context.tree.trim();
    try {
      removeFile(context, path);
    } catch (error) {
      failures.push(packError(fromSystemError(error, path, "removeMany")));
    }
  }
  return failures;
}

export function rename(
  context: OperationContext,
  from: string,
  to: string,
  durable: boolean,
): void {
  const source = context.tree.place(from);
  lstatSync(source.target);
  const place = placeToWrite(context, to, durable);
  try {
    renameSync(source.target, place.target);
    if (durable) syncDirectory(`${place.directory.prefix}.`);
  } catch (error) {
    throw explain(error, to, place.directory);
  } finally {
    // The directories that are held open may be others by now.
    context.tree.release();
  }
}

export function space(
  context: OperationContext,
): readonly [total: number, used: number, free: number] {
  const { bsize, blocks, bfree, bavail } = statfsSync(`${context.tree.directory("").prefix}.`);
  return [blocks * bsize, (blocks - bfree) * bsize, bavail * bsize];
}

export function removeLeftover(context: OperationContext, path: string): boolean {
  try {
    const { target } = context.tree.place(path);
    const stats = lstatSync(target);
    if (stats.isDirectory() || !isStale(path, stats.ctimeMs)) return false;
    unlinkSync(target);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
}

function checkHashes(path: string, wish: WriteWish, compute: (name: HashName) => string): void {
  for (const [name, expected] of Object.entries(wish.hashes ?? {})) {
    if (expected === undefined || compute(name as HashName) === expected) continue;
    const message = `the content does not have the ${name} that was announced; nothing was stored`;
    throw new StorageError("corrupt", { path, message });
  }
}

/** POSIX lets `unlink` of a directory be EPERM, which would read as a lack of permission. */
function refineUnlink(context: OperationContext, path: string, error: unknown): unknown {
  if (!isSystemError(error, "EPERM", "EISDIR")) return error;
  const stats = lstatSync(context.tree.place(path).target, { throwIfNoEntry: false });
  return stats?.isDirectory() ? new StorageError("is-a-directory", { path }) : error;
}
