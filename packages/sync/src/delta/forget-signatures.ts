import type { Entry } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { Deltas } from "./deltas.ts";
import { forgetSignatureOf } from "./forget-signature-of.ts";

/**
 * Removes the signatures of a file that is gone, wherever they may lie. For programs that remove files by
 * themselves. A signature that stays, because the store refuses, does no harm.
 * @param file Of what is no larger than the default threshold there are usually none: nothing is done.
 */
export async function forgetSignatures(
  { driver, path }: Place,
  { size }: Pick<Entry, "size">,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const file = { path, kind: "file", size } as const;
  for (const signatures of ["reserved", "sidecar"] as const) {
    const deltas = new Deltas({ signatures });
    await forgetSignatureOf({ driver, path: "" }, file, { deltas, signal });
  }
}
