/** One run of rsync's command line: from what was given to a report in rsync's words. */
import type { Entry } from "@omnisync/storage";
import type { Report, SyncEvent, SyncOptions } from "@omnisync/sync";
import { openAttributeCache } from "../attribute-cache.ts";
import { engineOptions, withRsyncDefaults } from "../engine-options.ts";
import { checkRsyncCombinations } from "../flags/combinations.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import { directoryInside } from "../flag-values.ts";
import { applyTimeouts, listedFiles, otherPlaces } from "../other-places.ts";
import { keptAttributes } from "../output/itemize.ts";
import { LogFile } from "../output/rsync/log-file.ts";
import { shownName } from "../output/rsync/numbers.ts";
import {
  type RsyncCounts,
  closingLines,
  logClosing,
  noCounts,
  statsBlock,
} from "../output/rsync/rsync-counts.ts";
import { RsyncPrinter } from "../output/rsync/rsync-printer.ts";
import { openResumeStore } from "../resume-store.ts";
import type { Session } from "../session.ts";
import { listAsRsync } from "./list-as-rsync.ts";
import { narrowedDestination } from "./narrowed-destination.ts";
import { type Operand, parseOperand } from "./operands.ts";
import type { RsyncArguments } from "./parse-arguments.ts";
import {
  type FoundSources,
  type RsyncEnds,
  findSources,
  missingTarget,
  openRsyncEnds,
} from "./plan-run.ts";
import { type PrintSettings, printSettings } from "./print-settings.ts";
import { prepareDestination } from "./prepare-destination.ts";
import { rsyncCodeOfRun } from "./rsync-code-of.ts";
import { type RsyncCode, RsyncError } from "./rsync-error.ts";
import { openRsyncFilter } from "./rsync-filter.ts";
import { emptyTree } from "./source-tree.ts";

/** @returns the code of the last line; `undefined` if all was done. */
export async function transferAsRsync(
  session: Session,
  { values: given, operands }: RsyncArguments,
): Promise<RsyncCode | undefined> {
  const values = settle(withRsyncDefaults(given), session);
  applyTimeouts(session, values);
  const parsed = operands.map((text) => parseOperand(text, session));
  if (values.listOnly || parsed.length === 1) return listAsRsync(session, parsed, values);
  await checkRsyncCombinations(values);
  refuseDeleteAlone(values);
  const destination = parsed.at(-1) as Operand;
  const run = new RsyncRun(session, values, destination);
  try {
    return await run.perform(parsed.slice(0, -1));
  } finally {
    run.close();
  }
}

/** What the environment says, and what flags mean together. */
function settle(values: FlagValues, session: Session): FlagValues {
  const partialDir = session.io.env["RSYNC_PARTIAL_DIR"];
  if (values.partial && !values.inplace && partialDir) {
    values.partialDir ??= directoryInside("RSYNC_PARTIAL_DIR")(partialDir);
  }
  if (values.recursive === "archive" && values.filesFrom !== undefined) values.recursive = false;
  return values;
}

function refuseDeleteAlone({ delete: deletes, recursive, dirs, filesFrom }: FlagValues): void {
  if (!deletes || recursive || dirs || filesFrom !== undefined) return;
  throw new RsyncError("syntax", "--delete does not work without --recursive (-r) or --dirs (-d).");
}

class RsyncRun {
  readonly #session: Session;
  readonly #values: FlagValues;
  readonly #destination: Operand;
  readonly #settings: PrintSettings;
  readonly #counts: RsyncCounts = noCounts();
  readonly #log: LogFile | undefined;
  readonly #started = performance.now();
  #files: SyncOptions["files"];

  constructor(session: Session, values: FlagValues, destination: Operand) {
    this.#session = session;
    this.#values = values;
    this.#destination = destination;
    this.#settings = printSettings(values);
    this.#log =
      values.logFile === undefined ? undefined : new LogFile(session.absolute(values.logFile));
  }

  close(): void {
    this.#log?.close();
  }

