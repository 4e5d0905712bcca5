/** What a run of the engine can be told. Every field has a default; `{}` is a plain `copy`-like sync. */
import type { Driver } from "@omnisync/storage";
import type { AttributeCache } from "./attributes/attribute-cache.ts";
import type { SyncEvent } from "./events.ts";
import type { Filter } from "./filter/filter.ts";

/** One end of a run. */
export interface Place {
  readonly driver: Driver;
  /**
   * Where in the store: "" or a directory means everything below it; a file means that file alone,
   * and the destination's path is then the file's new path.
   */
  readonly path: string;
}

export interface CompareOptions {
  /** Compare content by hash instead of size and mtime. Default false. */
  readonly checksum?: boolean | undefined;
  /** Files of equal size are equal. Default false. */
  readonly sizeOnly?: boolean | undefined;
  /** Leave files alone whose destination is newer than the source. Default false. */
  readonly update?: boolean | undefined;
  /** Never create, only replace. Default false. */
  readonly existing?: boolean | undefined;
  /** Never replace, only create. Default false. */
  readonly ignoreExisting?: boolean | undefined;
  /** Mtimes that differ by no more are equal, milliseconds. Default: the coarser store's precision. */
  readonly modifyWindow?: number | undefined;
  /** Keep and compare permission bits where both stores have them. Default true. */
  readonly preserveMode?: boolean | undefined;
}

export interface SyncOptions extends CompareOptions {
  /** Remove from the destination what the source does not have. Default false. */
  readonly delete?: boolean | undefined;
  /** A run that would remove more entries removes nothing and ends with `too-many-deletes`. */
  readonly maxDelete?: number | undefined;
  /** Remove everything when the source holds nothing at all. Default false: such a run removes nothing. */
  readonly allowEmptySource?: boolean | undefined;
  /** Remove each source file after its copy was verified. Default false. */
  readonly move?: boolean | undefined;
  /** Decide and report, change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly filter?: Filter | undefined;
  /** Links: kept as links, or left out (and counted). Default `keep`. */
  readonly links?: "keep" | "skip" | undefined;
  /** Empty directories become `name/` objects on stores without directories. Default true. */
  readonly dirMarkers?: boolean | undefined;
  /** Transfers at once. Default: what both stores like, at most 64. */
  readonly jobs?: number | undefined;
  /** Bytes per second over all transfers. Default: no limit. */
  readonly bandwidth?: number | undefined;
  /** Wait for stable storage after each file. Default false; always so when sources are removed. */
  readonly durable?: boolean | undefined;
  /** Attempts per file when its source changes while it is read or its destination under our hands. Default 3. */
  readonly attempts?: number | undefined;
  /** Remembers attributes of objects, so that none is asked for twice. Default: none is kept. */
  readonly attributeCache?: AttributeCache | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each path, in the order in which things end. Must not throw. */
  readonly onEvent?: ((event: SyncEvent) => void) | undefined;
}
