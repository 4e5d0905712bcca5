/** What a worker does for `stat`, `read`, `readBlock` and `copy`: synchronous calls only. */
import {
  type Stats,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  readlinkSync,
  realpathSync,
  writeSync,
} from "node:fs";
import type { AttributeName } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import { type HashName, createHasher, hashBytes } from "../../hashes.ts";
import { type WriteWish, compareEtag, explain, writeAtomically } from "./atomic-write.ts";
import type { ConfinedTree, OpenDirectory, Place, RootSpec } from "./confined-tree.ts";
import { dataRuns } from "./data-runs.ts";
import { changed, fromSystemError, isSystemError } from "./file-errors.ts";
import { type MoreRow, readMore } from "./more-attributes.ts";
import type { OperationContext } from "./operations.ts";
import { COPIED_BITS, type StatRow, kindOf, sameContent, statRow } from "./stat-row.ts";

/** Files up to this size, bytes, are copied within one call to a worker; larger ones in pieces. */
const SMALL_COPY: number = 1024 * 1024;

const PIECE = 1024 * 1024;
/** Longer than a tick of any file system's clock, milliseconds. */
const SETTLED = 12;
const SETTLE_ATTEMPTS = 5;

const clock = new Int32Array(new SharedArrayBuffer(4));

export interface LookResult {
  readonly row: StatRow;
  readonly linkTarget?: string | undefined;
  readonly more?: MoreRow | undefined;
}

export interface OpenRequest {
  readonly offset: number;
  /** To the end without it. */
  readonly length?: number | undefined;
  readonly ifMatch?: string | undefined;
  /** Up to this many bytes are read at once. */
  readonly inline: number;
  /** Memory for the bytes; it goes back with them. */
  readonly memory?: ArrayBuffer | undefined;
}

/** Either the bytes, read and checked, or a descriptor that the caller now owns. */
export type OpenResult =
  | {
      readonly row: StatRow;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly problem: StorageProblem;
    }
  | {
      readonly row: StatRow;
      readonly fd: number;
      readonly length: number;
      readonly sparse: boolean;
    };

/** What was found at the end of a read: the file may have changed. */
type StorageProblem = "changed" | undefined;

export interface BlockResult {
  readonly row: StatRow;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly hashes: Partial<Record<HashName, string>>;
}

export function look(
  context: OperationContext,
  path: string,
  attributes?: readonly AttributeName[],
): LookResult | undefined {
  try {
    const target =
      path === "" ? `${context.tree.directory("").prefix}.` : context.tree.place(path).target;
    const stats = context.tree.look(target, path);
    if (stats === undefined) return undefined;
    const linkTarget = stats.isSymbolicLink() ? targetIfText(target) : undefined;
    return {
      row: statRow(stats),
      linkTarget,
      more: readMore(resolved(context.tree, target, stats), stats, attributes),
    };
  } catch (error) {
    // Something else than a directory on the way: then nothing lies below it.
    if (isSystemError(error, "ENOENT") || (path !== "" && isSystemError(error, "ENOTDIR"))) {
      return undefined;
    }
    throw error;
  }
}

/** Opens for reading, and reads at once what is small. */
export function openRead(
  context: OperationContext,
  path: string,
  request: OpenRequest,
): OpenResult {
  const { fd, stats } = openFile(context.tree, path, request.ifMatch);
  let keep = false;
  try {
    const start = Math.min(request.offset, stats.size);
    const length = Math.min(request.length ?? Infinity, stats.size - start);
    if (length > request.inline) {
      keep = true;
      return { row: statRow(stats), fd, length, sparse: isSparse(stats) };
    }
    const bytes = new Uint8Array(request.memory ?? new ArrayBuffer(length), 0, length);
    const filled = readFully(fd, bytes, length, start);
    const problem = isUnchanged(fd, stats) && filled === length ? undefined : "changed";
    context.transfer.push(bytes.buffer);
    return { row: statRow(stats), bytes: bytes.subarray(0, filled), problem };
  } finally {
    if (!keep) closeSync(fd);
  }
}

export function readBlock(
  context: OperationContext,
  path: string,
  request: Omit<OpenRequest, "inline">,
  names: readonly HashName[],
): BlockResult {
  const opened = openRead(context, path, { ...request, inline: Infinity });
  if (!("bytes" in opened) || opened.problem !== undefined) throw changed(path);
  const { row, bytes } = opened;
  return {
    row,
    bytes,
    hashes: Object.fromEntries(names.map((name) => [name, hashBytes(name, bytes)])),
  };
}

/** The hash of a range of an open file. */
export function hashRange(
  _context: OperationContext,
  fd: number,
  name: HashName,
  range: { readonly offset: number; readonly length: number },
): string {
  const hasher = createHasher(name);
  const buffer = pieceBuffer();
  for (let done = 0; done < range.length;) {
    const wanted = Math.min(PIECE, range.length - done);
    const count = readSync(fd, buffer, 0, wanted, range.offset + done);
    if (count === 0)
      throw new StorageError("corrupt", { message: "the file ends before the range" });
    hasher.update(buffer.subarray(0, count));
    done += count;
  }
  return hasher.digest();
}

export interface CopyRequest {
  readonly from: RootSpec;
  readonly path: string;
  readonly ifMatch?: string | undefined;
}

/** Copies a small file whole. @returns `undefined` if it is a large one, which the caller streams. */
export function copySmall(
  context: OperationContext,
  request: CopyRequest,
  path: string,
  wish: WriteWish,
): StatRow | undefined {
  const { fd, stats } = openSource(context, request);
  try {
    const { size } = stats;
    if (size > SMALL_COPY) return undefined;
    const buffer = pieceBuffer();
    if (readFully(fd, buffer, size, undefined) !== size || !isUnchanged(fd, stats)) {
      throw changed(request.path);
    }
    const place = placeToWrite(context, path, wish.durable);
    const mode = wish.mode ?? stats.mode & COPIED_BITS;
    const mtime = wish.mtime ?? stats.mtimeMs;
    return writeAtomically(place, path, { ...wish, mode, mtime }, (out) =>
      writeContent(out, buffer, size, wish.sparse),
    );
  } finally {
    closeSync(fd);
  }
}

