/** Takes the signature of what is gone away. One that stays does no harm: it belongs to no object. */
import { type Entry, isStorageError, joinPath, parentPath } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { removeEmpty } from "../run/clear-folder.ts";
import { DELTA_THRESHOLD, type Deltas } from "./deltas.ts";
import { signaturePath } from "./signature-path.ts";
import { forgetSignature } from "./signature-store.ts";

export interface ForgetOptions {
  /** How others may have signed it: of a run that makes no deltas itself, as runs do by default. */
  readonly deltas: Pick<Deltas, "threshold" | "placement"> | undefined;
  readonly signal: AbortSignal;
}

/** Does nothing for what is too small to have been signed. */
export async function forgetSignatureOf(
  { driver, path: root }: Place,
  { path: name, kind, size }: Pick<Entry, "path" | "kind" | "size">,
  { deltas, signal }: ForgetOptions,
): Promise<void> {
  const { threshold = DELTA_THRESHOLD, placement = "reserved" } = deltas ?? {};
  if (kind !== "file" || size <= threshold) return;
  const path = joinPath(root, name);
  try {
    await forgetSignature({ driver, path, placement, signal });
    const at = signaturePath(path, placement, driver.capabilities);
    const isInFolder = placement === "reserved" && driver.capabilities.directories;
    if (!isInFolder || at === undefined) return;
    await removeEmpty(driver, [parentPath(at), parentPath(parentPath(at))]);
  } catch (error) {
    if (!isStorageError(error)) throw error;
  }
}
