/**
 * The engine's entry: one run from two places to a report. Lists both sides in order, pairs them,
 * plans each pair, performs the steps a bounded number at a time, then removes extras, then sets the
 * times of directories. `ARCHITECTURE.md` shows the flow.
 */
import { type Entry, StorageError, joinPath } from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import { checkOptions } from "./check-options/check-options.ts";
import { Deltas } from "./delta/deltas.ts";
import { SeenSignatures } from "./delta/seen-signatures.ts";
import type { SyncEvent } from "./events.ts";
import { RunEnded } from "./limits/run-end.ts";
import { RunLimits } from "./limits/run-limits.ts";
import type { Place, SyncOptions } from "./options.ts";
import { resolveBackupNames } from "./plan/backup-names.ts";
import { checkBackups, checkOverlap, placeId } from "./plan/check-overlap.ts";
import { resolvePlanRules } from "./plan/resolve-rules.ts";
import { type Ended, type Progress, type Report, ReportBuilder } from "./report.ts";
import { CacheUse, type RunContext, type RunObserver } from "./run/context.ts";
import { DelayedUpdates } from "./run/delayed-updates.ts";
import { DirectoryTimes } from "./run/directory-times.ts";
import { EqualFiles } from "./run/equal-files.ts";
import { type ExtraSink, ExtrasAtEnd, ExtrasBefore, ExtrasDuring } from "./run/extra-sink.ts";
import { Budget, JobGate } from "./run/gate.ts";
import { markRoot, withMarkers } from "./run/markers.ts";
import { PairHandler } from "./run/pair-handler.ts";
import { dropExpired } from "./resume/expire.ts";
import { ProgressTracker } from "./run/progress-tracker.ts";
import { SpareBuffers } from "./run/spare-buffers.ts";
import { Spellings } from "./run/spellings.ts";
import { createOldContent } from "./run/old-content.ts";
import { refuseSamePlaces } from "./run/refuse-same-places.ts";
import { Removal } from "./run/removal.ts";
import { KeptPaths, type Roots, removeBefore, walkOptions } from "./run/remove-before.ts";
import type { Extra } from "./run/remove-extras.ts";
import { type LinkedSource, removeLinkedSources } from "./run/remove-source.ts";
import { Spool } from "./run/spool.ts";
import { newTrashRun } from "./trash/trash-run.ts";
import { viewDestination, viewSource } from "./run/view-places.ts";
import { leadsNobody, withHardLinks } from "./run/hard-links.ts";
import { walkPairs } from "./walk/walk-pairs.ts";

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
  /** What was done, once the run has ended, also by an error; `undefined` where it did not begin. */
  report(): Report | undefined;
  readonly done: Promise<Report>;
}

/**
 * Makes the destination hold what the source holds. Removes extras only with `delete`. Failures of
 * single paths are in the report, and so is an interruption by `signal`; throws only where the run as
 * a whole cannot be:
 * @throws StorageError `not-found` for a missing source, `invalid-argument` for places that overlap or
 *   options that are none or contradict each other; whatever a store answers that ends its listing.
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
  return startRun(source, destination, options, {});
}

/** `startSync` for parts of the engine that need to know more than its events tell. */
export function startRun(
  source: Place,
  destination: Place,
  options: SyncOptions,
  observer: RunObserver,
): SyncRun {
  const progress = new ProgressTracker();
  const ended: Ended<Report> = { report: undefined };
  const done = run({ source, destination, options, progress, observer }, ended);
  return { progress: () => progress.snapshot(), report: () => ended.report, done };
}

/** What a run is made of before it has a context. */
export interface RunParts {
  readonly source: Place;
  readonly destination: Place;
  readonly options: SyncOptions;
  readonly progress: ProgressTracker;
  readonly observer?: RunObserver | undefined;
}

async function run(parts: RunParts, ended: Ended<Report>): Promise<Report> {
  const { options, progress } = parts;
  const report = new ReportBuilder(options.dryRun ?? false);
  const context = createContext(parts, report);
  let interrupted = false;
  try {
    await runPhases(context, report);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    interrupted = true;
  } finally {
    context.cache?.flush();
    context.limits.close();
    context.deltas?.comparisons.clear();
    ended.report = report.build(progress.elapsed, interrupted, context.limits.report());
  }
  return ended.report;
}

