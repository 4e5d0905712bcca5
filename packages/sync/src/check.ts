/** Compares two places path by path, with the same listing, pairing and comparison as `sync`, and changes nothing. */
import { type Entry, StorageError, joinPath, toStorageError } from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import type { AttributeCache } from "./attributes/attribute-cache.ts";
import type { Reason } from "./events.ts";
import type { Filter } from "./filter/filter.ts";
import { EntryCursor } from "./merge/entry-cursor.ts";
import { type Pair, mergeJoin } from "./merge/merge-join.ts";
import type { CompareOptions } from "./options/compare-options.ts";
import type { Place } from "./options.ts";
import { type CompareRules, type Comparison, compareFiles } from "./plan/compare.ts";
import { resolveCompareRules } from "./plan/resolve-rules.ts";
import { FAILURES_KEPT, type Failure } from "./report.ts";
import { CacheUse } from "./run/context.ts";
import { JobGate } from "./run/gate.ts";
import { resolveQuestion } from "./run/resolve-question.ts";
import { listPlace } from "./walk/list-place.ts";

export interface CheckOptions extends Pick<
  CompareOptions,
  "checksum" | "sizeOnly" | "modifyWindow" | "preserveMode"
> {
  readonly filter?: Filter | undefined;
  /** Default `keep`: links are compared by their targets. */
  readonly links?: "keep" | "skip" | undefined;
  /** Do not count what only the destination has. Default false. */
  readonly oneWay?: boolean | undefined;
  readonly jobs?: number | undefined;
  readonly attributeCache?: AttributeCache | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: CheckEvent) => void) | undefined;
}

export interface CheckEvent {
  readonly kind: "match" | "differ" | "source-only" | "destination-only" | "error";
  readonly path: string;
  readonly reason?: Reason | undefined;
  readonly source?: Entry | undefined;
  readonly destination?: Entry | undefined;
  readonly error?: StorageError | undefined;
}

export interface CheckReport {
  readonly match: number;
  readonly differ: number;
  readonly sourceOnly: number;
  readonly destinationOnly: number;
  readonly errors: number;
  readonly failures: readonly Failure[];
  /** True only if everything could be compared and nothing differs. */
  readonly inSync: boolean;
  /** Milliseconds. */
  readonly duration: number;
}

/**
 * Compares two places and changes nothing. A file that could not be compared is never "in sync".
 * Directories by themselves are not compared: stores of plain keys have none.
 * @throws StorageError `not-found` if either place does not exist; `aborted`; what ends a listing.
 */
export async function check(
  source: Place,
  destination: Place,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const run = new CheckRun(source, destination, options);
  return run.report();
}

