/** How much a run may use and do, and in which order. */
import type { BandwidthSchedule } from "../limits/bandwidth-schedule.ts";
import type { SyncEvent } from "../events.ts";

export interface LimitOptions {
  /** Transfers at once. Default: what both stores like, at most 128. */
  readonly jobs?: number | undefined;
  /** Paths looked at (asked attributes, hashed) at once. Default: as many as `jobs`. */
  readonly checkers?: number | undefined;
  /** Bytes per second over all transfers, fixed or by the time of day. Default: no limit. */
  readonly bandwidth?: number | BandwidthSchedule | undefined;
  /** Attempts per file when its source changes while it is read or its destination under our hands. Default 3. */
  readonly attempts?: number | undefined;
  /** Files to begin with, among those listed so far. Default: in the order of the listing. */
  readonly order?: TransferOrder | undefined;
  /** No transfer is begun that would take the sum above this many bytes. The report says `max-transfer`. */
  readonly maxTransfer?: number | undefined;
  /** No transfer is begun after this many milliseconds. The report says `max-duration`. */
  readonly maxDuration?: number | undefined;
  /** The run ends at the first failure beyond this number. Default: it goes on. */
  readonly maxErrors?: number | undefined;
  /** Run before and after each transfer. A `before` that throws skips the file and fails it; nothing may be changed by either. */
  readonly hooks?: FileHooks | undefined;
}

export type TransferOrder = "listed" | "smallest" | "largest" | "oldest" | "newest";

export interface FileHooks {
  readonly before?: ((path: string, signal: AbortSignal) => Promise<void>) | undefined;
  readonly after?: ((event: SyncEvent, signal: AbortSignal) => Promise<void>) | undefined;
}
