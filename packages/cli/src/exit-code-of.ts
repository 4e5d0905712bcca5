/** Which exit code an error or a report ends with. */
import { type ErrorCode, isStorageError } from "@omnisync/storage";
import type { ApplyReport, Report } from "@omnisync/sync";
import { EXIT } from "./exit-codes.ts";
import { UsageError } from "./usage-error.ts";

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  "not-found": EXIT.notFound,
  "already-exists": EXIT.conflict,
  "precondition-failed": EXIT.conflict,
  "directory-not-empty": EXIT.conflict,
  changed: EXIT.conflict,
  "invalid-argument": EXIT.usage,
  "invalid-path": EXIT.usage,
  "is-a-directory": EXIT.usage,
  "not-a-directory": EXIT.usage,
  unsupported: EXIT.usage,
  aborted: EXIT.interrupted,
};

/** The exit code for an error that ended the whole command. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (isStorageError(error)) return BY_CODE[error.code] ?? EXIT.someFailed;
  return EXIT.someFailed;
}

/** The exit code for a run that came to its end. 0 only if everything that was asked for is so. */
export function exitCodeOfReport(report: Report): number {
  if (report.interrupted) return EXIT.interrupted;
  if (report.withheld === "too-many-deletes") return EXIT.conflict;
  if (report.failed > 0 || report.withheld === "incomplete-listing") return EXIT.someFailed;
  if (report.ended !== undefined) return EXIT.someFailed;
  return report.withheld === undefined ? EXIT.done : EXIT.conflict;
}

/** The exit code for a plan that was applied: 4 if all that went wrong is that the world moved on. */
export function exitCodeOfApply(report: ApplyReport): number {
  if (report.interrupted) return EXIT.interrupted;
  if (report.failed > report.movedOn || report.ended !== undefined) return EXIT.someFailed;
  return report.movedOn > 0 ? EXIT.conflict : EXIT.done;
}
