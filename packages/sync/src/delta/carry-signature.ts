/** New attributes give an object a new ETag, though its content is the same: its signature is made to follow. */
import { type Entry, isStorageError } from "@omnisync/storage";
import type { Deltas } from "./deltas.ts";
import { type SignedPath, findSignature, keepSignatureOfWritten } from "./signature-store.ts";

/** Does nothing for what is too small to have been signed. A signature that cannot follow is stale, which does no harm. */
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
    if (signature !== undefined) await keepSignatureOfWritten(signed, signature, after);
  } catch (error) {
    if (!isStorageError(error)) throw error;
  }
}
