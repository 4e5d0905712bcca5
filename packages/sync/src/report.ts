/** What a run did. Counts are exact; the list of failures is cut after a thousand. */
import type { StorageError, Upload } from "@omnisync/storage";
import type { SyncEvent } from "./events.ts";
import type { EndReason } from "./limits/run-end.ts";
import type { LimitsReport } from "./limits/run-limits.ts";
import type { Timings } from "./limits/time-breakdown.ts";

/** Failures kept one by one; all are counted, and each was an event. */
export const FAILURES_KEPT = 1000;

export interface Failure {
  readonly path: string;
  readonly error: StorageError;
}

/** Why a run that was to remove extras removed none. */
export type Withheld =
  | "ended-early"
  | "failures"
  | "incomplete-listing"
  | "empty-source"
  | "too-many-deletes";

export interface Report {
  readonly dryRun: boolean;
  /** Entries seen at the source and destination, after filters. */
  readonly sourceEntries: number;
  readonly destinationEntries: number;
  readonly created: number;
  readonly replaced: number;
  readonly attributesSet: number;
  readonly directoriesCreated: number;
  readonly linksWritten: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly ignored: number;
  /** Of those failed or skipped: gone from the source before they could be read. */
  readonly vanished: number;
  readonly removed: number;
  readonly sourcesRemoved: number;
  /** Extras that would have been removed, had `withheld` not spoken against it. */
  readonly withheldCount: number;
  readonly withheld?: Withheld | undefined;
  /** Bytes of content that went through this process. */
  readonly bytesTransferred: number;
  /** Bytes of content that the store copied by itself. */
  readonly bytesServerCopied: number;
  /** Bytes of transferred files that earlier runs had brought over. */
  readonly bytesResumed: number;
  /** Bytes of transferred files that were taken from the copies that were there. */
  readonly bytesMatched: number;
  /** Transfers that were cut short and are kept for a later run. */
  readonly kept: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
  /** Uploads in parts that could not be given up: the store keeps their parts, and may charge for them. */
  readonly uploadsLeft: readonly Upload[];
  readonly interrupted: boolean;
  /** Why the run ended before everything was done; absent if it did not. Extras are not removed then. */
  readonly ended?: EndReason | undefined;
  /** What workers spent their time on. */
  readonly timings: Timings;
  /** Stores that asked for fewer requests, where that was looked for (`requests`). */
  readonly refusals: LimitsReport["refusals"];
  /** Milliseconds. */
  readonly duration: number;
}

/** What a run keeps of its report, for those that ask when `done` was rejected. */
export interface Ended<Result> {
  report: Result | undefined;
}

/** Where a run stands, for progress bars. */
export interface Progress {
  /** Whether both sides are listed to the end, so that the totals are final. */
  readonly listed: boolean;
  readonly filesTotal: number;
  readonly filesDone: number;
  readonly bytesTotal: number;
  readonly bytesDone: number;
  /** Of these, what earlier runs had done. */
  readonly bytesResumed: number;
  /** Of these, what was taken from the copies that were there. */
  readonly bytesMatched: number;
  readonly checked: number;
  readonly failed: number;
  /** Milliseconds since the start. */
  readonly elapsed: number;
  readonly active: readonly ActiveTransfer[];
}

export interface ActiveTransfer {
  readonly path: string;
  readonly size: number;
  readonly done: number;
}

type Counts = {
  -readonly [Name in keyof Report as Report[Name] extends number ? Name : never]: number;
};

/** Adds events up into a report. */
export class ReportBuilder {
  readonly counts: Counts = {
    sourceEntries: 0,
    destinationEntries: 0,
    created: 0,
    replaced: 0,
    attributesSet: 0,
    directoriesCreated: 0,
    linksWritten: 0,
    unchanged: 0,
    skipped: 0,
    ignored: 0,
    vanished: 0,
    removed: 0,
    sourcesRemoved: 0,
    withheldCount: 0,
    bytesTransferred: 0,
    bytesServerCopied: 0,
    bytesResumed: 0,
    bytesMatched: 0,
    kept: 0,
    failed: 0,
    duration: 0,
  };
  readonly #failures: Failure[] = [];
  readonly #uploadsLeft: Upload[] = [];
  readonly #dryRun: boolean;
  withheld: Withheld | undefined;

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun;
  }

  add(event: SyncEvent): void {
    const { counts } = this;
    if (event.reason === "vanished") counts.vanished++;
    switch (event.kind) {
      case "copy":
        if (event.destination === undefined) counts.created++;
        else counts.replaced++;
        if (event.strategy === "server-copy") counts.bytesServerCopied += event.source?.size ?? 0;
        counts.bytesTransferred += event.bytes;
        counts.bytesResumed += event.resumed ?? 0;
        counts.bytesMatched += event.matched ?? 0;
        break;
      case "attributes":
        counts.attributesSet++;
        break;
      case "mkdir":
        counts.directoriesCreated++;
        break;
      case "link":
        counts.linksWritten++;
        break;
      case "unchanged":
        counts.unchanged++;
        break;
      case "skip":
        counts.skipped++;
        break;
      case "remove":
        counts.removed++;
        break;
      case "remove-source":
        counts.sourcesRemoved++;
        break;
      case "withheld":
        counts.withheldCount++;
        break;
      case "ignored":
        counts.ignored++;
        break;
      case "upload-left":
        if (event.upload !== undefined) this.#uploadsLeft.push(event.upload);
        break;
      case "kept":
        counts.kept++;
        break;
      case "failed":
        counts.failed++;
        if (event.error !== undefined && this.#failures.length < FAILURES_KEPT) {
          this.#failures.push({ path: event.path, error: event.error });
        }
        break;
    }
  }

  build(duration: number, interrupted: boolean, limits: LimitsReport): Report {
    const { withheld } = this;
    return {
      ...this.counts,
      ...limits,
      duration,
      interrupted,
      dryRun: this.#dryRun,
      failures: this.#failures,
      uploadsLeft: this.#uploadsLeft,
      ...(withheld === undefined ? {} : { withheld }),
    };
  }
}
