/** What progress looks like: pure functions from numbers to lines. */
import { formatDuration, formatSize, printable } from "@omnisync/storage";
import type { Progress } from "@omnisync/sync";

/** Current transfers shown at most. */
const SHOWN = 4;
/** Columns of the bar where there is room for it, and the steps in which it gives way to the numbers. */
const BAR = 24;
const BAR_STEP = 4;
/** Milliseconds over which the rate is smoothed. */
const SMOOTHING = 4000;

/** A rate that does not jump: an average in which the last few seconds count most. */
export class RateMeter {
  #bytes = 0;
  #elapsed = 0;
  #rate: number | undefined;

  /** Takes in where the run stands. @returns bytes per second. */
  update(bytesDone: number, elapsed: number): number {
    const step = elapsed - this.#elapsed;
    if (step > 0) {
      const now = ((bytesDone - this.#bytes) / step) * 1000;
      const weight = this.#rate === undefined ? 1 : 1 - Math.exp(-step / SMOOTHING);
      this.#rate = (this.#rate ?? 0) * (1 - weight) + Math.max(now, 0) * weight;
      this.#bytes = bytesDone;
      this.#elapsed = elapsed;
    }
    return this.#rate ?? 0;
  }
}

/** The lines of the display on a terminal of this width: the whole, then some current transfers. */
export function progressLines(progress: Progress, rate: number, width: number): readonly string[] {
  const head = headLine(share(progress), overall(progress, rate), width);
  const active = progress.active.slice(0, SHOWN).map((transfer) => {
    const percent = transfer.size === 0 ? 100 : Math.floor((transfer.done / transfer.size) * 100);
    return `  ${`${Math.min(percent, 100)}%`.padStart(4)} ${formatSize(transfer.size).padStart(8)}  ${printable(transfer.path)}`;
  });
  const more = progress.active.length - active.length;
  if (more > 0) active.push(`       and ${more} more`);
  return [head, ...active].map((line) => fit(line, width));
}

/** The same in one line, for logs. */
export function progressText(progress: Progress, rate: number): string {
  return overall(progress, rate);
}

function overall(progress: Progress, rate: number): string {
  const { bytesDone, bytesTotal, bytesResumed, bytesMatched } = progress;
  const { filesDone, filesTotal, listed, failed } = progress;
  const open = listed ? "" : "+";
  const left = Math.max(bytesTotal - bytesDone, 0);
  const eta = listed && rate > 0 ? `eta ${formatDuration((left / rate) * 1000)}` : "listing";
  const parts = [
    `${formatSize(bytesDone)} of ${formatSize(bytesTotal)}${open}`,
    bytesResumed === 0 ? undefined : `${formatSize(bytesResumed)} of it from earlier runs`,
    bytesMatched === 0 ? undefined : `${formatSize(bytesMatched)} of it was there`,
    `${formatSize(Math.round(rate))}/s`,
    listed && rate === 0 ? undefined : eta,
    `${filesDone} of ${filesTotal}${open} files`,
    failed === 0 ? undefined : `${failed} failed`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function share(progress: Progress): number {
  const { bytesDone, bytesTotal, filesDone, filesTotal } = progress;
  const whole = bytesTotal > 0 ? bytesDone / bytesTotal : filesDone / filesTotal;
  return Number.isFinite(whole) ? Math.min(Math.max(whole, 0), 1) : 0;
}

/** The numbers come first: how many failed must not be cut off for the sake of the bar. */
function headLine(part: number, numbers: string, width: number): string {
  const percent = `${Math.floor(part * 100)}%`.padStart(4);
  const room = width - `[] ${percent} ${numbers}`.length - 1;
  const columns = Math.min(BAR, room - (room % BAR_STEP));
  return `${columns > 0 ? `${bar(part, columns)} ` : ""}${percent} ${numbers}`;
}

function bar(part: number, columns: number): string {
  const full = Math.floor(part * columns);
  return `[${`${"=".repeat(full)}>`.slice(0, columns).padEnd(columns)}]`;
}

/** Cuts a line so that it never wraps: a wrapped line could not be cleared again. */
function fit(line: string, width: number): string {
  let used = 0;
  let kept = "";
  for (const character of line) {
    // Too much for some scripts, never too little: everything from Hangul on may take two columns.
    used += (character.codePointAt(0) as number) >= 0x1100 ? 2 : 1;
    if (used >= width) return kept;
    kept += character;
  }
  return kept;
}
