/** Too many open files: others will close theirs, so wait a little rather than call a file missing. */
import { errorName } from "./file-errors.ts";

/** Milliseconds. */
export const PAUSE = 20;
export const PATIENCE = 3000;

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Calls `open` until it does not fail for want of descriptors, for three seconds at most. Blocks the
 * thread, which is a worker's: nothing it could do meanwhile would get descriptors either.
 */
export function whenDescriptorsAllow<T>(open: () => T, release?: () => void): T {
  const until = Date.now() + PATIENCE;
  for (;;) {
    try {
      return open();
    } catch (error) {
      if (!isShortage(error) || Date.now() >= until) throw error;
    }
    release?.();
    Atomics.wait(clock, 0, 0, PAUSE);
  }
}

function isShortage(error: unknown): boolean {
  const name = errorName(error) ?? (error instanceof Error ? errorName(error.cause) : undefined);
  return name === "EMFILE" || name === "ENFILE";
}
