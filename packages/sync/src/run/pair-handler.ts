/** Takes the pairs of the merge, plans each, and sees that its step is performed in its time and order. */
import {
  RESERVED_NAME,
  type StorageError,
  baseName,
  isTempName,
  isWithin,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import { needsMarker } from "../plan/directory-markers.ts";
import { type Step, planPair } from "../plan/plan-pair.ts";
import { isKept } from "../resume/expire.ts";
import { answerQuestion } from "./answer-question.ts";
import type { RunContext } from "./context.ts";
import { type Planned, StepQueue } from "../limits/step-queue.ts";
import type { DirectoryTimes } from "./directory-times.ts";
import { JobGate } from "./gate.ts";
import type { ExtraSink } from "./extra-sink.ts";
import { NewDirectories } from "./new-directories.ts";
import { PlanInOrder } from "./plan-in-order.ts";
import { extraOf } from "./remove-extras.ts";
import { HardLinks } from "./hard-links.ts";
import { settleDelayed, settleHardLink, settlePair } from "./settle-pair.ts";
import { Spool } from "./spool.ts";
import { clearStagingFolder, leftStagingFolder } from "./staging-folder.ts";

export class PairHandler {
  readonly #context: RunContext;
  readonly #gate: JobGate;
  readonly #checks: JobGate;
  readonly #queue: StepQueue;
  readonly #times: DirectoryTimes;
  readonly #links: HardLinks;
  /** Copies that wait until what is in their way has been removed. */
  readonly #deferred: Spool<Pair> = new Spool(1000);
  /** A directory that gets a marker if nothing turns out to lie in it. */
  #emptySoFar: Pair | undefined;
  readonly #plans: PlanInOrder;
  readonly #extras: ExtraSink;
  readonly #newDirectories: NewDirectories;
  /** Staging folders of killed runs, as the listing shows them. */
  readonly #left: Set<string> = new Set();

  constructor(context: RunContext, gate: JobGate, times: DirectoryTimes, extras: ExtraSink) {
    this.#context = context;
    this.#plans = new PlanInOrder(context.rules);
    this.#gate = gate;
    this.#checks = JobGate.inBursts(context.checkers);
    this.#queue = new StepQueue(gate, context.options, this.#begin);
    this.#times = times;
    this.#links = new HardLinks(context);
    this.#extras = extras;
    this.#newDirectories = new NewDirectories(context);
  }

  /** A promise only where something has to be waited for: most pairs cost no turn of the event loop. */
  handle(pair: Pair): Promise<void> | undefined {
    this.#context.limits.end.throwIfOver();
    const step = this.#newDirectories.plan(pair) ?? this.#plans.plan(pair);
    const confirmed = this.#newDirectories.confirm(pair, step);
    if (confirmed === undefined) return this.#handle(pair, step);
    return confirmed.then((instead) => this.#handle(pair, instead ?? step));
  }

  #handle(pair: Pair, step: Step): Promise<void> | undefined {
    this.#context.progress.checked++;
    const marker = pair.source === undefined ? undefined : this.#settleMarker(pair);
    const times = this.#context.rules.directories
      ? this.#times.visit(
          pair,
          step.kind === "skip" || step.kind === "ignored" || step.kind === "fail"
            ? "skipped"
            : touches(step)
              ? "touched"
              : "left",
        )
      : undefined;
    const reached = step.kind === "remove" ? undefined : this.#extras.reach(pair.path);
    const work = this.#perform(pair, step);
    if (marker === undefined && times === undefined && reached === undefined) return work;
    return Promise.all([marker, times, reached, work]).then(() => undefined);
  }

  #perform(pair: Pair, step: Step): Promise<void> | undefined {
    const following = this.#links.follow(pair, step);
    return following === undefined ? this.#dispatch(pair, step) : following.pending;
  }

  /** After all transfers: what was put aside gets its place. */
  async performDelayed(): Promise<void> {
    const { delayed } = this.#context;
    await delayed?.settleAll((update) =>
      this.#gate.add(() => settleDelayed(this.#context, update)),
    );
    await this.#gate.drain();
    // Before directories get their times.
    await this.#clearDelayed();
  }

  /** After all transfers: gives files their other names. */
  async performLinks(): Promise<void> {
    await this.#links.perform((pair, leader) => settleHardLink(this.#context, pair, leader));
  }

  readonly listingProblem = (error: StorageError, path: string): void => {
    this.#context.progress.failed++;
    this.#context.emit({ kind: "failed", path, bytes: 0, error });
  };

  /** A leftover of a killed run is removed if its owner is gone. A folder not while it is being listed. */
  readonly reserved = (path: string): void => {
    const { driver, path: root } = this.#context.destination;
    this.#context.seenSignatures.note(path);
    const folder = leftStagingFolder(path);
    if (folder !== undefined) this.#left.add(folder);
    if (driver.removeStale === undefined || !isTempName(baseName(path))) return;
    void this.#gate.add(async () => {
      try {
        const stored = joinPath(root, path);
        if (await isKept(this.#context, stored)) return;
        await driver.removeStale!(stored, { signal: this.#context.signal });
      } catch (error) {
        this.#context.signal.throwIfAborted();
        this.#failClearing(path, error);
      }
    });
  };

  /** After the last pair. */
  async drain(): Promise<void> {
    await this.#settleMarker(undefined);
    await this.#checks.drain();
    await this.#queue.flush();
    for (const folder of this.#left) await this.#gate.add(() => this.#clearLeft(folder));
    await this.#gate.drain();
  }

  /** Whatever ended the run: begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#queue.stop();
    // What failed there has ended the run already.
    await this.#checks.drain().catch(() => {});
    await this.#gate.drain().catch(() => {});
    await this.#clearDelayed();
  }

  /** Copies files to where directories were, unless those had to stay (`removed` is false). */
  async performDeferred(removed: boolean): Promise<void> {
    const step: Step = removed ? { kind: "copy", reason: "type", when: "now" } : STAYED;
    for await (const page of this.#deferred.forward()) {
      for (const pair of page) await this.#gate.add(() => this.#begin({ pair, step }));
    }
    await this.#gate.drain();
  }

  async close(): Promise<void> {
    await Promise.all([this.#deferred.close(), this.#links.close()]);
  }

  readonly #begin = async ({ pair, step }: Planned): Promise<void> => {
    if (this.#context.limits.end.admits(pair, step)) await settlePair(this.#context, pair, step);
  };

  async #clearLeft(folder: string): Promise<void> {
    const { destination, signal } = this.#context;
    try {
      await clearStagingFolder(destination.driver, joinPath(destination.path, folder), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#failClearing(folder, error);
    }
  }

  async #clearDelayed(): Promise<void> {
    const { delayed } = this.#context;
    try {
      await delayed?.clear();
    } catch (error) {
      this.#failClearing(RESERVED_NAME, error);
    }
  }

  #failClearing(path: string, error: unknown): void {
    this.#context.emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
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
        return this.#extras.add(extraOf(pair.destination!));
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
    if (step.kind === "ask") return this.#checks.add(() => this.#check(pair, step));
    return this.#queue.push({ pair, step });
  }

  /**
   * Asks what planning asks, apart from the transfers, and hands over what it comes to. Whatever goes
   * wrong is left to `settlePair`, which asks again and has the attempts.
   */
  async #check(pair: Pair, asking: Step): Promise<void> {
    const { rules, progress, signal } = this.#context;
    let current = pair;
    let step = asking;
    try {
      while (step.kind === "ask") {
        current = await answerQuestion(this.#context, current, step.what);
        step = planPair(current, rules);
      }
    } catch {
      signal.throwIfAborted();
      step = asking;
    }
    const vanished = current.source === undefined && pair.source !== undefined;
    if (vanished || step === asking) [current, step] = [pair, asking];
    if (step.kind === "copy") progress.expect(current.source!.size);
    await this.#queue.push({ pair: current, step });
  }

  #makeDirectory(pair: Pair, step: Step): Promise<void> | undefined {
    const { rules, options, destination } = this.#context;
    if (rules.directories) return this.#start(pair, step);
    if (options.dirMarkers === false || destination.driver.mkdir === undefined) return undefined;
    if (needsMarker(pair.source!, rules.attributes)) return this.#start(pair, step);
    this.#emptySoFar = pair;
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

const STAYED: Step = {
  kind: "fail",
  code: "is-a-directory",
  message: "a directory is in the way at the destination, and was not removed",
};

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