class CheckRun {
  readonly source: Place;
  readonly destination: Place;
  readonly signal: AbortSignal;
  readonly cache: CacheUse | undefined;
  readonly #options: CheckOptions;
  readonly #rules: CompareRules;
  readonly #failures: Failure[] = [];
  readonly #counts: Record<CheckEvent["kind"], number> = {
    match: 0,
    differ: 0,
    "source-only": 0,
    "destination-only": 0,
    error: 0,
  };

  constructor(source: Place, destination: Place, options: CheckOptions) {
    this.source = source;
    this.destination = destination;
    this.signal = options.signal ?? new AbortController().signal;
    setMaxListeners(0, this.signal);
    this.cache =
      options.attributeCache === undefined ? undefined : new CacheUse(options.attributeCache);
    this.#options = options;
    this.#rules = resolveCompareRules(
      options,
      source.driver.capabilities,
      destination.driver.capabilities,
    );
  }

  async report(): Promise<CheckReport> {
    const started = performance.now();
    const cursors = [await this.#open(this.source), await this.#open(this.destination)] as const;
    const gate = new JobGate(
      this.#options.jobs ??
        Math.min(
          this.source.driver.capabilities.concurrency,
          this.destination.driver.capabilities.concurrency,
        ),
    );
    try {
      await mergeJoin(...cursors, { fileAndDirectory: true, twinsAtSource: false }, (pair) =>
        this.#handle(pair, gate),
      );
    } finally {
      await gate.drain();
      await Promise.allSettled(cursors.map((cursor) => cursor.close()));
      this.cache?.flush();
    }
    const { match, differ, error: errors } = this.#counts;
    const sourceOnly = this.#counts["source-only"];
    const destinationOnly = this.#counts["destination-only"];
    const inSync = differ + sourceOnly + destinationOnly + errors === 0;
    const duration = performance.now() - started;
    return {
      match,
      differ,
      sourceOnly,
      destinationOnly,
      errors,
      failures: this.#failures,
      inSync,
      duration,
    };
  }

  async #open(place: Place): Promise<EntryCursor> {
    const root = await place.driver.stat(place.path, { signal: this.signal });
    if (root === undefined)
      throw new StorageError("not-found", { path: joinPath(place.driver.id, place.path) });
    const pages = listPlace(place, root, {
      filter: this.#options.filter,
      signal: this.signal,
      onProblem: (error, path) => this.#fail(path, error),
    });
    return new EntryCursor(this.#completed(place, pages));
  }

  async *#completed(
    place: Place,
    pages: AsyncIterable<readonly Entry[]>,
  ): AsyncIterable<readonly Entry[]> {
    for await (const page of pages) {
      this.signal.throwIfAborted();
      yield place.driver.capabilities.completeList
        ? page
        : (this.cache?.complete(place, page) ?? page);
    }
  }

  #handle(pair: Pair, gate: JobGate): Promise<void> | undefined {
    const { path, source, destination } = pair;
    const kind = (source ?? destination)!.kind;
    if (kind === "directory" || kind === "other") return undefined;
    if (kind === "symlink" && this.#options.links === "skip") return undefined;
    if (source === undefined) {
      if (!this.#options.oneWay) this.#tell({ kind: "destination-only", path, destination });
      return undefined;
    }
    if (destination === undefined) {
      this.#tell({ kind: "source-only", path, source });
      return undefined;
    }
    const comparison = compare(source, destination, this.#rules);
    if (comparison.kind === "ask") return gate.add(() => this.#settle(pair, comparison));
    this.#conclude(pair, comparison);
    return undefined;
  }

  async #settle(pair: Pair, first: Comparison): Promise<void> {
    let current = pair;
    let comparison = first;
    try {
      while (comparison.kind === "ask") {
        current = await resolveQuestion(this, current, comparison.what);
        if (current.source === undefined || current.destination === undefined) {
          throw new StorageError("changed", {
            path: pair.path,
            message: "vanished while it was compared",
          });
        }
        comparison = compare(current.source, current.destination, this.#rules);
      }
      this.#conclude(current, comparison);
    } catch (error) {
      this.signal.throwIfAborted();
      this.#fail(pair.path, toStorageError(error, { path: pair.path }));
    }
  }

  #conclude({ path, source, destination }: Pair, comparison: Comparison): void {
    if (comparison.kind === "same") this.#tell({ kind: "match", path, source, destination });
    else if (comparison.kind !== "ask") {
      this.#tell({ kind: "differ", path, reason: comparison.reason, source, destination });
    }
  }

  #fail(path: string, error: StorageError): void {
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push({ path, error });
    this.#tell({ kind: "error", path, error });
  }

  #tell(event: CheckEvent): void {
    this.#counts[event.kind]++;
    this.#options.onEvent?.(event);
  }
}

/** Links by target, everything else by the rules for files. */
function compare(source: Entry, destination: Entry, rules: CompareRules): Comparison {
  if (source.kind !== "symlink" && destination.kind !== "symlink")
    return compareFiles(source, destination, rules);
  if (!source.complete) return { kind: "ask", what: "source" };
  if (!destination.complete) return { kind: "ask", what: "destination" };
  if (source.kind !== destination.kind) return { kind: "different", reason: "type" };
  if (source.linkTarget === undefined) return { kind: "ask", what: "source" };
  if (destination.linkTarget === undefined) return { kind: "ask", what: "destination" };
  return source.linkTarget === destination.linkTarget
    ? { kind: "same" }
    : { kind: "different", reason: "target" };
}