export function createContext(parts: RunParts, report: Pick<ReportBuilder, "add">): RunContext {
  checkOptions(parts.options);
  const limits = new RunLimits(parts.options);
  try {
    return contextWith(limits, parts, report);
  } catch (error) {
    limits.close();
    throw error;
  }
}

function contextWith(
  limits: RunLimits,
  { options, progress, observer = {}, ...places }: RunParts,
  report: Pick<ReportBuilder, "add">,
): RunContext {
  const from = limits.around("source", places.source.driver, options.requests?.source);
  const to = limits.around("destination", places.destination.driver, options.requests?.destination);
  const source = viewSource({ ...places.source, driver: from }, options);
  const destination = viewDestination({ ...places.destination, driver: to }, options);
  const sourceId = placeId({ ...places.source, driver: from });
  const destinationId = placeId({ ...places.destination, driver: to });
  const removes = [options.delete, options.deleteMissing, options.force].includes(true);
  checkOverlap(sourceId, destinationId, removes);
  const signal = options.signal ?? new AbortController().signal;
  const jobs =
    options.jobs ?? Math.min(from.capabilities.concurrency, to.capabilities.concurrency, MOST_JOBS);
  const backups = resolveBackupNames(options, destination, newTrashRun());
  if (backups !== undefined) {
    const { elsewhere, directory } = backups;
    const kept = elsewhere && placeId(elsewhere);
    if (kept !== undefined || directory !== "")
      checkBackups(sourceId, joinPath(kept ?? destinationId, directory));
  }
  const rules = {
    ...resolvePlanRules(options, from.capabilities, to.capabilities, process.umask()),
    backups,
  };
  const equals =
    options.alternates !== undefined || options.fuzzy
      ? new EqualFiles({ source, destination, options, rules, signal })
      : undefined;
  const notLed = new Set<string>();
  // Every transfer in flight listens to it; that is no leak.
  setMaxListeners(0, signal);
  return {
    source,
    destination,
    options,
    signal,
    progress,
    observer,
    jobs,
    checkers: options.checkers ?? jobs,
    rules,
    equals,
    lanes: new Budget(jobs, (ms) => {
      limits.timings.lanes += ms;
      limits.end.throwIfStoreLost();
    }),
    memory: new Budget(MEMORY, (ms) => (limits.timings.memory += ms)),
    spare: new SpareBuffers(MEMORY),
    limits,
    throttle: limits.throttle,
    cache: options.attributeCache === undefined ? undefined : new CacheUse(options.attributeCache),
    deltas: options.wholeFile ? undefined : new Deltas(options.delta ?? {}),
    seenSignatures: new SeenSignatures(),
    old: createOldContent(options, source, destination, backups, signal),
    delayed: options.delayUpdates && !options.dryRun ? new DelayedUpdates(destination) : undefined,
    spellings: new Spellings({ source, destination, options, signal }),
    notLed,
    linkedSources:
      options.move && options.preserveHardLinks && !options.dryRun
        ? new Spool<LinkedSource>()
        : undefined,
    emit: (event: SyncEvent) => {
      if (leadsNobody(event)) notLed.add(event.source!.hardLink!.id);
      limits.end.note(event);
      report.add(event);
      options.onEvent?.(event);
    },
  };
}

async function runPhases(context: RunContext, report: ReportBuilder): Promise<void> {
  const { source, destination, signal } = context;
  await refuseSamePlaces(context);
  // Which preconditions hold must be known before the first write relies on one.
  if (!context.options.dryRun) await destination.driver.probe?.({ write: true, signal });
  const [sourceRoot, destinationRoot] = await Promise.all([
    source.driver.stat(source.path, { signal }),
    destination.driver.stat(destination.path, { signal }),
  ]);
  checkRoots(context, sourceRoot, destinationRoot);
  if (!context.options.dryRun) await dropExpired(context);
  const { capabilities } = destination.driver;
  const begun = Math.max(context.jobs, Math.min(context.jobs * BEGUN_PER_JOB, MOST_BEGUN));
  const gate = JobGate.inBursts(begun);
  const times = new DirectoryTimes(context);
  const roots = { source: sourceRoot as Entry, destination: destinationRoot };
  const removal = new Removal(context, report);
  const { sink, files } = await openExtras(context, roots, removal);
  const handler = new PairHandler(context, gate, times, sink);
  try {
    // Of named files the place itself is none.
    if (capabilities.directories && files === undefined) {
      await times.visitRoot(roots.source, roots.destination);
    }
    await transferAll({ context, report, handler, removal, roots, files });
    await handler.performDelayed();
    if (context.limits.end.reason === undefined) await handler.performLinks();
    await removeLinkedSources(context);
    await sink.finish();
    const mayReplace = report.withheld === undefined || context.options.deleteTiming === "during";
    if (context.limits.end.reason === undefined) await handler.performDeferred(mayReplace);
    if (capabilities.directories) await times.apply();
    else if (files === undefined) await markRoot(context, roots.source, roots.destination);
  } finally {
    // Transfers that are under way end before the run does, whatever ended it.
    await handler.stop();
    const { delayed, linkedSources } = context;
    const closing = [times.close(), handler.close(), sink.close(), delayed?.close()];
    await Promise.all([...closing, linkedSources?.close()]);
  }
}

