/** Which of rsync's exit codes an error that ended the run, or a report, stands for. */
import { type ErrorCode, isStorageError } from "@omnisync/storage";
import type { Report } from "@omnisync/sync";
import { GivenFileError } from "../given-file.ts";
import type { RsyncCounts } from "../output/rsync/rsync-counts.ts";
import { UsageError } from "../usage-error.ts";
import { type RsyncCode, RsyncError } from "./rsync-error.ts";

const BY_CODE: Partial<Record<ErrorCode, RsyncCode>> = {
  "invalid-argument": "syntax",
  "invalid-path": "syntax",
  unsupported: "unsupported",
  unavailable: "socket",
  aborted: "signal",
};

/** For what ended everything. */
export function rsyncCodeOf(error: unknown): RsyncCode {
  if (error instanceof RsyncError) return error.code;
  if (error instanceof GivenFileError) return "file-io";
  if (error instanceof UsageError) return "syntax";
  return (isStorageError(error) ? BY_CODE[error.code] : undefined) ?? "file-io";
}

/** For a run that came to its end; `undefined` if all was done. */
export function rsyncCodeOfRun(report: Report, counts: RsyncCounts): RsyncCode | undefined {
  if (report.interrupted) return "signal";
  if (report.ended === "max-duration") return "timeout";
  if (counts.errors > 0) return "partial";
  if (counts.vanished > 0) return "vanished";
  if (report.withheld === "too-many-deletes") return "max-delete";
  return report.withheld === undefined && report.ended === undefined ? undefined : "partial";
}
