/**
 * Performs a plan, and nothing else. Before each action both of its ends are looked at: if they are as
 * the plan saw them it is performed, under the etags that the plan saw; if the destination has what the
 * plan wanted already, it counts as done, so that a plan that was cut short can be applied again; else
 * the world has moved on, and the path is refused and left alone.
 */
import { RESERVED_NAME, StorageError, isStorageError, toStorageError } from "@omnisync/storage";
import type { SyncEvent } from "../events.ts";
import { RunEnded } from "../limits/run-end.ts";
import type { Place } from "../options.ts";
import { type Ended, type Progress, type Report, ReportBuilder, type Withheld } from "../report.ts";
import type { RunContext } from "../run/context.ts";
import { JobGate } from "../run/gate.ts";
import { ProgressTracker } from "../run/progress-tracker.ts";
import { refuseSamePlaces } from "../run/refuse-same-places.ts";
import { settleDelayed } from "../run/settle-pair.ts";
import { createContext } from "../sync.ts";
import type { OwnOptions } from "./carried-options.ts";
import { ActionPerformer } from "./perform-action.ts";
import { type Plan, placeOf } from "./plan.ts";
import type { PlannedPlace } from "./plan-header.ts";
import { type Phase, type PlannedAction, isDirectory } from "./planned-action.ts";

/**
 * What only the process that applies a plan can say; everything else is the plan's. `maxTransfer`,
 * `maxDuration` and `maxErrors` end it as they end a sync: what is left is done by applying again.
 */
export type ApplyOptions = OwnOptions;

export interface ApplyReport extends Report {
  /** Of the failures: paths that are not as the plan saw them. */
  readonly movedOn: number;
  /** Of what is unchanged: actions whose result was there already. */
  readonly alreadyDone: number;
}

/** An application that goes on: look at `progress`, wait for `done`. */
export interface ApplyRun {
  progress(): Progress;
  /** As in `SyncRun`. */
  report(): ApplyReport | undefined;
  readonly done: Promise<ApplyReport>;
}

/**
 * Performs a plan between the places that it was made for. Failures of single paths, and paths that
 * moved on since, are in the report; extras are removed only if there were none (`ignoreErrors` of the
 * plan changes that).
 * @throws StorageError `invalid-argument` for other places, and as `sync`; nothing was done then.
 */
export function applyPlan(
  plan: Plan,
  source: Place,
  destination: Place,
  options: ApplyOptions = {},
): Promise<ApplyReport> {
  return startApply(plan, source, destination, options).done;
}

/** `applyPlan` with a view of its progress. */
export function startApply(
  plan: Plan,
  source: Place,
  destination: Place,
  options: ApplyOptions = {},
): ApplyRun {
  const progress = new ProgressTracker();
  const ended: Ended<ApplyReport> = { report: undefined };
  const done = apply(plan, source, destination, options, progress, ended);
  return { progress: () => progress.snapshot(), report: () => ended.report, done };
}

async function apply(
  plan: Plan,
  source: Place,
  destination: Place,
  options: ApplyOptions,
  progress: ProgressTracker,
  ended: Ended<ApplyReport>,
): Promise<ApplyReport> {
  refuseOther("source", plan.header.source, source);
  refuseOther("destination", plan.header.destination, destination);
  const report = new ReportBuilder(options.dryRun ?? false);
  let movedOn = 0;
  const onEvent = (event: SyncEvent): void => {
    const { kind, error } = event;
    if (kind === "failed" && isStorageError(error, "changed", "precondition-failed")) movedOn++;
    options.onEvent?.(event);
  };
  const context = createContext(
    {
      source,
      destination,
      // What has changed is not planned again.
      options: { ...plan.header.options, ...options, attempts: 1, onEvent },
      progress,
    },
    report,
  );
  const application = new Application(context, report);
  let interrupted = false;
  try {
    const { signal } = context;
    await refuseSamePlaces(context);
    if (!options.dryRun) await destination.driver.probe?.({ write: true, signal });
    await application.perform(plan.actions());
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    interrupted = true;
  } finally {
    context.cache?.flush();
    context.limits.close();
    ended.report = {
      ...report.build(progress.elapsed, interrupted, context.limits.report()),
      movedOn,
      alreadyDone: application.alreadyDone,
    };
  }
  return ended.report;
}