/** What becomes of extras, by the timing that was asked for; `before`: they are removed here. */
async function openExtras(
  context: RunContext,
  roots: Roots,
  removal: Removal,
): Promise<{ readonly sink: ExtraSink; readonly files: SyncOptions["files"] }> {
  const { deleteTiming, maxDelete, maxDeleteMode, files } = context.options;
  const remove = (extras: Spool<Extra>): Promise<void> => removal.remove(extras);
  if (deleteTiming === "before") {
    const kept = new KeptPaths();
    const named = files === undefined ? undefined : kept;
    try {
      if (files !== undefined) await kept.fill(files);
      await removeBefore(context, roots, removal, named);
    } catch (error) {
      await kept.close();
      throw error;
    }
    return { sink: new ExtrasBefore(() => kept.close()), files: named };
  }
  // What may refuse them all has to know how many they are.
  const isCounted = maxDelete !== undefined && maxDeleteMode !== "stop";
  const isSure = [context.source, context.destination].every(isSurelyInOrder);
  const during = deleteTiming === "during" && !isCounted && isSure;
  return { sink: during ? new ExtrasDuring(remove) : new ExtrasAtEnd(remove), files };
}

/** Of a store whose word is all there is, only the end of its listing shows that nothing came late. */
function isSurelyInOrder({ driver }: Place): boolean {
  const { directories, orderedList } = driver.capabilities;
  return directories || !orderedList;
}

interface Transferring {
  readonly context: RunContext;
  readonly report: ReportBuilder;
  readonly handler: PairHandler;
  readonly removal: Removal;
  readonly roots: Roots;
  readonly files: SyncOptions["files"];
}

async function transferAll({
  context,
  report,
  handler,
  removal,
  roots,
  files,
}: Transferring): Promise<void> {
  const { source, destination, options, progress } = context;
  const through = (place: Place, note: (page: readonly Entry[]) => void) => (pages: Pages) =>
    counted(context, place, pages, note);
  const onProblem = (problem: StorageError, path: string): void => {
    removal.noteUnseen(path);
    handler.listingProblem(problem, path);
  };
  const countSource = through(source, (page) => {
    report.counts.sourceEntries += page.length;
    removal.noteSource(page);
  });
  const countDestination = through(destination, (page) => {
    report.counts.destinationEntries += page.length;
  });
  await walkPairs(
    {
      place: source,
      root: roots.source,
      through: (pages) => withMarkers(context, countSource(pages), onProblem),
    },
    { place: destination, root: roots.destination, through: countDestination },
    {
      ...walkOptions(context),
      files,
      onProblem,
      onReserved: options.dryRun ? undefined : handler.reserved,
    },
    (pair) => handler.handle(pair),
  ).then(
    () => (progress.listed = true),
    (error: unknown) => {
      if (!(error instanceof RunEnded)) throw error;
    },
  );
  await handler.drain();
}

type Pages = AsyncIterable<readonly Entry[]>;

/** A listing, counted, with remembered attributes filled in. */
async function* counted(
  context: RunContext,
  place: Place,
  pages: AsyncIterable<readonly Entry[]>,
  note: (page: readonly Entry[]) => void,
): AsyncIterable<readonly Entry[]> {
  const lookUp = context.cache !== undefined && !place.driver.capabilities.completeList;
  for await (const page of pages) {
    context.signal.throwIfAborted();
    note(page);
    const entries = lookUp ? context.cache.complete(place, page) : page;
    yield place === context.source ? await withHardLinks(context, entries) : entries;
  }
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
