/** Bandwidth by the time of the week. */

export interface BandwidthChange {
  /** Minutes since Monday 00:00, local time. */
  readonly minute: number;
  /** From then on; `undefined`: no limit. */
  readonly bytesPerSecond: number | undefined;
}

/** In the order of their minutes; before the first of a week the last one of the week before holds. */
export interface BandwidthSchedule {
  readonly changes: readonly BandwidthChange[];
}
