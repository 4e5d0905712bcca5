/** How much a run may use and do, and in which order. */
import type { Entry } from "@omnisync/storage";
import type { SyncEvent } from "../events.ts";
import type { Filter } from "../filter/filter.ts";
import type { BandwidthSchedule } from "../limits/bandwidth-schedule.ts";

export interface LimitOptions {
  /** Transfers at once. Default: what both stores like, at most 128. */
  readonly jobs?: number | undefined;
  /** Paths looked at (asked attributes, hashed) at once, besides the transfers. Default: as many as `jobs`. */
  readonly checkers?: number | undefined;
  /** Bytes per second over all transfers, fixed or by the time of the week. Default: no limit. */
  readonly bandwidth?: number | BandwidthSchedule | undefined;
  /** Limits of what is asked of each store. Default: none. */
  readonly requests?: SideLimits | undefined;
  /** Attempts per file when its source changes while it is read or its destination under our hands. Default 3. */
  readonly attempts?: number | undefined;
  /**
   * Files to begin with, among up to 10,000 planned ones; nothing is transferred before so many are
   * planned, or everything is listed. Default: in the order of the listing.
   */
  readonly order?: TransferOrder | undefined;
  /** Files that one of its rules includes go before all others. Default: none. */
  readonly priority?: Filter | undefined;
  /**
   * The run ends before the first transfer that would take the sum above this many bytes; those begun
   * go on to their end. Copies by the store count too. The report says `max-transfer`.
   */
  readonly maxTransfer?: number | undefined;
  /** Nothing is begun after this many milliseconds; transfers begun go on to their end. The report says `max-duration`. */
  readonly maxDuration?: number | undefined;
  /** The run ends at the first failure beyond this number. The report says `max-errors`. Default: it goes on. */
  readonly maxErrors?: number | undefined;
  /** Run before and after each transfer. Default: none. */
  readonly hooks?: FileHooks | undefined;
}

export type TransferOrder = "listed" | "smallest" | "largest" | "oldest" | "newest";

export interface SideLimits {
  readonly source?: RequestLimits | undefined;
  readonly destination?: RequestLimits | undefined;
}

export interface RequestLimits {
  /** Calls to the store per second: each object, page of a listing, or part counts one. Default: no limit. */
  readonly perSecond?: number | undefined;
  /** Calls that may come at once after a pause. Default 1. */
  readonly burst?: number | undefined;
  /** When the store refuses requests as too many, halve those at once; then grow again step by step. Default false. */
  readonly adaptive?: boolean | undefined;
}

export interface FileHooks {
  /** Before each attempt. If it throws, the file is not transferred, and failed. */
  readonly before?: ((file: FileAhead, signal: AbortSignal) => Promise<void>) | undefined;
  /** After the file is at its destination, before the source of a move is removed. If it throws, the path failed. */
  readonly after?: ((event: SyncEvent, signal: AbortSignal) => Promise<void>) | undefined;
}

/** A file that is about to be transferred. */
export interface FileAhead {
  /** Relative to the root of the transfer. */
  readonly path: string;
  readonly source: Entry;
  /** What will be replaced. */
  readonly destination?: Entry | undefined;
}
