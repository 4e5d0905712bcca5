/** Runs the engine for `sync`, `copy`, `move`, and prints what it tells. */
import { setImmediate } from "node:timers/promises";
import type { Report, SyncEvent, SyncOptions } from "@omnisync/sync";
import { openAttributeCache } from "./attribute-cache.ts";
import { engineOptions } from "./engine-options.ts";
import { exitCodeOfReport } from "./exit-code-of.ts";
import { summaryJson } from "./output/error-text.ts";
import { EventPrinter } from "./output/event-printer.ts";
import { keptAttributes } from "./output/itemize.ts";
import { LogFile } from "./output/rsync/log-file.ts";
import {
  asksForHelp,
  checkDebugWords,
  debugHelp,
  infoHelp,
  infoLevels,
} from "./output/rsync/output-levels.ts";
import { endedText, statsLines, summaryLine, withheldText } from "./output/summary.ts";
import { applyTimeouts, listedFiles, otherPlaces } from "./other-places.ts";
import { type Ends, openEnds } from "./places.ts";
import { openResumeStore } from "./resume-store.ts";
import type { Session } from "./session.ts";
import { type TransferFlags, checkCombinations } from "./transfer-flags.ts";
import { watch } from "./watch.ts";

export interface TransferRequest {
  readonly kind: "sync" | "copy" | "move";
  readonly source: string;
  readonly destination: string;
  readonly flags: TransferFlags;
}

/** @throws UsageError, StorageError if nothing was done; failures of single paths end in the exit code. */
export async function transfer(session: Session, request: TransferRequest): Promise<void> {
  if (answerWords(session, request.flags)) return;
  const flags = withInfo(request.flags);
  const { kind } = request;
  const { ends, options } = await prepareTransfer(session, request);
  const end = (report: Report, error?: unknown): void =>
    printEnding(session, report, { ...flags, kind, error });
  const report = await runEngine(session, ends, options, { flags, onFailure: end });
  end(report);
  session.exitCode = exitCodeOfReport(report);
}

/** Opens both ends of a transfer and turns its flags into what the engine is told. */
export async function prepareTransfer(
  session: Session,
  { source, destination, flags, kind }: TransferRequest,
): Promise<{ readonly ends: Ends; readonly options: SyncOptions }> {
  await checkCombinations(flags);
  checkDebugWords(flags.debug ?? []);
  applyTimeouts(session, flags);
  const opening = openEnds(session, source, destination);
  opening.catch(() => {});
  // Threads that will walk have begun to start then, which takes as long as loading the engine.
  await setImmediate();
  const { createFilter, parseRules } = await import("./filter-rules.ts");
  const rules = await parseRules(session, flags);
  const files = await listedFiles(session, flags);
  const ends = await opening;
  const options: SyncOptions = {
    ...engineOptions(flags),
    ...(await otherPlaces(session, ends, flags)),
    files,
    move: kind === "move" || flags.removeSourceFiles,
    filter: createFilter(rules, ends.prefix),
  };
  return { ends, options };
}

export interface Telling {
  /** What is printed of events and progress. */
  readonly flags: Partial<TransferFlags>;
  /** Told what was done before an error ended the run. */
  readonly onFailure?: (report: Report, error: unknown) => void;
}

/** Runs the engine between two opened ends; events and progress are printed as the flags say. */
export async function runEngine(
  session: Session,
  ends: Ends,
  options: SyncOptions,
  { flags, onFailure }: Telling,
): Promise<Report> {
  const { startSync } = await import("@omnisync/sync");
  const cache =
    flags.attributeCache === false
      ? undefined
      : await openAttributeCache(session, [ends.source, ends.destination]);
  const resume =
    flags.resume === false ? undefined : await openResumeStore(session, ends.destination.driver);
  const log =
    flags.logFile === undefined ? undefined : new LogFile(session.absolute(flags.logFile));
  const context = {
    ...flags,
    ...ends,
    window: options.modifyWindow,
    kept: keptAttributes(options),
  };
  const printer = new EventPrinter(session, context, log);
  try {
    const run = startSync(ends.source, ends.destination, {
      ...options,
      attributeCache: cache,
      resume,
      signal: session.signal,
      onEvent: (event: SyncEvent) => printer.print(event),
    });
    return await watch(session, run, flags, onFailure);
  } finally {
    cache?.close();
    log?.close();
  }
}

/** `--info=help` and `--debug=help`. @returns whether one was asked for. */
function answerWords(session: Session, { info, debug }: TransferFlags): boolean {
  const answer = asksForHelp(info) ? infoHelp() : asksForHelp(debug) ? debugHelp() : undefined;
  for (const line of answer ?? []) session.out.line(line);
  return answer !== undefined;
}

/** What rsync's words of `--info` mean for our own output. @throws UsageError for an unknown word. */
function withInfo(flags: TransferFlags): TransferFlags {
  if (flags.info === undefined) return flags;
  const levels = infoLevels(flags.verbose ?? 0, flags.progress ? ["progress"] : [], flags.info);
  return {
    ...flags,
    verbose: Math.min(levels.NAME, 2),
    ...(levels.PROGRESS > 0 ? { progress: true } : {}),
    stats: flags.stats ?? levels.STATS > 1,
  };
}

function printEnding(
  session: Session,
  report: Report,
  { kind, error, ...flags }: TransferFlags & Pick<TransferRequest, "kind"> & { error?: unknown },
): void {
  if (flags.json) session.out.json(summaryJson(report, error));
  if (flags.stats) for (const line of statsLines(report)) session.out.line(line);
  const ended = endedText(report);
  if (ended !== undefined) session.complain(ended);
  const withheld = withheldText(report);
  if (withheld !== undefined) session.complain(withheld);
  if (!flags.quiet && !flags.json) session.note(summaryLine(report, kind));
  if (report.interrupted) session.complain("interrupted: run the same command again to go on");
}
