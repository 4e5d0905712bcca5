/** Takes the pairs of the merge, plans each, and sees that its step is performed in its time and order. */
import {
  type Entry,
  type StorageError,
  baseName,
  isTempName,
  isWithin,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import { type Step, planPair } from "../plan/plan-pair.ts";
import type { RunContext } from "./context.ts";
import type { DirectoryTimes } from "./directory-times.ts";
import type { JobGate } from "./gate.ts";
import type { Extra } from "./remove-extras.ts";
import { settlePair } from "./settle-pair.ts";
import { Spool } from "./spool.ts";

export class PairHandler {
  readonly #context: RunContext;
  readonly #gate: JobGate;
  readonly #times: DirectoryTimes;
  /** Copies that wait until what is in their way has been removed. */
  readonly #deferred: Spool<Pair> = new Spool(1000);
  /** A directory that gets a marker if nothing turns out to lie in it. */
  #emptySoFar: Pair | undefined;
  readonly extras: Spool<Extra> = new Spool();
  listingProblems = 0;

  constructor(context: RunContext, gate: JobGate, times: DirectoryTimes) {
    this.#context = context;
    this.#gate = gate;
    this.#times = times;
  }

  /** A promise only where something has to be waited for: most pairs cost no turn of the event loop. */
  handle(pair: Pair): Promise<void> | undefined {
    const step = planPair(pair, this.#context.rules);
    this.#context.progress.checked++;
    const marker = pair.source === undefined ? undefined : this.#settleMarker(pair);
    const times = this.#context.rules.directories
      ? this.#times.visit(
          pair,
          step.kind === "skip" ? "skipped" : touches(step) ? "touched" : "left",
        )
      : undefined;
    const work = this.#dispatch(pair, step);
    if (marker === undefined && times === undefined) return work;
    return Promise.all([marker, times, work]).then(() => undefined);
  }

  readonly listingProblem = (error: StorageError, path: string): void => {
    this.listingProblems++;
    this.#context.progress.failed++;
    this.#context.emit({ kind: "failed", path, bytes: 0, error });
  };

  /** A leftover of a killed run: removed if its owner is gone. */
  readonly reserved = (path: string): void => {
    const { driver, path: root } = this.#context.destination;
    if (driver.removeStale === undefined || !isTempName(baseName(path))) return;
    void this.#gate.add(async () => {
      try {
        await driver.removeStale!(joinPath(root, path), { signal: this.#context.signal });
      } catch (error) {
        this.#context.signal.throwIfAborted();
        this.#context.emit({
          kind: "failed",
          path,
          bytes: 0,
          error: toStorageError(error, { path }),
        });
      }
    });
  };

  /** After the last pair. */
  async drain(): Promise<void> {
    await this.#settleMarker(undefined);
    await this.#gate.drain();
  }

  /** Copies files to where directories were, unless those had to stay. */
  async performDeferred(): Promise<void> {
    for await (const page of this.#deferred.forward()) {
      for (const pair of page) {
        await this.#gate.add(() =>
          settlePair(this.#context, pair, { kind: "copy", reason: "type", when: "now" }),
        );
      }
    }
    await this.#gate.drain();
  }

  async close(): Promise<void> {
    await Promise.all([this.extras.close(), this.#deferred.close()]);
  }

  #dispatch(pair: Pair, step: Step): Promise<void> | undefined {
    switch (step.kind) {
      case "keep":
        return undefined;
      case "unchanged":
        if (this.#context.options.move) return this.#start(pair, step);
        this.#context.emit({ ...about(pair), kind: "unchanged", reason: "same" });
        return undefined;
      case "skip":
        this.#context.emit({ ...about(pair), kind: "skip", reason: step.reason });
        return undefined;
      case "ignored":
        this.#context.emit({ ...about(pair), kind: "ignored" });
        return undefined;
      case "remove":
        // What stands in the way of a directory must be gone before anything is written into it.
        if (step.when === "now") return settlePair(this.#context, pair, step);
        return this.#addExtra(pair.destination!);
      case "mkdir":
        return this.#makeDirectory(pair, step);
      case "copy":
        this.#context.progress.expect(pair.source!.size);
        return step.when === "now" ? this.#start(pair, step) : this.#deferred.push(pair);
      case "link":
      case "attributes":
      case "ask":
      case "fail":
        return this.#start(pair, step);
    }
  }

  #start(pair: Pair, step: Step): Promise<void> | undefined {
    return this.#gate.add(() => settlePair(this.#context, pair, step));
  }

  #addExtra({ path, kind, etag }: Entry): Promise<void> | undefined {
    return this.extras.push({ path, kind, etag });
  }

  #makeDirectory(pair: Pair, step: Step): Promise<void> | undefined {
    if (this.#context.rules.directories) return this.#start(pair, step);
    if (this.#context.options.dirMarkers !== false) this.#emptySoFar = pair;
    return undefined;
  }

  /** With the next path of the source it is known whether the last directory was empty. */
  #settleMarker(next: Pair | undefined): Promise<void> | undefined {
    const empty = this.#emptySoFar;
    if (empty === undefined || empty === next) return undefined;
    this.#emptySoFar = undefined;
    if (next !== undefined && isWithin(empty.path, next.path)) return undefined;
    return this.#start(empty, { kind: "mkdir", reason: "new" });
  }
}

/** Whether performing the step may change the directory that holds the path. */
function touches(step: Step): boolean {
  return (
    step.kind === "copy" ||
    step.kind === "link" ||
    step.kind === "mkdir" ||
    step.kind === "remove" ||
    step.kind === "ask"
  );
}

function about({
  path,
  source,
  destination,
}: Pair): Pick<Pair, "path" | "source" | "destination"> & { bytes: number } {
  return { path, source, destination, bytes: 0 };
}
