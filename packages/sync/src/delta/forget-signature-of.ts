import { type Entry, joinPath } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { DELTA_THRESHOLD, type Deltas } from "./deltas.ts";
import { forgetSignatures } from "./forget-signatures.ts";
import { isDisk } from "./signed-on-disk.ts";

export interface ForgetOptions {
  /** Of the run; others may have signed smaller files, and elsewhere. */
  readonly deltas: Pick<Deltas, "threshold"> | undefined;
  /** Whether a listing told of a signature. Without it nobody has seen. */
  readonly isSeen?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Of what a run removes. Where each look is a request, it takes one only for what may well be signed. */
export async function forgetSignatureOf(
  { driver, path: root }: Place,
  { path, kind, size }: Pick<Entry, "path" | "kind" | "size">,
  { deltas, isSeen, signal }: ForgetOptions,
): Promise<void> {
  if (kind !== "file") return;
  const isLarge = size > Math.min(deltas?.threshold ?? DELTA_THRESHOLD, DELTA_THRESHOLD);
  if (isLarge || (isSeen ?? isDisk(driver)))
    await forgetSignatures({ driver, path: joinPath(root, path) }, signal);
}
