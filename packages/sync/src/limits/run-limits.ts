/** The limits of one run, set up from its options and taken down at its end. */
import type { Driver, Pacer } from "@omnisync/storage";
import {
  AdaptiveLimit,
  type Clock,
  Throttle,
  adaptiveLimit,
  requestRate,
  systemClock,
} from "@omnisync/storage/layers";
import type { LimitOptions, RequestLimits } from "../options/limit-options.ts";
import { followSchedule } from "./follow-schedule.ts";
import { type EndReason, RunEnd } from "./run-end.ts";
import { TimeBreakdown, type Timings } from "./time-breakdown.ts";

export interface LimitsReport {
  /** Why the run ended before everything was done. Extras are not removed then. */
  readonly ended?: EndReason | undefined;
  readonly timings: Timings;
  /** Stores that asked for fewer requests. */
  readonly refusals: {
    readonly source?: StoreRefusals | undefined;
    readonly destination?: StoreRefusals | undefined;
  };
}

export interface StoreRefusals {
  /** How often a request was refused for being one too many; most of them went well when sent again. */
  readonly count: number;
  /** To how many requests at once that has led, at the worst. */
  readonly fewestAtOnce: number;
}

export class RunLimits {
  readonly throttle: Pacer | undefined;
  readonly end: RunEnd;
  readonly timings: TimeBreakdown = new TimeBreakdown();
  readonly #stop: (() => void) | undefined;
  readonly #adaptive: { source?: AdaptiveLimit; destination?: AdaptiveLimit } = {};

  constructor(options: LimitOptions) {
    const { bandwidth } = options;
    this.end = new RunEnd(options);
    if (bandwidth === undefined) return;
    const throttle = new Throttle(typeof bandwidth === "number" ? bandwidth : Infinity);
    this.throttle = throttle;
    if (typeof bandwidth !== "number") this.#stop = followSchedule(throttle, bandwidth);
  }

  /** The driver of one side, with the limits of its store around it. */
  around(side: "source" | "destination", driver: Driver, limits: RequestLimits = {}): Driver {
    const { perSecond, burst, adaptive } = limits;
    let limited = driver;
    if (adaptive) limited = adaptiveLimit(driver, (this.#adaptive[side] = new AdaptiveLimit()));
    if (perSecond === undefined) return limited;
    return requestRate(limited, { perSecond, burst }, this.#countingClock());
  }

  close(): void {
    this.#stop?.();
    this.#adaptive.source?.close();
    this.#adaptive.destination?.close();
  }

  report(): LimitsReport {
    const { source, destination } = this.#adaptive;
    const { reason } = this.end;
    this.timings.requests += (source?.waited ?? 0) + (destination?.waited ?? 0);
    return {
      ...(reason === undefined ? {} : { ended: reason }),
      timings: this.timings.snapshot(),
      refusals: {
        ...(source?.refusals ? { source: refusalsOf(source) } : {}),
        ...(destination?.refusals ? { destination: refusalsOf(destination) } : {}),
      },
    };
  }

  #countingClock(): Clock {
    return {
      now: systemClock.now,
      sleep: async (ms, signal) => {
        this.timings.requests += ms;
        await systemClock.sleep(ms, signal);
      },
    };
  }
}

function refusalsOf({ refusals, lowest }: AdaptiveLimit): StoreRefusals {
  return { count: refusals, fewestAtOnce: lowest };
}