  async perform(operands: readonly Operand[]): Promise<RsyncCode | undefined> {
    this.#log?.line("building file list");
    this.#files = await listedFiles(this.#session, this.#values);
    const found = await findSources(this.#session, operands, this.#values);
    const sources = found.sources.filter((source) => this.#takes(source.found.entry, source.at));
    if (sources.length > 0) this.#announce(operands);
    const complete = this.#tellMissing(found.missing);
    const reports: Report[] = [];
    if (this.#values.deleteMissingArgs && found.missing.length > 0) {
      reports.push(await this.#removeMissing(found));
    }
    if (sources.length > 0) {
      const pathMade = await this.#prepareDestination(
        sources.length === 1 && sources[0]?.found.entry.kind !== "directory",
      );
      const ends = await openRsyncEnds(this.#session, sources, this.#destination, this.#values);
      reports.push(await this.#transfer(ends, complete, pathMade));
    }
    return this.#end(reports);
  }

  #announce(operands: readonly Operand[]): void {
    if (this.#settings.info.FLIST === 0) return;
    const { recursive, deleteTimings = [], delayUpdates, pruneEmptyDirs } = this.#values;
    const atOnce =
      !recursive ||
      delayUpdates ||
      pruneEmptyDirs ||
      deleteTimings.some((when) => when === "before" || when === "after");
    const verb = operands.every(({ spot }) => spot.isLocal) ? "sending" : "receiving";
    this.#say(
      atOnce
        ? verb === "sending"
          ? "building file list ... done"
          : "receiving file list ... done"
        : `${verb} incremental file list`,
    );
  }

  /** Without -r and -d directories are no part of it. */
  #takes({ kind }: Entry, at: string): boolean {
    const { recursive, dirs, filesFrom } = this.#values;
    if (kind !== "directory" || recursive || dirs || filesFrom !== undefined) return true;
    this.#say(`skipping directory ${shownName(at || ".")}`);
    return false;
  }

  /** @returns whether nothing was missing that had to be there. */
  #tellMissing(missing: readonly Operand[]): boolean {
    const { ignoreMissingArgs, deleteMissingArgs } = this.#values;
    if (ignoreMissingArgs || deleteMissingArgs || missing.length === 0) return true;
    for (const { text, spot } of missing) {
      const path = spot.isLocal ? this.#session.absolute(text) : text;
      this.#complain(
        `rsync: [sender] link_stat "${shownName(path)}" failed: No such file or directory (2)`,
      );
      this.#counts.errors++;
    }
    return false;
  }

  async #prepareDestination(singleFile: boolean): Promise<boolean> {
    const isName = singleFile && !this.#destination.spot.trailingSlash;
    const mkpath = this.#values.mkpath ?? false;
    const prepared = await prepareDestination(this.#session, this.#destination, isName, mkpath);
    const { info, itemize } = this.#settings;
    if (prepared.message !== undefined && (info.NAME > 0 || itemize > 0))
      this.#say(prepared.message);
    return prepared.pathMade;
  }

