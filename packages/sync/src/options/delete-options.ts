/** What a run removes or puts aside. */
import type { Place } from "../options.ts";

export interface DeleteOptions {
  /** Remove from the destination what the source does not have. Default false. */
  readonly delete?: boolean | undefined;
  /**
   * When extras go: `after` everything else, and only if nothing failed (default); `before` the first
   * transfer, which needs both listings first; `during`: each directory's extras when it has been
   * left; `delay`: found during, removed after. With `maxDelete` in mode `refuse`, which has to count
   * them, `during` is `delay`. A failure, an incomplete listing or an empty source forbid it in each.
   */
  readonly deleteTiming?: "before" | "during" | "delay" | "after" | undefined;
  /** Excluded entries of the destination are extras too. Default false. */
  readonly deleteExcluded?: boolean | undefined;
  /** A run that would remove more entries removes none (`maxDeleteMode` `refuse`) or stops at the number (`stop`). */
  readonly maxDelete?: number | undefined;
  /** Default `refuse`. `stop` is rsync's way. Either way the report says `too-many-deletes`. */
  readonly maxDeleteMode?: "refuse" | "stop" | undefined;
  /** Remove extras even though something failed; what lies where nothing could be listed stays. Default false. */
  readonly ignoreErrors?: boolean | undefined;
  /** A directory that is to be replaced by a file goes with all it holds, also without `delete`. Default false. */
  readonly force?: boolean | undefined;
  /** Remove everything when the source holds nothing at all. Default false: such a run removes nothing. */
  readonly allowEmptySource?: boolean | undefined;
  /**
   * Remove each source file after its copy was verified. Default false. With `delete`, what an earlier run
   * moved is an extra to the next one, unless that finds no file at all.
   */
  readonly move?: boolean | undefined;
  /** What is replaced or removed is kept: by a second name or, on object stores, a copy by the store. Default: it is gone. */
  readonly backup?: BackupOptions | undefined;
  /** What is replaced or removed goes to `.omnisync/trash/<time of the run>/`. Default false. */
  readonly trash?: boolean | undefined;
}

export interface BackupOptions {
  /** Behind the name. Default `~` without `directory`, else "". */
  readonly suffix?: string | undefined;
  /** Where to, relative to the destination, or a place of its own on the same store. Default: beside the original. */
  readonly directory?: string | Place | undefined;
}
