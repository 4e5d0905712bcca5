import type { Driver } from "../driver.ts";
import { printable } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { type OperationRecord, observe } from "./observe.ts";

export interface LogRecord extends OperationRecord {
  /** The driver's id; never holds a secret. */
  readonly store: string;
}

/**
 * Gives `sink` one record for each operation that ends, in the order in which they end. Nothing else
 * of the call is logged: no options, results or error texts, so neither credentials nor signed URLs.
 * Control characters in paths are escaped, so that no file name can forge a line. What `sink` throws becomes a
 * warning of the process, and changes nothing of the operation.
 */
export function log(driver: Driver, sink: (record: LogRecord) => void, clock?: Clock): Driver {
  const observer = (record: OperationRecord): void =>
    sink({ store: driver.id, ...record, path: printable(record.path) });
  return observe(driver, observer, clock);
}
