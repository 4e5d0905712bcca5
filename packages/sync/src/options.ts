/** What a run of the engine can be told. Every field has a default; `{}` is a plain `copy`-like sync. */
import type { Driver } from "@omnisync/storage";
import type { AttributeCache } from "./attributes/attribute-cache.ts";
import type { SyncEvent } from "./events.ts";
import type { CompareOptions } from "./options/compare-options.ts";
import type { DeleteOptions } from "./options/delete-options.ts";
import type { LimitOptions } from "./options/limit-options.ts";
import type { WalkOptions } from "./options/walk-options.ts";
import type { WriteModeOptions } from "./options/write-options.ts";

/** One end of a run. */
export interface Place {
  readonly driver: Driver;
  /**
   * Where in the store: "" or a directory means everything below it; a file means that file alone,
   * and the destination's path is then the file's new path.
   */
  readonly path: string;
}

export interface SyncOptions
  extends CompareOptions, WalkOptions, DeleteOptions, WriteModeOptions, LimitOptions {
  /** Decide and report, change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Remembers attributes of objects, so that none is asked for twice. Default: none is kept. */
  readonly attributeCache?: AttributeCache | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each path, in the order in which things end. Must not throw. */
  readonly onEvent?: ((event: SyncEvent) => void) | undefined;
}
