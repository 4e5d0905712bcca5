/** rsync's lines of `--progress`. Pure. */
import { type Readability, humanNumber } from "./numbers.ts";

export interface ProgressFacts {
  readonly done: number;
  readonly size: number;
  /** Milliseconds. */
  readonly elapsed: number;
  /** Which transfer this was, and how many entries are left of how many known. */
  readonly transfer: number;
  readonly left: number;
  readonly known: number;
  /** Whether all entries are known. */
  readonly listed: boolean;
}

/** `          1,024 100%  200.00kB/s    0:00:00 (xfr#1, to-chk=0/2)`. */
export function progressText(facts: ProgressFacts, readability: Readability): string {
  const { done, size, elapsed, transfer, left, known, listed } = facts;
  const percent = size === 0 ? 100 : Math.trunc((done / size) * 100);
  const rate = elapsed > 0 ? done / 1024 / (elapsed / 1000) : 0;
  const seconds = Math.max(Math.trunc(elapsed / 1000), 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${String(Math.trunc(seconds / 3600)).padStart(4)}:${two(Math.trunc(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const amount = humanNumber(done, readability).padStart(15);
  const counts = `(xfr#${transfer}, ${listed ? "to" : "ir"}-chk=${left}/${known})`;
  return `${amount} ${String(percent).padStart(3)}% ${rateText(rate)} ${time} ${counts}`;
}

function rateText(rate: number): string {
  if (rate > 1024 * 1024) return `${(rate / 1024 / 1024).toFixed(2).padStart(7)}GB/s`;
  if (rate > 1024) return `${(rate / 1024).toFixed(2).padStart(7)}MB/s`;
  return `${rate.toFixed(2).padStart(7)}kB/s`;
}
