/** Time as the code that waits and measures sees it, so that a test can bring its own. */
import { setTimeout as timeout } from "node:timers/promises";
import { throwIfAborted } from "../errors.ts";

export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** @throws StorageError `aborted` at once when the signal fires. */
  sleep(ms: number, signal?: AbortSignal | undefined): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await timeout(ms, undefined, { signal });
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    }
  },
};
