/**
 * The engine's entry: one run from two places to a report. Lists both sides in order, pairs them,
 * plans each pair, performs the steps a bounded number at a time, then removes extras, then sets the
 * times of directories. `ARCHITECTURE.md` shows the flow.
 */
import { type Entry, StorageError, joinPath } from "@omnisync/storage";
import { Throttle } from "@omnisync/storage/layers";
import { setMaxListeners } from "node:events";
import type { SyncEvent } from "./events.ts";
import { EntryCursor } from "./merge/entry-cursor.ts";
import { mergeJoin } from "./merge/merge-join.ts";
import type { Place, SyncOptions } from "./options.ts";
import { checkOverlap } from "./plan/check-overlap.ts";
import { resolvePlanRules } from "./plan/resolve-rules.ts";
import { type Progress, type Report, ReportBuilder } from "./report.ts";
import { CacheUse, type RunContext } from "./run/context.ts";
import { DirectoryTimes } from "./run/directory-times.ts";
import { Budget, JobGate } from "./run/gate.ts";
import { PairHandler } from "./run/pair-handler.ts";
import { ProgressTracker } from "./run/progress-tracker.ts";
import { type Guards, removeExtras, whyWithheld, withholdExtras } from "./run/remove-extras.ts";
import { listPlace } from "./walk/list-place.ts";

/** Buffers of all transfers of a run together. */
const MEMORY = 32 * 1024 * 1024;
const MOST_JOBS = 128;
/** Jobs begun for each that may transfer: their files are being read meanwhile. */
const BEGUN_PER_JOB = 4;
/** More than these wait for nothing that reading could hasten. */
const MOST_BEGUN = 256;

/** A run that goes on: look at `progress`, wait for `done`. */
export interface SyncRun {
  progress(): Progress;
  readonly done: Promise<Report>;
}

/**
 * Makes the destination hold what the source holds. Removes extras only with `delete`. Failures of
 * single paths are in the report, and so is an interruption by `signal`; throws only where the run as
 * a whole cannot be:
 * @throws StorageError `not-found` for a missing source, `invalid-argument` for places that overlap or
 *   options that contradict each other; whatever a store answers that ends its listing.
 */
export function sync(
  source: Place,
  destination: Place,
  options: SyncOptions = {},
): Promise<Report> {
  return startSync(source, destination, options).done;
}

/** `sync` with a view of its progress. */
export function startSync(source: Place, destination: Place, options: SyncOptions = {}): SyncRun {
  const progress = new ProgressTracker();
  return { progress: () => progress.snapshot(), done: run(source, destination, options, progress) };
}

async function run(
  source: Place,
  destination: Place,
  options: SyncOptions,
  progress: ProgressTracker,
): Promise<Report> {
  const report = new ReportBuilder(options.dryRun ?? false);
  const context = createContext(source, destination, options, progress, report);
  let interrupted = false;
  try {
    await runPhases(context, report);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    interrupted = true;
  } finally {
    context.cache?.flush();
  }
  return report.build(progress.elapsed, interrupted);
}

function createContext(
  source: Place,
  destination: Place,
  options: SyncOptions,
  progress: ProgressTracker,
  report: ReportBuilder,
): RunContext {
  const from = source.driver;
  const to = destination.driver;
  checkOverlap(
    joinPath(from.id, source.path),
    joinPath(to.id, destination.path),
    options.delete ?? false,
  );
  const signal = options.signal ?? new AbortController().signal;
  const jobs =
    options.jobs ?? Math.min(from.capabilities.concurrency, to.capabilities.concurrency, MOST_JOBS);
  // Every transfer in flight listens to it; that is no leak.
  setMaxListeners(0, signal);
  return {
    source,
    destination,
    options,
    signal,
    progress,
    jobs,
    rules: resolvePlanRules(options, from.capabilities, to.capabilities),
    lanes: new Budget(jobs),
    memory: new Budget(MEMORY),
    throttle: typeof options.bandwidth !== "number" ? undefined : new Throttle(options.bandwidth),
    cache: options.attributeCache === undefined ? undefined : new CacheUse(options.attributeCache),
    emit: (event: SyncEvent) => {
      report.add(event);
      options.onEvent?.(event);
    },
  };
}

