/** What every step of a run shares. */
import type { Entry } from "@omnisync/storage";
import type { Throttle } from "@omnisync/storage/layers";
import type { AttributeCache } from "../attributes/attribute-cache.ts";
import type { SyncEvent } from "../events.ts";
import type { Place, SyncOptions } from "../options.ts";
import type { PlanRules } from "../plan/plan-pair.ts";
import type { Budget } from "./gate.ts";
import type { ProgressTracker } from "./progress-tracker.ts";

export interface RunContext {
  readonly source: Place;
  readonly destination: Place;
  readonly options: SyncOptions;
  readonly rules: PlanRules;
  readonly signal: AbortSignal;
  /** Transfers at once. */
  readonly jobs: number;
  /** Places for them. A job takes one before it takes memory, never the other way round. */
  readonly lanes: Budget;
  /** Bytes for buffers. */
  readonly memory: Budget;
  readonly throttle: Throttle | undefined;
  readonly progress: ProgressTracker;
  /** Attributes that a single transfer need not ask for again; closed over by the run. */
  readonly cache: CacheUse | undefined;
  readonly emit: (event: SyncEvent) => void;
}

/** The attribute cache as a run uses it: its failure ends its use, never the run. */
export class CacheUse {
  #cache: AttributeCache | undefined;

  constructor(cache: AttributeCache) {
    this.#cache = cache;
  }

  complete(place: Place, entries: readonly Entry[]): readonly Entry[] {
    const prefix = place.path === "" ? "" : `${place.path}/`;
    return this.#try((cache) => cache.complete(place.driver.id, entries, prefix)) ?? entries;
  }

  /** Remembers an entry as its driver gave it: with the path in the store. */
  remember(place: Place, entry: Entry): void {
    if (place.driver.capabilities.completeList) return;
    this.#try((cache) => cache.remember(place.driver.id, entry));
  }

  flush(): void {
    this.#try((cache) => cache.flush());
  }

  #try<T>(use: (cache: AttributeCache) => T): T | undefined {
    if (this.#cache === undefined) return undefined;
    try {
      return use(this.#cache);
    } catch {
      // Disk full, file deleted, database locked for too long: from here on each attribute is asked for.
      this.#cache = undefined;
      return undefined;
    }
  }
}
