/**
 * How often and after how long a failed call is made again. Only a `StorageError` whose retry class
 * allows it is retried; whether the call may be repeated at all is the caller's knowledge.
 *
 * Without jitter all clients that a busy store has turned away come back at the same instant, and
 * are turned away again. Formulas and measurements behind "full" (least work, default) and "equal" (never
 * comes back at once): https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
import { StorageError, printable, throwIfAborted } from "../errors.ts";
import { systemClock } from "./clock.ts";

export interface RetryPolicy {
  /** Attempts, the first included. Default 5. */
  readonly maxAttempts: number;
  /** Ceiling of the first wait, and of every wait of the class `now`, milliseconds. Default 100. */
  readonly baseDelay: number;
  /** No wait is longer, also when the store asks for more, milliseconds. Default 30,000. */
  readonly maxDelay: number;
  /** What the ceiling grows by with each attempt of the class `later`. Default 2. */
  readonly multiplier: number;
  /** `full`: anything from 0 to the ceiling. `equal`: its upper half. Default `full`. */
  readonly jitter: "full" | "equal";
  /** From 0 up to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Waits; must reject when the signal fires. Default: a timer. */
  readonly sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Told before each wait. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
}

export interface RetryEvent {
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Milliseconds until the next one. */
  readonly delay: number;
  readonly error: StorageError;
}

export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 5,
  baseDelay: 100,
  maxDelay: 30_000,
  multiplier: 2,
  jitter: "full",
};

/**
 * `options` over the defaults; what is undefined is the default.
 * @throws StorageError `invalid-argument` for less than one attempt, and for a number that is none or below 0.
 */
export function retryPolicy(
  options: Partial<RetryPolicy>,
  defaults: RetryPolicy = DEFAULT_RETRY,
): RetryPolicy {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const policy: RetryPolicy = { ...defaults, ...Object.fromEntries(given) };
  const { maxAttempts, baseDelay, maxDelay, multiplier } = policy;
  // With NaN there would be no last attempt.
  if (maxAttempts >= 1 && [baseDelay, maxDelay, multiplier].every((each) => each >= 0))
    return policy;
  throw new StorageError("invalid-argument", {
    message: `${maxAttempts} attempts, waits from ${baseDelay} to ${maxDelay} ms by ${multiplier}; it takes one attempt or more, and numbers from 0`,
  });
}

/**
 * Calls `attempt` (with 1, 2, …) until it succeeds, fails for good, or was called `maxAttempts` times.
 * @throws StorageError the last one, its message with the number of attempts if there were several;
 *   `aborted` at once when the signal fires during a wait. Any other error is thrown as it is.
 */
export async function withRetry<T>(
  policy: RetryPolicy,
  attempt: (n: number) => Promise<T>,
  signal?: AbortSignal | undefined,
): Promise<T> {
  const patience = new Patience(policy, signal);
  for (let n = 1; ; n++) {
    throwIfAborted(signal);
    try {
      return await attempt(n);
    } catch (error) {
      await patience.wait(error);
    }
  }
}

/**
 * The wait after attempt `n` (from 1) has failed, for callers that loop by themselves.
 * @throws StorageError `aborted` at once when the signal fires.
 */
export async function waitToRetry(
  policy: RetryPolicy,
  n: number,
  error: StorageError,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const delay = retryDelay(policy, n, error, policy.random ?? Math.random);
  policy.onRetry?.({ attempt: n, delay, error });
  throwIfAborted(signal, error.path);
  await (policy.sleep ?? systemClock.sleep)(delay, signal);
}

/** The failures of something that advances between them: each advance gives all attempts back. */
export class Patience {
  readonly #policy: RetryPolicy;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;

  constructor(policy: RetryPolicy, signal: AbortSignal | undefined) {
    this.#policy = policy;
    this.#signal = signal;
  }

  renew(): void {
    this.#failures = 0;
  }

  /** Waits for the next attempt; throws `error` if there is none. */
  async wait(error: unknown): Promise<void> {
    if (!(error instanceof StorageError)) throw error;
    this.#failures++;
    if (error.retry === "never" || this.#failures >= this.#policy.maxAttempts) {
      throw withAttempts(error, this.#failures);
    }
    await waitToRetry(this.#policy, this.#failures, error, this.#signal);
  }
}

/** Milliseconds to wait after attempt `n` has failed with `error`: what the store asked for, plus the jittered backoff. */
export function retryDelay(
  policy: RetryPolicy,
  n: number,
  error: StorageError,
  random: () => number,
): number {
  const growth = error.retry === "later" ? policy.multiplier ** (n - 1) : 1;
  const ceiling = Math.min(policy.maxDelay, policy.baseDelay * growth);
  const backoff = policy.jitter === "full" ? ceiling * random() : (ceiling / 2) * (1 + random());
  return Math.min(policy.maxDelay, (error.retryAfter ?? 0) + backoff);
}

/** A copy, because one error object may be thrown to several callers. */
function withAttempts(error: StorageError, attempts: number): StorageError {
  if (attempts === 1) return error;
  const { code, path, operation, retry, retryAfter } = error;
  const prefix = path ? `${printable(path)}: ` : "";
  const message = `${error.message.slice(prefix.length)} (after ${attempts} attempts)`;
  return new StorageError(code, { message, path, operation, retry, retryAfter, cause: error });
}
