/**
 * Hashing of long ranges, a piece for each call, so that a thread is free for others in between and an
 * abort need not wait for the end of the file.
 */
import { closeSync, readSync } from "node:fs";
import { StorageError } from "../../errors.ts";
import { type HashName, type Hasher, createHasher } from "../../hashes.ts";
import type { OperationContext } from "./operations.ts";
import { changed } from "./file-errors.ts";
import { type OpenRequest, isUnchanged, openFile } from "./read-operations.ts";
import { type StatRow, statRow } from "./stat-row.ts";

export type Hashes = Partial<Record<HashName, string>>;

interface Hashing {
  readonly path: string;
  readonly opened: ReturnType<typeof openFile>;
  readonly hashers: readonly (readonly [HashName, Hasher])[];
  readonly end: number;
  at: number;
}

const PIECE = 1024 * 1024;
/** What was written just now is read from memory: a small buffer stays in the processor's cache. */
const PREFIX_PIECE = 256 * 1024;

const hashings = new Map<number, Hashing>();
let last = 0;
/** The thread's, used by every call in turn: a new one for each file costs more than hashing a small one. */
let piece: Buffer | undefined;

/** What a hash has come to: its number while there is more to read, its result at the end. */
export interface HashStart {
  readonly row: StatRow;
  readonly id?: number | undefined;
  readonly hashes?: Hashes | undefined;
}

/** Opens a file and hashes its first `bytes`, which is all of a small one: no second call is needed then. */
export function startHash(
  context: OperationContext,
  path: string,
  request: OpenRequest,
  names: readonly HashName[],
  bytes: number,
): HashStart {
  const opened = openFile(context.tree, path, request.ifMatch);
  const { size } = opened.stats;
  const at = Math.min(request.offset, size);
  const end = Math.min(at + (request.length ?? Infinity), size);
  const hashers = names.map((name) => [name, createHasher(name)] as const);
  const id = ++last;
  hashings.set(id, { path, opened, hashers, at, end });
  const row = statRow(opened.stats);
  try {
    const hashes = continueHash(context, id, bytes);
    return hashes === undefined ? { row, id } : { row, hashes };
  } catch (error) {
    endHash(context, id);
    throw error;
  }
}

/** Goes on for about `bytes`; the hashes when it has come to the end, which also ends it. */
export function continueHash(
  context: OperationContext,
  id: number,
  bytes: number,
): Hashes | undefined {
  const hashing = hashings.get(id);
  if (hashing === undefined) throw new StorageError("internal", { message: "the hash has ended" });
  const { path, opened, hashers, end } = hashing;
  piece ??= Buffer.allocUnsafeSlow(PIECE);
  const stop = Math.min(end, hashing.at + bytes);
  while (hashing.at < stop) {
    const wanted = Math.min(PIECE, stop - hashing.at);
    const count = readSync(opened.fd, piece, 0, wanted, hashing.at);
    if (count === 0) throw changed(path);
    for (const [, hasher] of hashers) hasher.update(piece.subarray(0, count));
    hashing.at += count;
  }
  if (hashing.at < end) return undefined;
  if (!isUnchanged(opened.fd, opened.stats)) throw changed(path);
  endHash(context, id);
  return Object.fromEntries(hashers.map(([name, hasher]) => [name, hasher.digest()]));
}

export function endHash(_context: OperationContext, id: number): void {
  const hashing = hashings.get(id);
  if (hashing === undefined) return;
  hashings.delete(id);
  closeSync(hashing.opened.fd);
}

interface PrefixHashing {
  readonly fd: number;
  readonly hasher: Hasher;
  at: number;
}

const prefixHashings = new Map<number, PrefixHashing>();

/** The hash of a file that is still being written, of its beginning first. The descriptor stays the caller's. */
export function startPrefixHash(_context: OperationContext, fd: number, name: HashName): number {
  prefixHashings.set(++last, { fd, hasher: createHasher(name), at: 0 });
  return last;
}

/** Goes on to `end`. */
export function continuePrefixHash(_context: OperationContext, id: number, end: number): void {
  const hashing = prefixHashings.get(id);
  if (hashing === undefined) throw new StorageError("internal", { message: "the hash has ended" });
  const buffer = Buffer.allocUnsafe(Math.min(PREFIX_PIECE, end - hashing.at));
  while (hashing.at < end) {
    const wanted = Math.min(buffer.byteLength, end - hashing.at);
    const count = readSync(hashing.fd, buffer, 0, wanted, hashing.at);
    if (count === 0)
      throw new StorageError("corrupt", { message: "the file ends before the range" });
    hashing.hasher.update(buffer.subarray(0, count));
    hashing.at += count;
  }
}

/** Ends it. @returns the hash of what was gone through. */
export function endPrefixHash(_context: OperationContext, id: number): string | undefined {
  const hashing = prefixHashings.get(id);
  prefixHashings.delete(id);
  return hashing?.hasher.digest();
}