/** An error of the source must not be told as one of the target. */
function openSource(context: OperationContext, request: CopyRequest): OpenFile {
  try {
    return openFile(context.open(request.from), request.path, request.ifMatch);
  } catch (error) {
    throw fromSystemError(error, request.path, "copy");
  }
}

/** Where a file is to be written; makes its directories. */
export function placeToWrite(
  context: OperationContext,
  path: string,
  durable: boolean | undefined,
): Place {
  try {
    return context.tree.place(path, durable ? "durable" : true);
  } catch (error) {
    throw explain(error, path, rootIfThere(context));
  }
}

/** The root may be what could not be made: looking for it must not take the place of the reason. */
function rootIfThere({ tree }: OperationContext): OpenDirectory | undefined {
  try {
    return tree.directory("");
  } catch {
    return undefined;
  }
}

/** Writes all of `buffer` up to `size`. A write may take less than it was given. */
function writeFully(fd: number, buffer: Uint8Array, size: number): number {
  let done = 0;
  while (done < size) done += writeSync(fd, buffer, done, size - done, null);
  return size;
}

/** The same with holes for zeros, if wished: what is skipped lies behind the end until the size is set. */
export function writeContent(
  fd: number,
  buffer: Uint8Array,
  size: number,
  sparse: boolean | undefined,
): number {
  if (!sparse) return writeFully(fd, buffer, size);
  for (const { offset, length } of dataRuns(buffer.subarray(0, size))) {
    for (let done = 0; done < length;) {
      done += writeSync(fd, buffer, offset + done, length - done, offset + done);
    }
  }
  ftruncateSync(fd, size);
  return size;
}

/** The same place for calls that never follow a link, where links are to be followed. */
export function resolved(tree: ConfinedTree, target: string, stats: Stats): string {
  const isItself = tree.spec.see === undefined || stats.isSymbolicLink();
  return isItself ? target : realpathSync(target);
}

/** The text of a link. @throws StorageError `invalid-path` if it is not UTF-8. */
export function readTarget(target: string, path: string): string {
  const text = targetIfText(target);
  if (text !== undefined) return text;
  const message = "the target of this link is not UTF-8; make it anew to have it synced";
  throw new StorageError("invalid-path", { path, message });
}

/** The text of a link, as entries have it: one that has none is a link all the same, and can be removed. */
export function targetIfText(target: string): string | undefined {
  const bytes = readlinkSync(target, "buffer");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

interface OpenFile {
  readonly fd: number;
  readonly stats: Stats;
}

export function openFile(tree: ConfinedTree, path: string, ifMatch: string | undefined): OpenFile {
  const { target } = tree.place(path);
  // Looked at before it is opened: opening a FIFO or a device does something to it. Whoever knows the
  // etag has looked.
  if (ifMatch === undefined) refuseOther(path, tree.look(target, path) ?? lstatSync(target));
  const fd = openPlainFile(target, path, tree.spec.see === undefined);
  try {
    const stats = settle(path, fd);
    refuseOther(path, stats);
    if (ifMatch !== undefined) compareEtag(path, stats, ifMatch);
    return { fd, stats };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens what should be a file. That it is one is for the caller to see. */
function openPlainFile(target: string, path: string, noFollow: boolean): number {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return openSync(target, O_RDONLY | O_NONBLOCK | (noFollow ? O_NOFOLLOW : 0));
  } catch (error) {
    // A link or a socket cannot be opened, which is told by the kind and not as a failure.
    if (isSystemError(error, "ELOOP", "ENXIO")) refuseOther(path, lstatSync(target));
    throw error;
  }
}

/**
 * What the file is, once a change to it would show. A file system's clock ticks up to 10 ms apart, so
 * after a change a second one within the tick leaves the same time. So a file that was written to a
 * moment ago is given that moment. (What no look can tell is a single `write` that is still going on:
 * its time is set when it begins.)
 */
function settle(path: string, fd: number): Stats {
  for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
    const stats = fstatSync(fd);
    const age = Date.now() - stats.mtimeMs;
    if (age < 0 || age > SETTLED) return stats;
    Atomics.wait(clock, 0, 0, SETTLED);
  }
  throw changed(path);
}

function refuseOther(path: string, stats: Stats): void {
  const kind = kindOf(stats.mode);
  if (kind === "file") return;
  if (kind === "directory") throw new StorageError("is-a-directory", { path });
  const what = kind === "symlink" ? "a link; use readLink" : "a FIFO, socket or device";
  throw new StorageError("unsupported", { path, message: `is ${what}` });
}

function readFully(
  fd: number,
  buffer: Uint8Array,
  length: number,
  position: number | undefined,
): number {
  let done = 0;
  while (done < length) {
    const at = position === undefined ? null : position + done;
    const count = readSync(fd, buffer, done, length - done, at);
    if (count === 0) break;
    done += count;
  }
  return done;
}

export function isUnchanged(fd: number, before: Stats): boolean {
  return sameContent(before, fstatSync(fd));
}

/** Fewer blocks than its size needs: it has holes. */
export function isSparse(stats: Stats): boolean {
  return stats.blocks * 512 < stats.size;
}

let piece: Uint8Array<ArrayBuffer> | undefined;

function pieceBuffer(): Uint8Array<ArrayBuffer> {
  piece ??= new Uint8Array(PIECE);
  return piece;
}