  async #transfer(ends: RsyncEnds, complete: boolean, pathMade: boolean): Promise<Report> {
    const { rootEvent, startSync } = await import("@omnisync/sync");
    const values = this.#values;
    if (!complete && values.delete && !values.ignoreErrors) {
      this.#say("IO error encountered -- skipping file deletion");
      values.delete = false;
    }
    const tree = ends.source.driver.id.startsWith("tree:");
    const options: SyncOptions = {
      ...engineOptions(values),
      ...(await otherPlaces(this.#session, ends, values)),
      files: this.#files,
      // A tree of several sources holds only what takes part.
      ...(tree ? { recursive: true } : {}),
      maxDeleteMode: "stop",
      filter: await openRsyncFilter(this.#session, values, ends.prefix),
      signal: this.#session.signal,
    };
    const printer = this.#printer(ends);
    if (ends.rootTakesPart) {
      const root = await rootEvent(ends.source, ends.destination, options);
      printer.print(asRsyncSees(root, pathMade));
    }
    const cache =
      values.attributeCache === false
        ? undefined
        : await openAttributeCache(this.#session, [ends.source, ends.destination]);
    // A store keeps the parts of an upload; a disk has rsync's own ways.
    const keeps = options.partial && !ends.toLocal && !tree && values.resume !== false;
    const run = startSync(ends.source, ends.destination, {
      ...options,
      attributeCache: cache,
      resume: keeps ? await openResumeStore(this.#session, ends.destination.driver) : undefined,
      onEvent: (event: SyncEvent) => {
        printer.print(event);
        if (event.kind !== "copy") return;
        this.#settings.progress?.(this.#session, event, run.progress(), ends.rootTakesPart);
      },
    });
    return run.done.finally(() => cache?.close());
  }

  #printer(ends: RsyncEnds): RsyncPrinter {
    const { info, itemize, outFormat, logFormat } = this.#settings;
    const window = Math.max(this.#values.modifyWindow ?? 0, 0);
    const options = {
      ...ends,
      info,
      itemize,
      outFormat,
      logFormat,
      kept: keptAttributes(engineOptions(this.#values)),
      window,
      quiet: this.#values.quiet ?? false,
      dryRun: this.#values.dryRun ?? false,
    };
    return new RsyncPrinter(this.#session, options, this.#counts, this.#log);
  }

  /** `--delete-missing-args`: a run over what the missing sources would have become, from nothing. */
  async #removeMissing({ missing, sources }: FoundSources): Promise<Report> {
    const { startSync } = await import("@omnisync/sync");
    const { spot } = this.#destination;
    const driver = await spot.open(this.#session);
    const relative = this.#values.relative ?? false;
    const paths = missing.map((operand) => ({
      path: missingTarget(operand, relative),
      reach: "all" as const,
    }));
    const ends: RsyncEnds = {
      source: { driver: emptyTree(driver), path: "" },
      destination: { driver: narrowedDestination(driver, paths), path: "" },
      prefix: "",
      root: ".",
      toLocal: spot.isLocal,
      base: spot,
      sourceText: "",
      rootTakesPart: sources.length === 0,
    };
    const printer = this.#printer(ends);
    return startSync(ends.source, ends.destination, {
      ...engineOptions(this.#values),
      ...(await otherPlaces(this.#session, ends, this.#values)),
      files: this.#files,
      delete: true,
      allowEmptySource: true,
      maxDeleteMode: "stop",
      signal: this.#session.signal,
      onEvent: (event: SyncEvent) => printer.print(event),
    }).done;
  }

  #end(reports: readonly Report[]): RsyncCode | undefined {
    const { info, human } = this.#settings;
    const seconds = (performance.now() - this.#started) / 1000;
    const stopped = reports.find((report) => report.withheld === "too-many-deletes");
    if (stopped !== undefined) {
      this.#complain(
        `Deletions stopped due to --max-delete limit (${stopped.withheldCount} skipped)`,
      );
    }
    if (info.STATS > 1) statsBlock(this.#counts, seconds, human).forEach((line) => this.#say(line));
    const closing = closingLines(this.#counts, seconds, human, this.#values.dryRun ?? false);
    if (info.STATS > 0) closing.forEach((line) => this.#say(line));
    this.#log?.line(logClosing(this.#counts));
    const codes = reports.map((report) => rsyncCodeOfRun(report, this.#counts));
    const own = this.#counts.errors > 0 ? "partial" : undefined;
    return codes.find((code) => code !== undefined) ?? own;
  }

  #say(text: string): void {
    if (!this.#values.quiet) this.#session.out.line(text);
  }

  #complain(text: string): void {
    this.#session.note(text);
    this.#log?.line(text);
  }
}

/** With `--mkpath` the destination is there by the time that rsync looks at it. */
function asRsyncSees(root: SyncEvent, pathMade: boolean): SyncEvent {
  if (!pathMade || root.destination !== undefined) return root;
  return { ...root, kind: "unchanged", reason: "same", destination: newlyMade() };
}

/** What `--mkpath` has made by the time that rsync looks at the root. */
function newlyMade(): Entry {
  const mode = 0o777 & ~process.umask();
  return { path: "", kind: "directory", size: 0, complete: true, mtime: Date.now(), mode };
}
