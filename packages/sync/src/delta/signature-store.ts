/** Signatures in the store of their objects: found, checked against the object, kept, and forgotten. */
import {
  type DecodeOptions,
  DeltaError,
  SIGNATURE_MAGIC,
  SMALLEST_BLOCK,
  type Signature,
  bindSignature,
  decodeSignature,
  encodeSignature,
  encodedLength,
  signatureBelongsTo,
} from "@omnisync/delta";
import {
  type ConditionOptions,
  type Driver,
  type Entry,
  type Made,
  StorageError,
  collectBody,
  isStorageError,
} from "@omnisync/storage";
import type { SignaturePlacement } from "../options/delta-options.ts";
import { conditionsFor } from "../run/transfer.ts";
import { signaturePath } from "./signature-path.ts";
import { accessBeside, isDisk, whoseWord } from "./signed-on-disk.ts";
import { wholeMayDo } from "./whole-may-do.ts";

/** A signature that may be relied on, or why there is none. */
export type FoundSignature =
  | { readonly signature: Signature }
  | { readonly signature?: undefined; readonly lack: SignatureLack };

type SignatureLack =
  | "no-signature"
  | "stale-signature"
  | "bad-signature"
  | "foreign-signature"
  | "refused";

/** Larger ones are neither kept nor read: 1.6 million blocks. */
const LARGEST_SIGNATURE = 64 * 1024 * 1024;
/** Bytes of a signature for each block, and more than all others together. */
const PER_BLOCK = 40;
const AROUND_BLOCKS = 4096;

/** One object whose signature is meant. */
export interface SignedPath {
  readonly driver: Driver;
  /** Of the object. */
  readonly path: string;
  readonly placement: SignaturePlacement;
  readonly signal: AbortSignal;
}

/**
 * The signature of an object, if it is of that very content: same size and ETag, and the same BLAKE3 where
 * the store keeps one. On a disk it has to be the word of the file's owner besides.
 * @param object complete
 * @throws StorageError where the store is in trouble altogether. That this path alone cannot be read is as if
 *   there were none: many stores say so of what does not exist.
 */
export async function findSignature(
  signed: SignedPath,
  object: Entry,
  options?: DecodeOptions,
): Promise<FoundSignature> {
  const at = pathOf(signed);
  if (at === undefined) return { lack: "no-signature" };
  try {
    // What is read is taken over at once: no memory of its own for each piece.
    const { entry, body } = await signed.driver.read(at, { lend: true, signal: signed.signal });
    if (entry.size > mostBytes(object)) {
      await leave(body);
      return { lack: "stale-signature" };
    }
    const signature = await decodeSignature(body, options);
    if (!signatureBelongsTo(signature, object)) return { lack: "stale-signature" };
    if (!isOfContent(signature, object)) return { lack: "bad-signature" };
    const word = isDisk(signed.driver) ? await whoseWord(signed, object, entry) : "owner";
    return word === "owner" ? { signature } : { lack: word };
  } catch (error) {
    if (error instanceof DeltaError || isStorageError(error, "corrupt"))
      return { lack: "bad-signature" };
    if (isStorageError(error, "not-found") || wholeMayDo(error)) return { lack: "no-signature" };
    throw error;
  }
}

/** What a signature of this object can have: a larger one is of another, and not worth its memory. */
function mostBytes({ size }: Entry): number {
  const blocks = Math.ceil(size / SMALLEST_BLOCK);
  return Math.min(LARGEST_SIGNATURE, blocks * PER_BLOCK + AROUND_BLOCKS);
}

/** Left unread it would hold its connection. */
async function leave(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body) return;
}

/**
 * Keeps the signature of an object.
 * @param object What the signature was made of: its ETag is what the signature will be known by.
 * @returns where it lies; `undefined` if none is kept.
 * @throws StorageError `already-exists` if a file that is no signature has the name, `precondition-failed` if it
 *   took it just now; what the store answers.
 */
