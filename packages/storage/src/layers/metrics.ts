import type { Driver } from "../driver.ts";
import type { ErrorCode } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Operation } from "./intercept.ts";
import { type OperationRecord, observe } from "./observe.ts";

/** Upper bounds of the duration histogram, milliseconds; one more bucket takes what is longer. */
export const DURATION_BOUNDS: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
];

export interface OperationMetrics {
  readonly calls: number;
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly bytes: number;
  /** Sum of all durations. */
  readonly ms: number;
  /** How many took up to each of `DURATION_BOUNDS` and more than the bound before it. */
  readonly durations: readonly number[];
}

export type MetricsSnapshot = Readonly<Partial<Record<Operation, OperationMetrics>>>;

/** Counters of one or more drivers. */
export class Metrics {
  readonly #operations: Map<Operation, Counters> = new Map();

  record(record: OperationRecord): void {
    let counters = this.#operations.get(record.operation);
    if (counters === undefined) {
      const durations = Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0);
      counters = { calls: 0, errors: {}, bytes: 0, ms: 0, durations };
      this.#operations.set(record.operation, counters);
    }
    counters.calls++;
    counters.bytes += record.bytes;
    counters.ms += record.ms;
    counters.durations[bucket(record.ms)]!++;
    if (record.error !== undefined) {
      counters.errors[record.error] = (counters.errors[record.error] ?? 0) + 1;
    }
  }

  /** What was counted until now, as plain data that later calls do not change. */
  snapshot(): MetricsSnapshot {
    return structuredClone(Object.fromEntries(this.#operations));
  }
}

/** Counts each operation of `driver` into `metrics`. */
export function metrics(driver: Driver, metrics: Metrics, clock?: Clock): Driver {
  return observe(driver, (record) => metrics.record(record), clock);
}

interface Counters {
  calls: number;
  errors: Partial<Record<ErrorCode, number>>;
  bytes: number;
  ms: number;
  durations: number[];
}

function bucket(ms: number): number {
  const found = DURATION_BOUNDS.findIndex((bound) => ms <= bound);
  return found < 0 ? DURATION_BOUNDS.length : found;
}
