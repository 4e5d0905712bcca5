/**
 * Fewer calls at once to a store that says it is busy, as TCP does it (additive increase, multiplicative
 * decrease): a refusal halves the number, and calls that go well add one now and then. Without it all
 * workers go on as before, each waits and comes back, and most of what they send is refused again.
 *
 * One halving has to show its effect before the next: what was sent before it is refused in the same
 * breath and would halve the number to nothing.
 */
import type { Driver } from "../driver.ts";
import { StorageError, isStorageError } from "../errors.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { intercept } from "./intercept.ts";

/** Milliseconds after which a halving has shown its effect, if the calls begun before it have not ended sooner. */
const EFFECT = 200;
/** Rounds of calls that go well before there is one more at once: one too many costs a round of refusals. */
const ROUNDS = 4;

/** The state of one store's limit. Give it to the layers of all drivers that speak to the store; close it at the end. */
export class AdaptiveLimit {
  readonly #clock: Clock;
  /** Calls at once; a fraction is progress towards the next whole one. */
  #most: number = Infinity;
  #running = 0;
  #halvedAt: number = -Infinity;
  /** Calls begun before the last halving that have not ended. */
  #before = 0;
  readonly #waiting: Set<() => void> = new Set();
  readonly #sources: (() => void)[] = [];
  /** Answers by which the store asked for fewer requests. */
  refusals = 0;
  /** The fewest calls at once that were allowed so far. */
  lowest: number = Infinity;
  /** Milliseconds that calls have waited, together. */
  waited = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Calls allowed at once now; `Infinity` until the store has refused one. */
  get most(): number {
    return Math.floor(this.#most);
  }

  /** Counts what a driver tells (`onThrottled`) until `close`. */
  listen(driver: Driver): boolean {
    const stop = driver.onThrottled?.(() => this.refused());
    if (stop !== undefined) this.#sources.push(stop);
    return stop !== undefined;
  }

  /** Stops listening. */
  close(): void {
    for (const stop of this.#sources.splice(0)) stop();
  }

  /** The store refused a call for being one too many. */
  refused(): void {
    this.refusals++;
    const now = this.#clock.now();
    if (this.#before > 0 && now - this.#halvedAt < EFFECT) return;
    this.#halvedAt = now;
    this.#before = this.#running;
    this.#most = Math.max(1, Math.floor(Math.min(this.#most, this.#running) / 2));
    this.lowest = Math.min(this.lowest, this.#most);
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    // Who waits goes first: a place is handed over when one gets free.
    if (this.#running >= this.most) await this.#wait(signal);
    else this.#running++;
    let well = false;
    try {
      const result = await work();
      well = true;
      return result;
    } finally {
      this.#ended(well);
    }
  }

  /** Grows only while the limit is what holds calls back: what nobody has tried says nothing. */
  #ended(well: boolean): void {
    if (this.#before > 0) this.#before--;
    else if (well && this.#waiting.size > 0) this.#most += 1 / (ROUNDS * this.#most);
    this.#running--;
    for (const enter of this.#waiting) {
      if (this.#running >= this.most) break;
      this.#waiting.delete(enter);
      this.#running++;
      enter();
    }
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const since = this.#clock.now();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(new StorageError("aborted", { cause: signal?.reason }));
      };
      const enter = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(enter);
    });
    this.waited += this.#clock.now() - since;
  }
}

/**
 * `driver` with as many calls at once as its store bears. Costs nothing until a store refuses a call as
 * `throttled`; also refusals after which the driver tries again by itself count (`onThrottled`). A read
 * has its place until the store has answered, not while its body comes.
 */
export function adaptiveLimit(driver: Driver, limit: AdaptiveLimit): Driver {
  const tells = limit.listen(driver);
  const run = <T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    limit.run(async () => {
      try {
        return await work();
      } catch (error) {
        if (!tells && isStorageError(error, "throttled")) limit.refused();
        throw error;
      }
    }, signal);
  return intercept(driver, {
    rewrap: (view) => adaptiveLimit(view, limit),
    around: (call, work) => run(work, call.options?.signal),
    page: (call, work) => run(work, call.options?.signal),
  });
}
