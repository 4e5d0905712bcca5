/** What is said at the end of a transfer. Pure. */
import { plural, someOf } from "./plural.ts";
import { formatDuration, formatSize } from "@omnisync/storage";
import type { CheckReport, Report } from "@omnisync/sync";

const VERBS = {
  sync: ["copied", "would copy"],
  copy: ["copied", "would copy"],
  move: ["moved", "would move"],
} as const;

/** `copied 12 files (3.4 MiB) in 1.2s, 8 unchanged, 0 failed`. */
export function summaryLine(report: Report, kind: keyof typeof VERBS): string {
  const [done, planned] = VERBS[kind];
  const files = report.created + report.replaced;
  const bytes = report.bytesTransferred + report.bytesServerCopied;
  const parts = [
    `${report.dryRun ? planned : done} ${plural(files, "file")} (${formatSize(bytes)}) in ${formatDuration(report.duration)}`,
    report.bytesResumed === 0 ? undefined : `${formatSize(report.bytesResumed)} from earlier runs`,
    report.bytesMatched === 0
      ? undefined
      : `${formatSize(report.bytesMatched)} not sent: it was there`,
    counted(report.removed, report.dryRun ? "to remove" : "removed"),
    counted(report.attributesSet, report.dryRun ? "with attributes to set" : "with attributes set"),
    someOf(report.directoriesCreated, "directory", "directories"),
    someOf(report.linksWritten, "link"),
    `${report.unchanged} unchanged`,
    counted(report.skipped, "skipped"),
    counted(report.ignored, "left out"),
    `${report.failed} failed`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** `in sync: 12 same in 1.2s`, or what is not. */
export function checkSummaryLine(report: CheckReport): string {
  const parts = [
    `${report.match} same`,
    counted(report.differ, "different"),
    counted(report.sourceOnly, "only in source"),
    counted(report.destinationOnly, "only in destination"),
    counted(report.errors, "could not be compared"),
  ];
  const verdict = report.inSync ? "in sync" : "not in sync";
  const counts = parts.filter((part) => part !== undefined).join(", ");
  return `${verdict}: ${counts}, in ${formatDuration(report.duration)}`;
}

/** Why extras were not removed, and what to do; `undefined` if none were kept back. */
export function withheldText(report: Report): string | undefined {
  const count = plural(report.withheldCount, "extra entry", "extra entries");
  switch (report.withheld) {
    case undefined:
      return undefined;
    case "ended-early":
      return `${count} not removed because the run ended early: run again to go on`;
    case "failures":
      return `${count} not removed because something failed: run again when that is solved`;
    case "incomplete-listing":
      return `${count} not removed because a listing was not complete: run again when that is solved`;
    case "empty-source":
      return `${count} not removed because the source holds nothing: give --allow-empty-source if that is right`;
    case "too-many-deletes":
      return `${count} not removed because they are more than --max-delete allows: raise it if that is right`;
  }
}

/** Why a run ended before everything was done; `undefined` if it did not. */
export function endedText({ ended }: Report): string | undefined {
  switch (ended) {
    case undefined:
      return undefined;
    case "max-transfer":
      return "ended early: the next file would go beyond --max-transfer: run again to go on";
    case "max-duration":
      return "ended early: the time is up: run again to go on";
    case "max-errors":
      return "ended early: more failures than --max-errors allows";
    case "unauthenticated":
      return "ended early: a store does not accept the credentials: renew them, and run again to go on";
    case "unavailable":
      return "ended early: a store does not answer any more: run again when it does, to go on";
  }
}

/** Stores that asked for fewer requests, and what came of it. */
function refusalRows({ refusals }: Report): readonly (readonly [string, string])[] {
  return (["source", "destination"] as const).flatMap((side) => {
    const store = refusals[side];
    if (store === undefined) return [];
    const text = `${store.count} (down to ${store.fewestAtOnce} at once)`;
    return [[`Refused by the ${side}`, text]] as const;
  });
}

/** Where the time of all workers together went. */
function timingRows({ timings }: Report): readonly (readonly [string, string])[] {
  const { reading, hashing, sending, waiting } = timings;
  const rows: readonly (readonly [string, number])[] = [
    ["Time reading", reading],
    ["Time hashing", hashing],
    ["Time sending", sending],
    ["Time waiting for bandwidth", waiting.bandwidth],
    ["Time waiting for memory", waiting.memory],
    ["Time waiting for a turn", waiting.lanes],
    ["Time waiting for requests", waiting.requests],
  ];
  return rows.map(([name, ms]) => [name, formatDuration(ms)]);
}

/** Every count, one per line, for `--stats`. */
export function statsLines(report: Report): readonly string[] {
  const rows: readonly (readonly [string, string | number])[] = [
    ["Source entries", report.sourceEntries],
    ["Destination entries", report.destinationEntries],
    ["Files created", report.created],
    ["Files replaced", report.replaced],
    ["Attributes set", report.attributesSet],
    ["Directories created", report.directoriesCreated],
    ["Links written", report.linksWritten],
    ["Unchanged", report.unchanged],
    ["Skipped", report.skipped],
    ["Left out", report.ignored],
    ["Removed", report.removed],
    ["Sources removed", report.sourcesRemoved],
    ["Not removed", report.withheldCount],
    ["Failed", report.failed],
    ["Bytes transferred", `${report.bytesTransferred} (${formatSize(report.bytesTransferred)})`],
    [
      "Bytes copied by the store",
      `${report.bytesServerCopied} (${formatSize(report.bytesServerCopied)})`,
    ],
    ["Bytes that were there", `${report.bytesMatched} (${formatSize(report.bytesMatched)})`],
    ["Bytes from earlier runs", `${report.bytesResumed} (${formatSize(report.bytesResumed)})`],
    ["Transfers kept for later", report.kept],
    ["Rate", `${formatSize(report.bytesTransferred / Math.max(report.duration / 1000, 0.001))}/s`],
    ...refusalRows(report),
    ...timingRows(report),
    ["Duration", formatDuration(report.duration)],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(28)}${value}`);
}

function counted(count: number, what: string): string | undefined {
  return count === 0 ? undefined : `${count} ${what}`;
}
