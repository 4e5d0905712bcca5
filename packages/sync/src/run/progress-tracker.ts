/** Counts for progress bars; written by transfers, read by whoever draws. */
import type { ActiveTransfer, Progress } from "../report.ts";

export class ProgressTracker {
  readonly #started: number = performance.now();
  readonly #active: Set<TransferProgress> = new Set();
  listed = false;
  filesTotal = 0;
  filesDone = 0;
  bytesTotal = 0;
  bytesDone = 0;
  bytesResumed = 0;
  bytesMatched = 0;
  checked = 0;
  failed = 0;

  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** A file is going to be transferred. */
  expect(size: number): void {
    this.filesTotal++;
    this.bytesTotal += size;
  }

  /** A transfer begins; tell it of bytes, and that it ended. */
  start(path: string, size: number): TransferProgress {
    const transfer = new TransferProgress(this, path, size);
    this.#active.add(transfer);
    return transfer;
  }

  /** @internal */
  ended(transfer: TransferProgress): void {
    this.#active.delete(transfer);
  }

  snapshot(): Progress {
    const { listed, filesTotal, filesDone, bytesTotal, bytesDone, bytesResumed } = this;
    const { bytesMatched, checked, failed, elapsed } = this;
    const active: ActiveTransfer[] = [...this.#active].map(({ path, size, done }) => ({
      path,
      size,
      done,
    }));
    return {
      listed,
      filesTotal,
      filesDone,
      bytesTotal,
      bytesDone,
      bytesResumed,
      bytesMatched,
      checked,
      failed,
      elapsed,
      active,
    };
  }
}

export class TransferProgress {
  readonly #tracker: ProgressTracker;
  readonly path: string;
  readonly size: number;
  done = 0;
  /** Of these, what an earlier run had done. */
  resumed = 0;
  /** Of these, what the other side had. */
  matched = 0;

  constructor(tracker: ProgressTracker, path: string, size: number) {
    this.#tracker = tracker;
    this.path = path;
    this.size = size;
  }

  add(bytes: number): void {
    this.done += bytes;
    this.#tracker.bytesDone += bytes;
  }

  /** These bytes were brought over by an earlier run. */
  resume(bytes: number): void {
    this.resumed += bytes;
    this.#tracker.bytesResumed += bytes;
    this.add(bytes);
  }

  /** These bytes were taken from the copy that was there. */
  match(bytes: number): void {
    this.keep(bytes);
    this.add(bytes);
  }

  /** The same of bytes that count as done already. */
  keep(bytes: number): void {
    this.matched += bytes;
    this.#tracker.bytesMatched += bytes;
  }

  /** The attempt failed: what it had sent counts no more. */
  reset(): void {
    this.#tracker.bytesDone -= this.done;
    this.#tracker.bytesResumed -= this.resumed;
    this.#tracker.bytesMatched -= this.matched;
    this.done = 0;
    this.resumed = 0;
    this.matched = 0;
  }

  end(): void {
    this.#tracker.ended(this);
  }
}