export async function keepSignature(
  signed: SignedPath,
  signature: Signature,
  object: Entry,
): Promise<string | undefined> {
  const { driver, signal } = signed;
  const at = pathOf(signed);
  const { etag, version, size } = object;
  if (at === undefined || etag === undefined || size !== signature.size) return undefined;
  if (!isOfContent(signature, object)) return undefined;
  const bound = bindSignature(signature, { etag, version });
  const length = encodedLength(bound);
  if (length > LARGEST_SIGNATURE) return undefined;
  const conditions = signed.placement === "sidecar" ? await conditionsOfSidecar(signed, at) : {};
  const access = isDisk(driver) ? await accessBeside(signed) : {};
  const options = { size: length, signal, ...access, ...conditions };
  await driver.write(at, () => streamOf(encodeSignature(bound, { lend: true })), options);
  return at;
}

/**
 * The same for what was just made of the signed content, of which somebody else may have made something else by now:
 * only of an object whose hash says that it is that content, or which the store says it made.
 */
export async function keepSignatureOfMade(
  signed: SignedPath,
  signature: Signature,
  object: Made,
): Promise<void> {
  const isKnown = object.hashes?.blake3 !== undefined || object.isOwn === true;
  if (isKnown) await keepSignature(signed, signature, object);
}

/**
 * Removes the signature of an object that is gone, if there is one: a removal of nothing would leave a mark in a bucket that keeps
 * versions. What has its name and is no signature stays.
 * @returns whether one was there.
 */
export async function forgetSignature(signed: SignedPath): Promise<boolean> {
  const at = pathOf(signed);
  if (at === undefined) return false;
  const { driver, placement, signal } = signed;
  const { kind, entry } =
    placement === "sidecar" ? await lookAtSidecar(signed, at) : await lookAtReserved(signed, at);
  if (kind !== "signature") return false;
  const ifMatch = driver.capabilities.conditions.remove ? entry?.etag : undefined;
  await driver.remove(at, { ifMatch, signal });
  return true;
}

function pathOf({ driver, path, placement }: SignedPath): string | undefined {
  return signaturePath(path, placement, driver.capabilities);
}

function isOfContent({ contentHash }: Signature, { hashes }: Entry): boolean {
  const known = hashes?.blake3;
  return known === undefined || known === Buffer.from(contentHash).toString("hex");
}

/** It replaces a signature, or nothing. */
async function conditionsOfSidecar(
  signed: SignedPath,
  at: string,
): Promise<Pick<ConditionOptions, "ifMatch" | "ifNoneMatch">> {
  const { kind, entry } = await lookAtSidecar(signed, at);
  if (kind !== "foreign") return conditionsFor(signed.driver, entry);
  throw new StorageError("already-exists", {
    path: at,
    message: "is a file of somebody else's: the signature cannot be kept beside the object",
  });
}

interface Kept {
  readonly kind: "signature" | "foreign" | "nothing";
  readonly entry?: Entry | undefined;
}

async function lookAtSidecar({ driver, signal }: SignedPath, at: string): Promise<Kept> {
  const length = SIGNATURE_MAGIC.length;
  try {
    const { entry, body } = await driver.read(at, { range: { offset: 0, length }, signal });
    const head = await collectBody(body, length, { path: at, signal });
    return { kind: Buffer.compare(head, SIGNATURE_MAGIC) === 0 ? "signature" : "foreign", entry };
  } catch (error) {
    if (isStorageError(error, "not-found")) return { kind: "nothing" };
    if (isStorageError(error, "unsupported", "is-a-directory")) return { kind: "foreign" };
    throw error;
  }
}

/** Nobody but us writes there. */
async function lookAtReserved({ driver, signal }: SignedPath, at: string): Promise<Kept> {
  const entry = await driver.stat(at, { signal });
  return { kind: entry?.kind === "file" ? "signature" : "nothing", entry };
}

async function* streamOf(pieces: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* pieces;
}
