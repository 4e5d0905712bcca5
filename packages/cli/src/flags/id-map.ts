/** `--usermap` and `--groupmap`: `from:to,from:to`, as in rsync(1). */
import { printable } from "@omnisync/storage";
import type { IdMapping } from "@omnisync/sync";
import { UsageError } from "../usage-error.ts";

/** @throws UsageError that names the flag and the part that is not understood. */
export function parseIdMap(flag: string, text: string): readonly IdMapping[] {
  return text.split(",").map((part) => {
    const colon = part.indexOf(":");
    if (colon < 0 || part.slice(colon + 1) === "") {
      throw new UsageError(`${flag}: "${printable(part)}" is no renaming: write from:to`);
    }
    return { from: part.slice(0, colon), to: part.slice(colon + 1) };
  });
}
