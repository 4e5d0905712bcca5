/** The first line of a plan: between which places, how, how much, and what it is likely to cost. */
import type { Withheld } from "../report.ts";
import type { CarriedOptions } from "./carried-options.ts";
import type { RequestCounts } from "./count-requests.ts";
import type { Cost } from "./price-of.ts";

export const PLAN_FORMAT = "omnisync-plan";
/** Raised by every change that an older reader would get wrong. Plans are made anew, never converted. */
export const PLAN_VERSION = 1;

export interface PlanHeader {
  readonly format: typeof PLAN_FORMAT;
  readonly version: typeof PLAN_VERSION;
  /** ISO 8601, UTC. The only thing in which two plans of one world differ; not under the checksum. */
  readonly created: string;
  readonly source: PlannedPlace;
  readonly destination: PlannedPlace;
  readonly options: CarriedOptions;
  readonly totals: PlanTotals;
  /** Requests that applying the plan makes, about. A local disk takes none. */
  readonly requests: { readonly source: RequestCounts; readonly destination: RequestCounts };
  readonly cost: Cost;
}

/** Which place, without anything secret. */
export interface PlannedPlace {
  readonly driver: string;
  /** The store's id, root included. A plan is applied to places of the same id and path only. */
  readonly id: string;
  /** In the store. */
  readonly path: string;
  /** What opens the store again, besides credentials and flags; whoever makes the plan may tell it. */
  readonly open?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export interface PlanTotals {
  /** Lines. */
  readonly actions: number;
  /** Files whose content goes over: `created` and `replaced`. */
  readonly files: number;
  readonly created: number;
  readonly replaced: number;
  /** Bytes of their content. */
  readonly bytes: number;
  /** Of these: bytes that the stores copy between themselves. */
  readonly bytesServerCopied: number;
  readonly directories: number;
  readonly links: number;
  readonly attributes: number;
  readonly removals: number;
  readonly bytesRemoved: number;
  readonly sourcesRemoved: number;
  /** Of all paths seen, those that nothing is to be done about. */
  readonly unchanged: number;
  readonly skipped: number;
  readonly ignored: number;
  /** Paths that could not be planned. */
  readonly failed: number;
  /** Extras that a guard keeps, and which guard. */
  readonly withheldCount: number;
  readonly withheld?: Withheld | undefined;
}
