/** Signatures in the store of their objects: found, checked against the object, kept, and forgotten. */
import {
  DeltaError,
  SIGNATURE_MAGIC,
  type Signature,
  bindSignature,
  decodeSignature,
  encodeSignature,
  encodedLength,
  signatureBelongsTo,
} from "@omnisync/delta";
import { type Driver, type Entry, StorageError, collectBody, isStorageError } from "@omnisync/storage";
import type { SignaturePlacement } from "../options/delta-options.ts";
import { signaturePath } from "./signature-path.ts";

/** A signature that may be relied on, or why there is none. */
export type FoundSignature =
  | { readonly signature: Signature }
  | { readonly signature?: undefined; readonly lack: SignatureLack };

export type SignatureLack = "no-signature" | "stale-signature" | "bad-signature";

/** Larger ones are neither kept nor read: 1.6 million blocks. */
const LARGEST_SIGNATURE = 64 * 1024 * 1024;

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
 * the store keeps one.
 * @param object complete
 * @throws StorageError what the store answers, except that there is none.
 */
export async function findSignature(signed: SignedPath, object: Entry): Promise<FoundSignature> {
  const at = pathOf(signed);
  if (at === undefined) return { lack: "no-signature" };
  try {
    const { entry, body } = await signed.driver.read(at, { signal: signed.signal });
    // Left unread it would hold its connection.
    const signature = await decodeSignature(
      entry.size > LARGEST_SIGNATURE ? firstChunk(body) : body,
    );
    if (!signatureBelongsTo(signature, object)) return { lack: "stale-signature" };
    return isOfContent(signature, object) ? { signature } : { lack: "bad-signature" };
  } catch (error) {
    if (error instanceof DeltaError) return { lack: "bad-signature" };
    if (isStorageError(error, "not-found", "unsupported", "is-a-directory", "not-a-directory"))
      return { lack: "no-signature" };
    throw error;
  }
}

/**
 * Keeps the signature of an object.
 * @param object What the signature was made of: its ETag is what the signature will be known by.
 * @returns where it lies; `undefined` if none is kept.
 * @throws StorageError `already-exists` if a file that is no signature has the name; what the store answers.
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
  if (signed.placement === "sidecar") await refuseForeign(signed, at);
  await driver.write(at, () => streamOf(encodeSignature(bound)), { size: length, signal });
  return at;
}

/**
 * The same for what was just written, of which somebody else may have made something else by now: only of an
 * object that is known to be the signed content.
 */
export async function keepSignatureOfWritten(
  signed: SignedPath,
  signature: Signature,
  object: Entry,
): Promise<void> {
  if (object.hashes?.blake3 !== undefined) await keepSignature(signed, signature, object);
}

/** Removes the signature of an object that is gone. What has its name and is no signature stays. */
export async function forgetSignature(signed: SignedPath): Promise<void> {
  const at = pathOf(signed);
  if (at === undefined) return;
  if (signed.placement === "sidecar" && (await kindOfFile(signed, at)) !== "signature") return;
  await signed.driver.remove(at, { signal: signed.signal });
}

function pathOf({ driver, path, placement }: SignedPath): string | undefined {
  return signaturePath(path, placement, driver.capabilities);
}

function isOfContent({ contentHash }: Signature, { hashes }: Entry): boolean {
  const known = hashes?.blake3;
  return known === undefined || known === Buffer.from(contentHash).toString("hex");
}

async function refuseForeign(signed: SignedPath, at: string): Promise<void> {
  if ((await kindOfFile(signed, at)) !== "foreign") return;
  throw new StorageError("already-exists", {
    path: at,
    message: "is a file of somebody else's: the signature cannot be kept beside the object",
  });
}

async function kindOfFile(
  { driver, signal }: SignedPath,
  at: string,
): Promise<"signature" | "foreign" | "nothing"> {
  const length = SIGNATURE_MAGIC.length;
  try {
    const { body } = await driver.read(at, { range: { offset: 0, length }, signal });
    const head = await collectBody(body, length, { path: at, signal });
    return Buffer.compare(head, SIGNATURE_MAGIC) === 0 ? "signature" : "foreign";
  } catch (error) {
    if (isStorageError(error, "not-found")) return "nothing";
    if (isStorageError(error, "unsupported", "is-a-directory")) return "foreign";
    throw error;
  }
}

async function* streamOf(pieces: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* pieces;
}

/** Enough to be told from a signature that ends well. */
async function* firstChunk(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    return;
  }
}
