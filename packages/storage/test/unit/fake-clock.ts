import type { Clock } from "../../src/lib/clock.ts";
import { throwIfAborted } from "../../src/errors.ts";

/** A clock that jumps to the next waiter as soon as the program has nothing else to do. */
export class FakeClock implements Clock {
  /** The lengths of all sleeps, as asked for. */
  readonly slept: number[] = [];
  #now = 0;
  readonly #oversleep: number;
  readonly #waiting: Set<{ readonly at: number; readonly wake: () => void }> = new Set();

  /** Every sleep takes this many milliseconds more than asked for, as real timers do. */
  constructor(oversleep = 0) {
    this.#oversleep = oversleep;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal | undefined): Promise<void> {
    this.slept.push(ms);
    return new Promise((resolve, reject) => {
      const waiter = { at: this.#now + ms + this.#oversleep, wake: resolve };
      this.#waiting.add(waiter);
      const abort = (): void => {
        this.#waiting.delete(waiter);
        try {
          throwIfAborted(signal);
        } catch (error) {
          reject(error);
        }
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      setImmediate(() => this.#jump());
    });
  }

  #jump(): void {
    let first: { readonly at: number; readonly wake: () => void } | undefined;
    for (const waiter of this.#waiting)
      if (first === undefined || waiter.at < first.at) first = waiter;
    if (first === undefined) return;
    this.#waiting.delete(first);
    this.#now = Math.max(this.#now, first.at);
    first.wake();
  }
}