async function runPhases(context: RunContext, report: ReportBuilder): Promise<void> {
  const { source, destination, signal } = context;
  // Which preconditions hold must be known before the first write relies on one.
  if (!context.options.dryRun) await destination.driver.probe?.({ write: true, signal });
  const [sourceRoot, destinationRoot] = await Promise.all([
    source.driver.stat(source.path, { signal }),
    destination.driver.stat(destination.path, { signal }),
  ]);
  checkRoots(context, sourceRoot, destinationRoot);
  const { capabilities } = destination.driver;
  const begun = Math.max(context.jobs, Math.min(context.jobs * BEGUN_PER_JOB, MOST_BEGUN));
  const gate = new JobGate(begun, context.jobs);
  const times = new DirectoryTimes(context);
  const handler = new PairHandler(context, gate, times);
  try {
    await transferAll(context, report, handler, sourceRoot as Entry, destinationRoot);
    const incompleteListing = handler.listingProblems > 0;
    await removeAll(context, report, handler, { incompleteListing });
    await handler.performDeferred();
    if (capabilities.directories) await times.apply();
  } finally {
    // Transfers that are under way end before the run does, whatever ended it.
    await gate.drain().catch(() => {});
    await Promise.all([times.close(), handler.close()]);
  }
}

async function transferAll(
  context: RunContext,
  report: ReportBuilder,
  handler: PairHandler,
  sourceRoot: Entry,
  destinationRoot: Entry | undefined,
): Promise<void> {
  const { source, destination, options, signal, progress } = context;
  const { filter } = options;
  const onProblem = handler.listingProblem;
  const onReserved = options.dryRun ? undefined : handler.reserved;
  const cursors = [
    new EntryCursor(
      counted(
        context,
        source,
        listPlace(source, sourceRoot, { filter, signal, onProblem }),
        (n) => {
          report.counts.sourceEntries += n;
        },
      ),
    ),
    new EntryCursor(
      counted(
        context,
        destination,
        listPlace(destination, destinationRoot, { filter, signal, onProblem, onReserved }),
        (n) => {
          report.counts.destinationEntries += n;
        },
      ),
    ),
  ] as const;
  const merging = {
    fileAndDirectory: destination.driver.capabilities.fileAndDirectory,
    twinsAtSource: source.driver.capabilities.fileAndDirectory,
  };
  try {
    await mergeJoin(...cursors, merging, (pair) => handler.handle(pair));
    progress.listed = true;
    await handler.drain();
  } finally {
    await Promise.allSettled(cursors.map((cursor) => cursor.close()));
  }
}

/** A listing, counted, with remembered attributes filled in. */
async function* counted(
  context: RunContext,
  place: Place,
  pages: AsyncIterable<readonly Entry[]>,
  count: (entries: number) => void,
): AsyncIterable<readonly Entry[]> {
  const lookUp = context.cache !== undefined && !place.driver.capabilities.completeList;
  for await (const page of pages) {
    context.signal.throwIfAborted();
    count(page.length);
    yield lookUp ? context.cache.complete(place, page) : page;
  }
}

async function removeAll(
  context: RunContext,
  report: ReportBuilder,
  handler: PairHandler,
  seen: Pick<Guards, "incompleteListing">,
): Promise<void> {
  const { failed, sourceEntries } = report.counts;
  const withheld = whyWithheld(context, handler.extras.count, {
    ...seen,
    failures: failed,
    sourceEntries,
  });
  if (withheld === undefined) return removeExtras(context, handler.extras);
  report.withheld = withheld;
  await withholdExtras(context, handler.extras);
}

function checkRoots(
  context: RunContext,
  source: Entry | undefined,
  destination: Entry | undefined,
): void {
  if (source === undefined) {
    const where = joinPath(context.source.driver.id, context.source.path);
    throw new StorageError("not-found", {
      path: where,
      message: "the source does not exist; nothing was changed",
    });
  }
  if (source.kind === "other")
    throw new StorageError("unsupported", {
      path: source.path,
      message: "is a FIFO, socket or device",
    });
  if (
    destination === undefined ||
    (source.kind === "directory") === (destination.kind === "directory")
  )
    return;
  const [what, other] = source.kind === "directory" ? ["directory", "file"] : ["file", "directory"];
  throw new StorageError("invalid-argument", {
    message: `the source is a ${what}, but the destination is a ${other}; name the ${what} itself as destination`,
  });
}
