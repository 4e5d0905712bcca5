import type { Entry } from "@omnisync/storage";

/** No file system has links to longer texts (PATH_MAX of Linux; others have less). */
const LONGEST_TARGET = 4096;

/** Whether this may be a link that the listing of a store without real ones shows as a small file. */
export function mayBeLink({ kind, complete, size }: Entry): boolean {
  return kind === "file" && !complete && size > 0 && size <= LONGEST_TARGET;
}
