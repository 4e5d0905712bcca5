/**
 * Calls per second, as tokens: one comes every `1/perSecond` s, at most `burst` lie ready. Tokens are
 * counted by the time at which the next one comes, so that nothing has to run while nobody calls.
 */
import type { Driver } from "../driver.ts";
import { StorageError, throwIfAborted } from "../errors.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { intercept } from "./intercept.ts";

export interface RequestRate {
  /** Calls per second, above 0; less than 1 is one in several seconds. */
  readonly perSecond: number;
  /** Calls that may come at once after a pause, from 1. Default 1. */
  readonly burst?: number | undefined;
}

/**
 * At most so many calls to `driver` per second; the others wait in order of arrival. A listing counts each
 * page, an upload each part. What a driver sends again by itself after a failure is not counted.
 * @throws StorageError `invalid-argument` for a rate that is not above 0, or a burst below 1.
 */
export function requestRate(driver: Driver, rate: RequestRate, clock: Clock = systemClock): Driver {
  return inTurn(driver, new Turns(rate, clock));
}

function inTurn(driver: Driver, turns: Turns): Driver {
  return intercept(driver, {
    rewrap: (view) => inTurn(view, turns),
    async around(call, run) {
      await turns.next(call.options?.signal);
      return run();
    },
    async page(call, run) {
      await turns.next(call.options?.signal);
      return run();
    },
  });
}

class Turns {
  readonly #clock: Clock;
  /** Milliseconds between two tokens. */
  readonly #step: number;
  readonly #burst: number;
  /** When the next token comes that nobody has. */
  #free: number;

  constructor({ perSecond, burst = 1 }: RequestRate, clock: Clock) {
    if (!(perSecond > 0) || !(burst >= 1)) {
      throw new StorageError("invalid-argument", {
        message: `${perSecond} requests per second, ${burst} at once; it takes more than 0, and from 1`,
      });
    }
    this.#clock = clock;
    this.#step = 1000 / perSecond;
    this.#burst = Math.floor(burst);
    this.#free = -Infinity;
  }

  /** Takes a token at once, and waits for it: who came first has the earlier one. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    const now = this.#clock.now();
    this.#free = Math.max(this.#free, now - (this.#burst - 1) * this.#step);
    const turn = this.#free;
    this.#free += this.#step;
    if (turn > now) await this.#clock.sleep(Math.ceil(turn - now), signal);
  }
}
