import { SIGNATURE_MAGIC } from "@omnisync/delta";
import type { Driver } from "@omnisync/storage";
import { hideMarked } from "@omnisync/storage/layers";
import { SIGNATURE_SUFFIX } from "./signature-path.ts";

/** `driver` whose listings tell of no signature that lies beside its object. Other files of such names are listed. */
export function hideSignatures(driver: Driver): Driver {
  return hideMarked(driver, { suffix: SIGNATURE_SUFFIX, magic: SIGNATURE_MAGIC });
}
