/** Too many open files: others will close theirs, so wait a little rather than call a file missing. */
import { errorName } from "./file-errors.ts";

const PAUSE = 20;
const ATTEMPTS = 150;

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Calls `open` until it does not fail for want of descriptors, for three seconds at most. Blocks the
 * thread, which is a worker's: nothing it could do meanwhile would get descriptors either.
 */
export function whenDescriptorsAllow<T>(open: () => T, release?: () => void): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return open();
    } catch (error) {
      if (!isShortage(error) || attempt === ATTEMPTS) throw error;
    }
    release?.();
    Atomics.wait(clock, 0, 0, PAUSE);
  }
}

function isShortage(error: unknown): boolean {
  const name = errorName(error) ?? (error instanceof Error ? errorName(error.cause) : undefined);
  return name === "EMFILE" || name === "ENFILE";
}
