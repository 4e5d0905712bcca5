/** What every step of a run shares. */
import type { Attributes, Entry, Pacer } from "@omnisync/storage";
import type { AttributeCache } from "../attributes/attribute-cache.ts";
import type { Deltas } from "../delta/deltas.ts";
import type { SeenSignatures } from "../delta/seen-signatures.ts";
import type { SyncEvent } from "../events.ts";
import type { Place, SyncOptions } from "../options.ts";
import type { ResolvedRules } from "../plan/resolve-rules.ts";
import type { RunLimits } from "../limits/run-limits.ts";
import type { Budget } from "./gate.ts";
import type { DelayedUpdates } from "./delayed-updates.ts";
import type { EqualFiles } from "./equal-files.ts";
import type { OldContent } from "./old-content.ts";
import type { ProgressTracker } from "./progress-tracker.ts";
import type { LinkedSource } from "./remove-source.ts";
import type { SpareBuffers } from "./spare-buffers.ts";
import type { Spellings } from "./spellings.ts";
import type { Spool } from "./spool.ts";

/** Told of what is no event. */
export interface RunObserver {
  /** A directory gets its attributes; `isNews`: it differed by itself, and an event tells of it too. */
  readonly onDirectory?:
    | ((path: string, attributes: Attributes, isNews: boolean) => void)
    | undefined;
}

export interface RunContext {
  readonly source: Place;
  readonly destination: Place;
  readonly options: SyncOptions;
  readonly rules: ResolvedRules;
  readonly signal: AbortSignal;
  /** Transfers at once. */
  readonly jobs: number;
  /** Paths looked at at once, besides them. */
  readonly checkers: number;
  /** Places for them. A job takes one before it takes memory, never the other way round. */
  readonly lanes: Budget;
  /** Bytes for buffers. */
  readonly memory: Budget;
  /** Buffers that are done with, for the next part of any upload: new memory for each would pile up. */
  readonly spare: SpareBuffers;
  readonly limits: RunLimits;
  /** Bandwidth of the run. Whoever waits for it counts that in `limits.timings`. */
  readonly throttle: Pacer | undefined;
  readonly progress: ProgressTracker;
  /** Attributes that a single transfer need not ask for again; closed over by the run. */
  readonly cache: CacheUse | undefined;
  /** How large files are sent as what differs; without it, never. */
  readonly deltas: Deltas | undefined;
  /** Of what lies at the destination, as far as it was listed. */
  readonly seenSignatures: SeenSignatures;
  /** Keeps what is replaced or removed; without it, it is gone. */
  readonly old: OldContent | undefined;
  /** Equal files of what the destination lacks; without it nobody looks for them. */
  readonly equals: EqualFiles | undefined;
  /** Where content waits for the end of the run; without it, it gets its place at once. */
  readonly delayed: DelayedUpdates | undefined;
  /** Whether what turns up at the destination is what was looked for. */
  readonly spellings: Spellings;
  /** Ids of hard links whose file did not get to the destination under the name that was to lead. */
  readonly notLed: ReadonlySet<string>;
  /** What a move removes at its end; without it, each source goes at once. */
  readonly linkedSources: Spool<LinkedSource> | undefined;
  readonly emit: (event: SyncEvent) => void;
  readonly observer: RunObserver;
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
