/** Compares two places path by path, with the same listing, pairing and comparison as `sync`, and changes nothing. */
import type { Entry, StorageError } from "@omnisync/storage";
import type { AttributeCache } from "./attributes/attribute-cache.ts";
import type { Reason } from "./events.ts";
import type { Filter } from "./filter/filter.ts";
import type { CompareOptions } from "./options/compare-options.ts";
import type { Place } from "./options.ts";
import type { Failure, Progress } from "./report.ts";
import { CheckRun } from "./run/check-run.ts";

export interface CheckOptions extends Pick<
  CompareOptions,
  "checksum" | "sizeOnly" | "modifyWindow" | "preserveMode"
> {
  readonly filter?: Filter | undefined;
  /** Default `keep`: links are compared by their targets. */
  readonly links?: "keep" | "skip" | undefined;
  /**
   * Read the content of both sides back and compare that, whatever times and stored hashes say.
   * Attributes are not compared. Costs the transfer of everything of equal size. Default false.
   */
  readonly download?: boolean | undefined;
  /** Do not count what only the destination has. Default false. */
  readonly oneWay?: boolean | undefined;
  readonly jobs?: number | undefined;
  readonly attributeCache?: AttributeCache | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each path, in the order in which comparisons end. Must not throw. */
  readonly onEvent?: ((event: CheckEvent) => void) | undefined;
}

export interface CheckEvent {
  readonly kind: "match" | "differ" | "source-only" | "destination-only" | "error";
  readonly path: string;
  readonly reason?: Reason | undefined;
  readonly source?: Entry | undefined;
  readonly destination?: Entry | undefined;
  readonly error?: StorageError | undefined;
}

export interface CheckReport {
  readonly match: number;
  readonly differ: number;
  readonly sourceOnly: number;
  readonly destinationOnly: number;
  readonly errors: number;
  readonly failures: readonly Failure[];
  /** True only if everything could be compared and nothing differs. */
  readonly inSync: boolean;
  /** Milliseconds. */
  readonly duration: number;
}

/** A check that goes on: look at `progress`, wait for `done`. */
export interface CheckInProgress {
  progress(): Progress;
  /** As in `SyncRun`. */
  report(): CheckReport | undefined;
  readonly done: Promise<CheckReport>;
}

/**
 * Compares two places and changes nothing. A file that could not be compared is never "in sync".
 * Directories by themselves are not compared: stores of plain keys have none.
 * @throws StorageError `not-found` if either place does not exist; `invalid-argument` for options that
 *   are none or contradict each other; `aborted`; what ends a listing; what a store answers that is
 *   lost (SY-371).
 */
export function check(
  source: Place,
  destination: Place,
  options: CheckOptions = {},
): Promise<CheckReport> {
  return startCheck(source, destination, options).done;
}

/** `check` with a view of its progress. */
export function startCheck(
  source: Place,
  destination: Place,
  options: CheckOptions = {},
): CheckInProgress {
  const run = new CheckRun(source, destination, options);
  const done = run.report();
  return { progress: () => run.progress.snapshot(), report: () => run.ended, done };
}
