/** The outcome of a run and its progress in the words of other sync libraries. */
import type { StorageError } from "@omnisync/storage";
import type { Progress, Report } from "../report.ts";

export interface Result {
  /** Files that the destination did not have. */
  readonly copied: number;
  /** Files that were replaced, or only had attributes set. */
  readonly updated: number;
  readonly deleted: number;
  /**
   * Files that were the same, that an option left alone (`update`, `existing`, limits of size …), or that are of a kind
   * that does not take part (FIFOs, sockets and devices unless asked for, links with `links: "skip"`).
   */
  readonly skipped: number;
  /** The first thousand; `failed` counts all. */
  readonly errors: readonly ResultError[];
  readonly failed: number;
  /** Bytes of content that went through this process. */
  readonly bytesTransferred: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly dryRun: boolean;
  /** Whether everything that was asked for is so: see `succeeded`. */
  readonly success: boolean;
}

export interface ResultError {
  readonly path: string;
  /** What was being done, where the driver tells: `read`, `write` … */
  readonly op?: string | undefined;
  readonly error: StorageError;
}

/**
 * Whether a run did all that it was asked for: nothing failed, nothing was withheld, and neither the signal nor a limit
 * (`maxTransfer`, `maxDuration`, `maxErrors`) ended it early. What was skipped or ignored was not asked for.
 */
export function succeeded({ failed, withheld, interrupted, ended }: Report): boolean {
  return failed === 0 && withheld === undefined && !interrupted && ended === undefined;
}

/** A report as a `Result`. */
export function resultOf(report: Report): Result {
  return {
    copied: report.created + report.linksWritten,
    updated: report.replaced + report.attributesSet,
    deleted: report.removed,
    skipped: report.unchanged + report.skipped + report.ignored,
    errors: report.failures.map(({ path, error }) => ({ path, op: error.operation, error })),
    failed: report.failed,
    bytesTransferred: report.bytesTransferred,
    duration: report.duration,
    dryRun: report.dryRun,
    success: succeeded(report),
  };
}

export interface CopyProgress {
  /**
   * Listing, comparing and transferring overlap: `scanning` until both sides are listed to their end. At the end
   * `complete` if it succeeded, `interrupted` if the signal or a limit ended it early, else `failed`: a path, or the whole.
   */
  readonly phase: "scanning" | "transferring" | Ending;
  /** One of the files on their way. */
  readonly currentFile?: string | undefined;
  readonly bytesTransferred: number;
  /** Final when `phase` is not `scanning`. */
  readonly totalBytes: number;
  readonly filesTransferred: number;
  /** Final when `phase` is not `scanning`. */
  readonly totalFiles: number;
  readonly filesDeleted: number;
  readonly errors: number;
}

type Ending = "complete" | "interrupted" | "failed";

/** The last phase of a run. */
export function endingOf(report: Report): Ending {
  if (succeeded(report)) return "complete";
  return report.interrupted || report.ended !== undefined ? "interrupted" : "failed";
}

/** Where a run stands, as a `CopyProgress`. */
export function progressOf(
  progress: Progress,
  phase: CopyProgress["phase"] = progress.listed ? "transferring" : "scanning",
  filesDeleted: number = 0,
): CopyProgress {
  return {
    phase,
    currentFile: progress.active[0]?.path,
    bytesTransferred: progress.bytesDone,
    totalBytes: progress.bytesTotal,
    filesTransferred: progress.filesDone,
    totalFiles: progress.filesTotal,
    filesDeleted,
    errors: progress.failed,
  };
}
