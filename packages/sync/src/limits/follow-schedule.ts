import type { Throttle } from "@omnisync/storage/layers";
import { type BandwidthSchedule, rateAt } from "./bandwidth-schedule.ts";

/** Milliseconds between two looks at the clock. It may be set, or sleep, meanwhile: no long wait is right. */
const LOOK = 1000;

/** Keeps a throttle at the rate of its schedule, from now until the function that it gives is called. */
export function followSchedule(
  throttle: Throttle,
  schedule: BandwidthSchedule,
  now: () => Date = () => new Date(),
): () => void {
  let current: number | undefined;
  const look = (): void => {
    const rate = rateAt(schedule, now());
    if (rate !== current) throttle.setRate(rate);
    current = rate;
  };
  look();
  const timer = setInterval(look, LOOK);
  timer.unref();
  return () => clearInterval(timer);
}
