/**
 * Makes a plan: a dry run of the engine, whose events are kept as actions. So a plan decides what
 * `sync` decides, questions that need attributes or hashes included, and nothing is decided twice.
 */
import { StorageError } from "@omnisync/storage";
import type { Attributes, Entry } from "@omnisync/storage";
import { checkOptions } from "../check-options/check-options.ts";
import type { SyncEvent } from "../events.ts";
import type { Filter } from "../filter/filter.ts";
import type { Place, SyncOptions } from "../options.ts";
import { chooseStrategy } from "../plan/choose-strategy.ts";
import type { Report } from "../report.ts";
import { startRun } from "../sync.ts";
import { ActionSpool } from "./action-spool.ts";
import { carryOptions } from "./carried-options.ts";
import { type BothSides, NO_REQUESTS, countRequests } from "./count-requests.ts";
import {
  PLAN_FORMAT,
  PLAN_VERSION,
  type PlanHeader,
  type PlanTotals,
  type PlannedPlace,
} from "./plan-header.ts";
import {
  PHASES,
  type Phase,
  type PlannedAction,
  type PlannedEntry,
  plannedEntry,
} from "./planned-action.ts";
import { priceOf } from "./price-of.ts";
import { DEFAULT_PRICES, type PriceTable } from "./price-table.ts";

export interface PlanOptions extends SyncOptions {
  /** Default: the built-in table. */
  readonly prices?: PriceTable | undefined;
  /** What opens each place again; stands in the plan, so nothing secret. Default: nothing is told. */
  readonly open?: {
    readonly source?: PlannedPlace["open"];
    readonly destination?: PlannedPlace["open"];
  };
  /** When the plan was made. Default: now. */
  readonly created?: Date | undefined;
}

/** A plan to look at, write down or apply. Its actions may be gone through any number of times. */
export interface Plan {
  readonly header: PlanHeader;
  /** In the order in which they are to be performed. Bounded memory. */
  actions(): AsyncIterable<PlannedAction>;
  /** Frees what the plan holds on disk. */
  close(): Promise<void>;
}

/** A plan that was just made, with what the dry run reported: paths that failed are not in the plan. */
export interface NewPlan extends Plan {
  readonly report: Report;
}

/**
 * Plans what `sync` with these options would do now. Changes nothing.
 * @throws StorageError what `sync` throws; `unsupported` for an option that a plan cannot carry;
 *   `aborted` if the signal fires, and what a store answers that is lost (SY-371), since half a plan is none.
 */
export async function plan(
  source: Place,
  destination: Place,
  options: PlanOptions = {},
): Promise<NewPlan> {
  const { prices, open, created, ...engine } = options;
  checkOptions(engine);
  const carried = carryOptions(engine, destination);
  const collector = new ActionCollector(source, destination, engine);
  try {
    const run = startRun(
      source,
      destination,
      {
        ...engine,
        dryRun: true,
        onEvent: (event) => {
          collector.add(event);
          engine.onEvent?.(event);
        },
      },
      { onDirectory: (path, attributes, report) => collector.addTimes(path, attributes, report) },
    );
    const report = await run.done;
    if (report.interrupted)
      throw new StorageError("aborted", { message: "planning was interrupted" });
    if (report.ended !== undefined) throw whyEnded(report);
    const unpriced = {
      format: PLAN_FORMAT,
      version: PLAN_VERSION,
      created: (created ?? new Date()).toISOString(),
      source: { ...placeOf(source), open: open?.source },
      destination: { ...placeOf(destination), open: open?.destination },
      options: carried,
      totals: collector.totals(report),
      requests: collector.requests,
    } as const;
    return {
      header: { ...unpriced, cost: priceOf(unpriced, prices ?? DEFAULT_PRICES) },
      report,
      actions: () => collector.actions(),
      close: () => collector.close(),
    };
  } catch (error) {
    await collector.close();
    throw error;
  }
}

/** The failure by which a store was lost. */
function whyEnded({ ended, failures }: Report): StorageError {
  const last = failures.findLast(({ error }) => error.code === ended) ?? failures.at(-1);
  return last?.error ?? new StorageError("unavailable");
}

/** How a place is named in a plan. */
export function placeOf({ driver, path }: Place): PlannedPlace {
  return { driver: driver.name, id: driver.id, path };
}