function refuseOther(side: string, planned: PlannedPlace, place: Place): void {
  const given = placeOf(place);
  if (given.id === planned.id && given.path === planned.path) return;
  throw new StorageError("invalid-argument", {
    message: `the plan was made for the ${side} ${shown(planned)}, and this is ${shown(given)}: nothing was done`,
  });
}

function shown({ id, path }: PlannedPlace): string {
  return path === "" ? id : `${id.replace(/\/$/, "")}/${path}`;
}

function stayed(path: string): StorageError {
  return new StorageError("is-a-directory", {
    path,
    message: "a directory is in the way at the destination, and was not removed",
  });
}

/** Begun for each that may transfer, as in a sync. */
const BEGUN_PER_JOB = 4;

class Application {
  readonly #context: RunContext;
  readonly #report: ReportBuilder;
  readonly #gate: JobGate;
  readonly #performer: ActionPerformer;
  #phase: Phase = "transfer";
  alreadyDone = 0;

  constructor(context: RunContext, report: ReportBuilder) {
    this.#context = context;
    this.#report = report;
    this.#gate = JobGate.inBursts(context.jobs * BEGUN_PER_JOB);
    this.#performer = new ActionPerformer(context);
  }

  async perform(actions: AsyncIterable<PlannedAction>): Promise<void> {
    const { signal, progress, delayed } = this.#context;
    try {
      for await (const action of actions) {
        signal.throwIfAborted();
        if (action.phase !== this.#phase) await this.#enter(action.phase);
        await this.#start(action);
      }
      await this.#leave();
    } finally {
      progress.listed = true;
      try {
        await this.#gate.drain();
      } finally {
        await this.#clearDelayed();
        await delayed?.close();
      }
    }
  }

  async #enter(phase: Phase): Promise<void> {
    await this.#leave();
    this.#phase = phase;
    if (phase !== "remove") return;
    const { options, limits, spellings } = this.#context;
    const { failed } = this.#report.counts;
    if (limits.end.isOver()) this.#report.withheld = "ended-early";
    else if (spellings.met || (failed > 0 && !options.ignoreErrors))
      this.#report.withheld = "failures";
  }

  /** After the transfers: what was put aside gets its place. */
  async #leave(): Promise<void> {
    await this.#gate.drain();
    const { delayed } = this.#context;
    if (this.#phase !== "transfer" || delayed === undefined) return;
    await delayed.settleAll((update) => this.#gate.add(() => settleDelayed(this.#context, update)));
    await this.#gate.drain();
    // Before directories get their times.
    await this.#clearDelayed();
  }

  async #clearDelayed(): Promise<void> {
    const { delayed, emit } = this.#context;
    try {
      await delayed?.clear();
    } catch (error) {
      const path = RESERVED_NAME;
      emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
    }
  }

  async #start(action: PlannedAction): Promise<void> {
    const { progress, emit, limits } = this.#context;
    const { path, phase, reason, preconditions } = action;
    const isOver = limits.end.isOver();
    if (phase === "remove" && isOver) this.#report.withheld ??= "ended-early";
    const withheld: Withheld | undefined = this.#report.withheld;
    if (phase === "remove" && withheld !== undefined) {
      return emit({ kind: "withheld", path, reason, bytes: 0 });
    }
    // What is not begun any more is left for the next time. Directories get their times all the same, if they can.
    if (isOver && (phase !== "directories" || limits.end.isStoreLost)) return;
    if (phase === "replace" && withheld !== undefined) {
      return emit({ kind: "failed", path, bytes: 0, error: stayed(path) });
    }
    progress.checked++;
    if (action.action === "copy") progress.expect(action.size);
    if (action.action === "remove") {
      // A file in the way of a directory goes before what follows; the content of a directory before it.
      if (phase === "transfer") return this.#settle(action);
      if (isDirectory(preconditions.destination)) await this.#gate.drain();
    }
    await this.#gate.add(() => this.#settle(action));
  }

  /** Never throws, except when interrupted: a failure is an event. */
  async #settle(action: PlannedAction): Promise<void> {
    const { signal, progress, emit } = this.#context;
    try {
      if ((await this.#performer.perform(action)) === "done-already") this.alreadyDone++;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RunEnded) return;
      const failure = toStorageError(error, { path: action.path });
      progress.failed++;
      emit({ kind: "failed", path: action.path, bytes: 0, error: failure });
    }
  }
}
