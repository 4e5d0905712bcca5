import { DeltaError } from "./delta-error.ts";
import type { SpooledColumns } from "./hash-spool.ts";

/**
 * What a signature says about an object: enough to find its blocks in another file, without its bytes. Its hashes and sums may
 * lie in memory that threads share. If they do not, they are moved to the thread that looks for them: the signature can be
 * used no more afterwards (`invalid-argument`), and its memory is free as soon as the thread is.
 */
export interface Signature {
  /** Bytes per block; the last block may be shorter. */
  readonly blockSize: number;
  /** Bytes of the whole object. */
  readonly size: number;
  /** BLAKE3 of the whole object, 32 bytes. */
  readonly contentHash: Uint8Array;
  /** Which object in the store; empty for a file that is in no store (yet). */
  readonly identity: ObjectIdentity;
  /** BLAKE3 of each block, 32 bytes each. */
  readonly strong: Uint8Array;
  /** Rolling sums of each block: b, then a (docs/spec/delta-format.md). */
  readonly weak: Uint32Array;
  /** Where they are instead, of a large signature that was left in a file: it can be written, and closed, but not matched. */
  readonly spool?: SpooledColumns | undefined;
}

export interface ObjectIdentity {
  /** As the store gave it, quotes removed or not: it is compared as it is. */
  readonly etag?: string | undefined;
  readonly version?: string | undefined;
}

export const STRONG_BYTES = 32;

/** @throws DeltaError `invalid-argument` for a signature whose hashes or sums were moved to a thread, or are in a file */
export function checkColumns(signature: Signature): void {
  const { weak, size, blockSize } = signature;
  checkHashes(signature);
  if (weak.length !== countBlocks(size, blockSize) * 2) throw withoutColumns();
}

/** The same for one of which the hashes will do. */
export function checkHashes({ strong, size, blockSize }: Signature): void {
  if (strong.length !== countBlocks(size, blockSize) * STRONG_BYTES) throw withoutColumns();
}

function withoutColumns(): DeltaError {
  const message =
    "the signature has not as many hashes as blocks: a thread may have taken them, or they are in a file";
  return new DeltaError("invalid-argument", message);
}

/** Whether two blocks of a column of hashes have the same one. */
export function isSameStrong(strong: Uint8Array, one: number, other: number): boolean {
  const [first, second] = [one * STRONG_BYTES, other * STRONG_BYTES];
  for (let i = 0; i < STRONG_BYTES; i++) {
    if (strong[first + i] !== strong[second + i]) return false;
  }
  return true;
}

/** The number of blocks of `size` bytes; the last one counts even if it is short. */
export function countBlocks(size: number, blockSize: number): number {
  return Math.ceil(size / blockSize);
}

/** Bytes of block `index`. */
export function blockLength(
  signature: Pick<Signature, "size" | "blockSize">,
  index: number,
): number {
  return Math.min(signature.blockSize, signature.size - index * signature.blockSize);
}

/** The same signature for the object that a store says it has now. */
export function bindSignature(signature: Signature, identity: ObjectIdentity): Signature {
  return { ...signature, identity };
}

/**
 * Whether `signature` is of this very object: size equal, and ETag and version equal where both sides
 * know them. A signature that shares neither with the object belongs to nothing.
 */
export function signatureBelongsTo(
  signature: Signature,
  object: ObjectIdentity & { readonly size: number },
): boolean {
  if (signature.size !== object.size) return false;
  const pairs = [
    [signature.identity.etag, object.etag],
    [signature.identity.version, object.version],
  ].filter(([ours, theirs]) => ours !== undefined && theirs !== undefined);
  return pairs.length > 0 && pairs.every(([ours, theirs]) => ours === theirs);
}
