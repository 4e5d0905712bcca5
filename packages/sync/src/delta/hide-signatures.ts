import { SIGNATURE_MAGIC } from "@omnisync/delta";
import type { CallOptions, Driver, Entry } from "@omnisync/storage";
import { type Mark, hideMarked, isMarked } from "@omnisync/storage/layers";
import { SIGNATURE_SUFFIX } from "./signature-path.ts";

const SIGNATURES: Mark = { suffix: SIGNATURE_SUFFIX, magic: SIGNATURE_MAGIC };

/**
 * `driver` whose listings tell of no signature that lies beside its object. Other files of such names are listed.
 * @param onHidden told of the path of each.
 */
export function hideSignatures(driver: Driver, onHidden?: (path: string) => void): Driver {
  return hideMarked(driver, SIGNATURES, onHidden);
}

/** Whether an entry, under its path in the store, is a signature that such listings do not tell of. */
export function isHiddenSignature(
  driver: Driver,
  entry: Entry,
  options: CallOptions,
): Promise<boolean> {
  return isMarked(driver, SIGNATURES, entry, options);
}