/** Turns events into actions and adds them up. */
class ActionCollector {
  readonly #source: Place;
  readonly #destination: Place;
  readonly #options: SyncOptions;
  readonly #spools: Readonly<Record<Phase, ActionSpool>> = {
    // Questions are asked many at once, so that answers come in any order.
    transfer: new ActionSpool({ sorted: true }),
    remove: new ActionSpool({ sorted: false }),
    replace: new ActionSpool({ sorted: false }),
    directories: new ActionSpool({ sorted: false }),
  };
  readonly requests: BothSides = { source: { ...NO_REQUESTS }, destination: { ...NO_REQUESTS } };
  #actions = 0;
  #bytes = 0;
  #bytesServerCopied = 0;
  #bytesRemoved = 0;
  #last: SyncEvent | undefined;

  constructor(source: Place, destination: Place, options: SyncOptions) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
  }

  add(event: SyncEvent): void {
    const last = this.#last;
    this.#last = event;
    switch (event.kind) {
      case "copy":
        return this.#addCopy(event);
      case "link":
      case "mkdir":
        return this.#push("transfer", event.kind, event, 0);
      case "attributes":
        // Those of real directories have no source, and come by `addTimes`.
        if (event.source !== undefined) this.#push("transfer", "attributes", event, 0);
        return;
      case "remove":
        return this.#addRemoval(event);
      case "remove-source":
        // Part of the copy before it; on its own only where the destination had everything already.
        if (last?.path === event.path && last.kind === "unchanged") {
          this.#push("transfer", "remove-source", { ...last, reason: event.reason }, 0);
        }
        return;
      case "unchanged":
      case "skip":
      case "withheld":
      case "ignored":
      case "upload-left":
      case "kept":
      case "failed":
    }
  }

  /** A directory that gets its own times and mode when all else is done. */
  addTimes(path: string, attributes: Attributes, report: boolean): void {
    this.#save({
      phase: "directories",
      action: "attributes",
      path,
      ...(report ? { reason: "mtime" } : {}),
      size: 0,
      attributes,
      preconditions: { destination: DIRECTORY },
    });
  }

  totals(report: Report): PlanTotals {
    return {
      actions: this.#actions,
      files: report.created + report.replaced,
      created: report.created,
      replaced: report.replaced,
      bytes: this.#bytes,
      bytesServerCopied: this.#bytesServerCopied,
      directories: report.directoriesCreated,
      links: report.linksWritten,
      attributes: report.attributesSet,
      removals: report.removed,
      bytesRemoved: this.#bytesRemoved,
      sourcesRemoved: report.sourcesRemoved,
      unchanged: report.unchanged,
      skipped: report.skipped,
      ignored: report.ignored,
      failed: report.failed,
      withheldCount: report.withheldCount,
      withheld: report.withheld,
    };
  }

  async *actions(): AsyncIterable<PlannedAction> {
    for (const phase of PHASES) yield* this.#spools[phase].actions();
  }

  async close(): Promise<void> {
    for (const phase of PHASES) this.#spools[phase].close();
  }

  #addCopy(event: SyncEvent): void {
    const { size } = event.source!;
    const strategy = this.#strategy(size, event.destination);
    this.#bytes += size;
    if (strategy === "server-copy") this.#bytesServerCopied += size;
    // Only a file that takes the place of a directory has its type as the reason and nothing before it.
    const isLast = event.reason === "type" && event.destination === undefined;
    this.#push(isLast ? "replace" : "transfer", "copy", { ...event, strategy }, size);
  }

  #addRemoval(event: SyncEvent): void {
    const size = event.destination?.size ?? 0;
    this.#bytesRemoved += size;
    const action: PlannedAction = {
      phase: event.reason === "type" ? "transfer" : "remove",
      action: "remove",
      path: event.path,
      reason: event.reason,
      size,
      preconditions: {
        source: event.reason === "type" ? DIRECTORY : this.#absentAtSource(),
        destination: plannedEntry(event.destination!),
      },
    };
    this.#save(action, event.backup !== undefined);
  }

  /** Where options hide what the source has, an extra says nothing about what lies there. */
  #absentAtSource(): "absent" | undefined {
    const { filter, deleteExcluded, pruneEmptyDirs, oneFileSystem, recursive, links } =
      this.#options;
    const filtered = filter !== undefined && isOneSided(filter);
    const walked = pruneEmptyDirs || oneFileSystem || recursive === false || links === "safe";
    return filtered || deleteExcluded || walked ? undefined : "absent";
  }

  #push(phase: Phase, action: PlannedAction["action"], event: SyncEvent, size: number): void {
    const { path, reason, strategy, source, destination, backup } = event;
    const preconditions = { source: orAbsent(source), destination: orAbsent(destination) };
    const planned = { phase, action, path, reason, size, strategy, preconditions };
    this.#save(planned, backup !== undefined);
  }

  #save(action: PlannedAction, keepsOld: boolean = false): void {
    this.#actions++;
    const besides = { keepsOld, delayed: this.#options.delayUpdates === true };
    countRequests(action, this.#source, this.#destination, this.requests, besides);
    this.#spools[action.phase].push(action);
  }

  #strategy(size: number, previous: Entry | undefined): SyncEvent["strategy"] {
    const from = this.#source.driver;
    const to = this.#destination.driver;
    const { inplace, append } = this.#options;
    const isWrittenInto = inplace === true || (append && (previous?.size ?? 0) < size);
    if (to.patch !== undefined && previous?.kind === "file" && isWrittenInto) return "stream";
    return chooseStrategy({
      size,
      source: from.capabilities,
      destination: to.capabilities,
      copyable: to.canCopyFrom?.(from) ?? false,
      throttled: this.#options.bandwidth !== undefined,
    });
  }
}

/** Whether a filter may leave a path out at one side and not at the other. */
function isOneSided({ limits, items }: Filter): boolean {
  const both = items.every((item) => item.kind === "rule" && /default|both/.test(item.sides));
  return limits !== undefined || !both;
}

const DIRECTORY: PlannedEntry = { kind: "directory", size: 0 };

function orAbsent(entry: Entry | undefined): PlannedEntry | "absent" {
  return entry === undefined ? "absent" : plannedEntry(entry);
}
