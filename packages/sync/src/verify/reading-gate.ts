import type { Driver } from "@omnisync/storage";
import { JobGate } from "../run/gate.ts";

/**
 * A bound for files that are read at once: `jobs`, or what the store likes. Places are given again by
 * halves, so that many begin in one turn and go to a thread in one message.
 */
export function readingGate(driver: Driver, jobs: number | undefined): JobGate {
  const limit = jobs ?? driver.capabilities.concurrency;
  return JobGate.inBursts(limit);
}
