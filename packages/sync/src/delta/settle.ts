/** A file whose name for its content is made of times gets another one only once the clock has moved on. */
import type { Driver, Entry } from "@omnisync/storage";
import { setTimeout as sleep } from "node:timers/promises";
import { isDisk } from "./is-disk.ts";

/** No file system that tells when a file changed is coarser. Milliseconds. */
const COARSEST_CLOCK = 2000;

/**
 * Waits until another change of the file, which was just looked at, would show: two within one tick of the file system's
 * clock do not. Nothing where the name of a content is the store's.
 */
export async function settle(
  driver: Driver,
  { storedAt }: Entry,
  signal: AbortSignal,
): Promise<void> {
  if (!isDisk(driver) || storedAt === undefined) return;
  // Of a time to come, by a clock that is ahead of ours, nobody knows how long ago it was.
  if (storedAt > Date.now() - COARSEST_CLOCK) await sleep(COARSEST_CLOCK, undefined, { signal });
}
