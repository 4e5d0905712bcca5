/** Runs the engine for `sync`, `copy`, `move`, and prints what it tells. */
import type { Report, SyncEvent, SyncOptions, SyncRun } from "@omnisync/sync";
import { openAttributeCache } from "./attribute-cache.ts";
import { exitCodeOfReport } from "./exit-code-of.ts";
import { EventPrinter } from "./output/event-printer.ts";
import { ProgressDisplay } from "./output/progress-display.ts";
import { statsLines, summaryLine, withheldText } from "./output/summary.ts";
import { type Ends, openEnds } from "./places.ts";
import type { Session } from "./session.ts";
import { type TransferFlags, checkCombinations } from "./transfer-flags.ts";

export interface TransferRequest {
  readonly kind: "sync" | "copy" | "move";
  readonly source: string;
  readonly destination: string;
  readonly flags: TransferFlags;
}

/** @throws UsageError, StorageError if nothing was done; failures of single paths end in the exit code. */
export async function transfer(session: Session, request: TransferRequest): Promise<void> {
  const { source, destination, flags } = request;
  checkCombinations(flags);
  const { createFilter, parseRules } = await import("./filter-rules.ts");
  const rules = parseRules(flags.rules);
  const ends = await openEnds(session, source, destination);
  const options: SyncOptions = {
    ...engineOptions(flags),
    move: request.kind === "move",
    filter: createFilter(rules, ends.prefix),
  };
  const report = await runEngine(session, ends, options, flags);
  printEnding(session, report, flags, request.kind);
  session.exitCode = exitCodeOfReport(report);
}

/** Runs the engine between two opened ends; events and progress are printed as the flags say. */
export async function runEngine(
  session: Session,
  ends: Ends,
  options: SyncOptions,
  flags: Partial<TransferFlags>,
): Promise<Report> {
  const { startSync } = await import("@omnisync/sync");
  const cache =
    flags.attributeCache === false
      ? undefined
      : await openAttributeCache(session, [ends.source, ends.destination]);
  const printer = new EventPrinter(session, { ...flags, ...ends, window: options.modifyWindow });
  try {
    const run = startSync(ends.source, ends.destination, {
      ...options,
      attributeCache: cache,
      signal: session.signal,
      onEvent: (event: SyncEvent) => printer.print(event),
    });
    return await watch(session, run, flags);
  } finally {
    cache?.close();
  }
}

async function watch(
  session: Session,
  run: SyncRun,
  flags: Partial<TransferFlags>,
): Promise<Report> {
  const display = ProgressDisplay.start(session, () => run.progress(), flags);
  try {
    return await run.done;
  } finally {
    display?.stop();
  }
}

function engineOptions(flags: TransferFlags): SyncOptions {
  return {
    checksum: flags.checksum,
    sizeOnly: flags.sizeOnly,
    update: flags.update,
    existing: flags.existing,
    ignoreExisting: flags.ignoreExisting,
    modifyWindow: flags.modifyWindow,
    preserveMode: flags.perms,
    delete: flags.delete,
    maxDelete: flags.maxDelete,
    allowEmptySource: flags.allowEmptySource,
    dryRun: flags.dryRun,
    links: flags.skipLinks ? "skip" : "keep",
    dirMarkers: flags.dirMarkers,
    jobs: flags.jobs,
    bandwidth: flags.bwlimit,
    durable: flags.fsync,
  };
}

function printEnding(
  session: Session,
  report: Report,
  flags: TransferFlags,
  kind: TransferRequest["kind"],
): void {
  if (flags.json) session.out.json(summaryJson(report));
  if (flags.stats) for (const line of statsLines(report)) session.out.line(line);
  const withheld = withheldText(report);
  if (withheld !== undefined) session.complain(withheld);
  if (!flags.quiet && !flags.json) session.note(summaryLine(report, kind));
  if (report.interrupted) session.complain("interrupted: run the same command again to go on");
}

function summaryJson(report: Report): object {
  // Each failure was a line of its own.
  return { kind: "summary", ...report, failures: undefined };
}
