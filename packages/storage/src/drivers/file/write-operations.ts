/** What a worker does for everything that changes something: synchronous calls only. */
import {
  type Stats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  openSync,
  renameSync,
  rmdirSync,
  statSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import type { Special } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import { type HashName, hashBytes } from "../../hashes.ts";
import { checkSize } from "../../lib/body.ts";
import { baseName, parentPath } from "../../path.ts";
import {
  type TempFile,
  type WriteWish,
  checkMatch,
  chooseMode,
  createTemp,
  discardTemp,
  explain,
  openingMode,
  publish,
  putInPlace,
  toFileTime,
  writeAtomically,
} from "./atomic-write.ts";
import { type Place, makeDirectory, syncDirectory, type RootSpec } from "./confined-tree.ts";
import { type WireError, fromSystemError, isSystemError, packError } from "./file-errors.ts";
import { type MoreWish, hasMore, readMore, specialOf, writeMore } from "./more-attributes.ts";
import type { OperationContext } from "./operations.ts";
import {
  type LookResult,
  hashRange,
  placeToWrite,
  readTarget,
  writeContent,
} from "./read-operations.ts";
import { allocate } from "./allocate.ts";
import { createSpecial } from "./special-files.ts";
import { type StatRow, statRow } from "./stat-row.ts";
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
      closeSync(temp.fd);
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
 * Puts what `beginWrite` began in place, if its `size` and `hashes` are right; these are taken from
 * the file itself. The descriptor stays the caller's to close. */
export function commitWrite(
  context: OperationContext,
  path: string,
  temp: TempFile,
  wish: WriteWish,
): StatRow {
  const { size } = fstatSync(temp.fd);
  checkSize(path, wish.size, size);
  const range = { offset: 0, length: size };
  checkHashes(path, wish, (name) => hashRange(context, temp.fd, name, range));
  const place = context.tree.place(path);
  const mode = chooseMode(place, path, wish);
  return publish(place, path, temp, { ...wish, mode });
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
  try {
    linkSync(from.target, place.directory.prefix + name);
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

/** Calls on what lies at a place, even if a link takes its place meanwhile; nothing is opened for use. */
function withoutFollowing(place: Place, use: (target: string) => void): void {
  if (place.directory.fd === undefined) return use(place.target);
  const O_PATH = 0o10000000;
  const fd = openSync(place.target, O_PATH | constants.O_NOFOLLOW);
  try {
    use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** POSIX lets `unlink` of a directory be EPERM, which would read as a lack of permission. */
function refineUnlink(context: OperationContext, path: string, error: unknown): unknown {
  if (!isSystemError(error, "EPERM", "EISDIR")) return error;
  const stats = lstatSync(context.tree.place(path).target, { throwIfNoEntry: false });
  return stats?.isDirectory() ? new StorageError("is-a-directory", { path }) : error;
}
