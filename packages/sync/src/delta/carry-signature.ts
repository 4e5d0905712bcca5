/** Content that a store gives another ETag or path by itself stays the same content: its signature is made to follow. */
import {
  type Driver,
  type Entry,
  type Made,
  type StorageError,
  isStorageError,
  toStorageError,
} from "@omnisync/storage";
import type { Deltas } from "./deltas.ts";
import { type SignedPath, findSignature, keepSignatureOfMade } from "./signature-store.ts";

/**
 * New attributes give an object a new ETag. Does nothing for what is too small to have been signed. A signature that
 * cannot follow is stale, which does no harm.
 */
export async function carrySignature(
  path: Omit<SignedPath, "placement">,
  { before, after }: { readonly before: Entry; readonly after: Entry },
  deltas: Deltas | undefined,
): Promise<void> {
  if (deltas === undefined || after.kind !== "file" || after.size <= deltas.threshold) return;
  if (before.etag === after.etag && before.version === after.version) return;
  const signed = { ...path, placement: deltas.placement };
  try {
    const { signature } = await findSignature(signed, before);
    if (signature !== undefined) await keepSignatureOfMade(signed, signature, after);
  } catch (error) {
    if (!isStorageError(error)) throw error;
  }
}

/** One object and what the store copied of it. */
export interface CopiedObject {
  readonly from: Driver;
  readonly fromPath: string;
  /** As it was when it was copied; its ETag is what its signature has to be of. */
  readonly source: Entry;
  readonly to: Driver;
  readonly toPath: string;
  readonly made: Made;
  /** Whether the copy was held to that ETag. */
  readonly isPinned: boolean;
}

/**
 * Keeps the signature of an object for a copy of it too, where uploads would have left one.
 * @returns why it could not be kept; nothing of one that is not there.
 */
export async function copySignature(
  { from, fromPath, source, to, toPath, made, isPinned }: CopiedObject,
  deltas: Deltas | undefined,
  signal: AbortSignal,
): Promise<StorageError | undefined> {
  const isSigned = to.capabilities.multipart !== undefined && source.etag !== undefined;
  if (deltas === undefined || !isSigned || made.size <= deltas.threshold) return undefined;
  const { placement } = deltas;
  try {
    const read = { driver: from, path: fromPath, placement, signal };
    const { signature } = await findSignature(read, source);
    if (signature === undefined) return undefined;
    // Of a copy that was not pinned only its hash tells what was copied.
    const object = isPinned ? made : { ...made, isOwn: false };
    await keepSignatureOfMade({ driver: to, path: toPath, placement, signal }, signature, object);
    return undefined;
  } catch (error) {
    return toStorageError(error, { path: toPath });
  }
}
