/**
 * Putting a file in place: written beside the target under a temporary name, given its attributes, closed,
 * then renamed. Whoever reads the target sees the old content or the new, and whatever goes wrong
 * before the rename leaves the old one untouched and the temporary file removed.
 *
 * Closed before, as a network file system may tell only then that bytes did not arrive (EDQUOT, ENOSPC, EIO).
 *
 * Preconditions. `ifNoneMatch` is atomic where there are hard links: `link` refuses a name that exists. Where there are
 * none, and for `ifMatch`, what lies there is looked at immediately before the rename; POSIX has no rename that
 * compares, so a gap of some microseconds remains in which another program's change can be replaced.
 *
 * Runs in a worker, on synchronous calls.
 */
import {
  type Stats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  statSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { StorageError } from "../../errors.ts";
import type { HashName } from "../../hashes.ts";
import { checkSize } from "../../lib/body.ts";
import { type OpenDirectory, type Place, syncDirectory } from "./confined-tree.ts";
import { errorName, fromSystemError, isSystemError } from "./file-errors.ts";
import { type StatRow, rowEtag, statRow } from "./stat-row.ts";
import { type MoreWish, hasMore, writeMore } from "./more-attributes.ts";
import { nextTempName } from "./temp-names.ts";

/** What is wanted of the new file; `WriteOptions` without what cannot travel between threads. */
export interface WriteWish extends MoreWish {
  readonly mtime?: number | undefined;
  readonly mode?: number | undefined;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: "*" | undefined;
  readonly durable?: boolean | undefined;
  readonly sparse?: boolean | undefined;
  readonly preallocate?: boolean | undefined;
  readonly size?: number | undefined;
  /** Hashes that the content must have. */
  readonly hashes?: Readonly<Partial<Record<HashName, string>>> | undefined;
  /** The process's umask, for new files without `mode`. */
  readonly umask: number;
}

export interface TempFile {
  readonly fd: number;
  readonly name: string;
  /** The permission bits that it was opened with, the umask not yet taken off. */
  readonly mode: number;
}

/** A temporary file to which nothing is to be added. */
export interface FullTemp {
  readonly name: string;
  readonly size: number;
  /** What was seen of it, if it was looked at. */
  readonly row?: StatRow;
}

/**
 * Writes a file whole: `fill` gets a descriptor to write to and returns the number of bytes it wrote.
 * @returns the file as it is now.
 */
export function writeAtomically(
  place: Place,
  path: string,
  wish: WriteWish,
  fill: (fd: number) => number,
): StatRow {
  // Whether the name is free shows when the file is put in place: most are, and a look costs.
  const mode = wish.ifNoneMatch === undefined ? chooseMode(place, path, wish) : newMode(wish);
  let temp: TempFile | undefined;
  try {
    temp = createTemp(place.directory, openingMode(mode, wish));
    const full = fillAndClose(place, path, temp, { ...wish, mode }, fill);
    return publish(place, path, full, wish);
  } catch (error) {
    if (temp !== undefined) discardTemp(place.directory, temp);
    throw explain(error, path, place.directory);
  }
}

function fillAndClose(
  place: Place,
  path: string,
  temp: TempFile,
  wish: WriteWish,
  fill: (fd: number) => number,
): FullTemp {
  let full: FullTemp;
  try {
    const size = fill(temp.fd);
    checkSize(path, wish.size, size);
    full = complete(place, temp, wish, size);
  } catch (error) {
    closeAnyway(temp.fd);
    throw error;
  }
  closeSync(temp.fd);
  return full;
}

/** Of a file that is given up: that what was written to it did not arrive is nothing to be told of. */
export function closeAnyway(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if (errorName(error) === undefined) throw error;
  }
}

/** A new, empty temporary file. The caller closes it, and publishes or discards it. */
export function createTemp(directory: OpenDirectory, mode: number): TempFile {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const bits = mode & 0o777;
  for (;;) {
    const name = nextTempName();
    try {
      return { fd: openSync(directory.prefix + name, flags, bits), name, mode: bits };
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) throw error;
    }
  }
}

/**
 * Gives the temporary file its attributes, and has them and the content written where that is wished.
 * @param size where it is known: of a copy, which has a time, enough to know it again a moment later, and that spares a look
 * at each small one.
 */
export function complete(place: Place, temp: TempFile, wish: WriteWish, size?: number): FullTemp {
  const { fd, name } = temp;
  if (hasMore(wish)) writeMore(place.directory.prefix + name, wish);
  if (wish.mode !== undefined && !hasMode(place.directory, temp, wish)) fchmodSync(fd, wish.mode);
  if (wish.mtime !== undefined) futimesSync(fd, Date.now() / 1000, toFileTime(wish.mtime));
  if (wish.durable) fsyncSync(fd);
  // What is written without a time may be one of several under one name, and has to be told from the others.
  if (size !== undefined && wish.mtime !== undefined) return { name, size };
  const row = statRow(fstatSync(fd));
  return { name, size: row[1], row };
}

/** Gives a complete file, which is closed, its final name. */
export function publish(place: Place, path: string, temp: FullTemp, wish: WriteWish): StatRow {
  putInPlace(place, path, temp.name, wish);
  if (wish.durable) syncDirectory(`${place.directory.prefix}.`);
  return rowInPlace(place.target, path, temp);
}

/**
 * A rename changes the ctime, so it is looked at again. If another took its place, it is told as it was before.
 * @throws StorageError `changed` if that is not known.
 */
function rowInPlace(target: string, path: string, { size, row }: FullTemp): StatRow {
  const stats = lstatSync(target, { throwIfNoEntry: false });
  const isOurs =
    row === undefined ? stats?.isFile() === true && stats.size === size : stats?.ino === row[4];
  if (stats !== undefined && isOurs) return statRow(stats);
  if (row !== undefined) return row;
  throw new StorageError("changed", { path, message: "was replaced as soon as it was written" });
}

/** The rename, or with `ifNoneMatch` the link. For links as well as files. */
export function putInPlace(place: Place, path: string, tempName: string, wish: WriteWish): void {
  const temp = place.directory.prefix + tempName;
  if (wish.ifNoneMatch === undefined) {
    checkMatch(path, place.target, wish.ifMatch);
    renameSync(temp, place.target);
    return;
  }
  try {
    linkSync(temp, place.target);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) throw refuseExisting(place, path);
    if (!isSystemError(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) throw error;
    renameIfFree(place, path, temp);
    return;
  }
  unlinkSync(temp);
}

/** Where there are no hard links (FAT, exFAT, some of FUSE). */
function renameIfFree(place: Place, path: string, temp: string): void {
  if (lstatSync(place.target, { throwIfNoEntry: false }) !== undefined)
    throw refuseExisting(place, path);
  renameSync(temp, place.target);
}

export function discardTemp(directory: OpenDirectory, temp: { readonly name: string }): void {
  try {
    unlinkSync(directory.prefix + temp.name);
  } catch (error) {
    // Gone: published already, or removed together with its directory.
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}

/** The permission bits the new file is to have: the caller's, the old file's, or the default. */
export function chooseMode(place: Place, path: string, wish: WriteWish): number {
  if (wish.mode !== undefined && wish.ifMatch === undefined && wish.ifNoneMatch === undefined) {
    return wish.mode;
  }
  const old = lstatSync(place.target, { throwIfNoEntry: false });
  if (old?.isDirectory()) throw new StorageError("is-a-directory", { path });
  if (wish.ifNoneMatch !== undefined && old !== undefined) throw existsAlready(path);
  if (wish.ifMatch !== undefined) compareEtag(path, old, wish.ifMatch);
  return wish.mode === undefined && old?.isFile()
    ? inheritedMode(place.directory, old, wish)
    : newMode(wish);
}

/**
 * The old file's bits. Set-id bits only if owner and group stay the same: they are that owner's leave to act in
 * his name, and the new file may be somebody else's.
 */
function inheritedMode(directory: OpenDirectory, old: Stats, wish: WriteWish): number {
  const mode = old.mode & 0o7777;
  if ((mode & 0o6000) === 0) return mode;
  const { uid = process.geteuid?.(), gid = newGroup(directory) } = wish;
  return mode & ~(old.uid === uid ? 0 : 0o4000) & ~(old.gid === gid ? 0 : 0o2000);
}

/** That of who makes a file, or of a directory that gives its own. */
function newGroup(directory: OpenDirectory): number | undefined {
  const { mode, gid } = statSync(`${directory.prefix}.`);
  return (mode & 0o2000) === 0 ? process.getegid?.() : gid;
}

/** A file's own extended attributes can be set only by who may write to it. */
export function openingMode(mode: number, wish: WriteWish): number {
  return wish.xattrs === undefined ? mode : mode | 0o200;
}

function newMode(wish: WriteWish): number {
  return wish.mode ?? 0o666 & ~wish.umask;
}

/**
 * Whether the file has the wished mode since it was opened. A directory gives what was asked for
 * less the umask, or with a default ACL something else: its first file tells.
 */
function hasMode(directory: OpenDirectory, temp: TempFile, wish: WriteWish): boolean {
  if (wish.acl !== undefined) return false;
  const expected = temp.mode & ~wish.umask;
  if (expected !== wish.mode) return false;
  directory.keepsModes ??= (fstatSync(temp.fd).mode & 0o7777) === expected;
  return directory.keepsModes;
}

/** @throws StorageError `precondition-failed` unless what lies at `target` has this etag. */
export function checkMatch(path: string, target: string, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  compareEtag(path, lstatSync(target, { throwIfNoEntry: false }), ifMatch);
}

export function compareEtag(path: string, stats: Stats | undefined, ifMatch: string): void {
  if (stats !== undefined && rowEtag(statRow(stats)) === ifMatch) return;
  const message =
    stats === undefined ? "is gone" : "is not the version that was expected; somebody changed it";
  throw new StorageError("precondition-failed", { path, message });
}

/**
 * A time as `utimes` wants it: seconds. Older Nodes cut it to whole microseconds, and a double just
 * below one would lose it, so all but whole seconds aim a little above. Node takes a negative number
 * for "now", but not a negative numeral.
 */
export function toFileTime(mtime: number): number | string {
  const micros = Math.round(mtime * 1000);
  const seconds = (micros % 1_000_000 === 0 ? micros : micros + 0.15) / 1e6;
  return seconds < 0 ? String(seconds) : seconds;
}

/** The error as it is told: a full file system says whether it is bytes or inodes that ran out. */
export function explain(
  error: unknown,
  path: string,
  directory: OpenDirectory | undefined,
): StorageError {
  if (isSystemError(error, "ENOSPC") && directory !== undefined && hasNoInodes(directory)) {
    const message = "the file system has no inodes left, though it may have space (ENOSPC)";
    return new StorageError("no-space", { path, message, cause: error });
  }
  return fromSystemError(error, path);
}

function hasNoInodes(directory: OpenDirectory): boolean {
  const space = statfsSync(`${directory.prefix}.`);
  return space.files > 0 && space.ffree === 0 && space.bavail > 0;
}

function refuseExisting(place: Place, path: string): StorageError {
  const isDirectory = lstatSync(place.target, { throwIfNoEntry: false })?.isDirectory();
  return isDirectory ? new StorageError("is-a-directory", { path }) : existsAlready(path);
}

function existsAlready(path: string): StorageError {
  return new StorageError("precondition-failed", { path, message: "exists already" });
}
