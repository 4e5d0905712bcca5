/** Performs one action of a plan, if the world is still as the plan saw it. */
import {
  type Attributes,
  type Entry,
  StorageError,
  isStorageError,
  joinPath,
} from "@omnisync/storage";
import { forgetSignatureOf } from "../delta/forget-signature-of.ts";
import { removeEmptied } from "../delta/remove-emptied.ts";
import type { Pair } from "../merge/merge-join.ts";
import type { Place } from "../options.ts";
import { type PlanRules, type Step, planPair } from "../plan/plan-pair.ts";
import { resolvePlanRules } from "../plan/resolve-rules.ts";
import type { RunContext } from "../run/context.ts";
import { lookAt, resolveQuestion } from "../run/resolve-question.ts";
import { performStep } from "../run/settle-pair.ts";
import { type PlannedAction, type Preconditions, isDirectory } from "./planned-action.ts";
import { asPlanned, difference } from "./preconditions.ts";
import { isUnfinished } from "./unfinished.ts";

/** What lies at both ends of an action now. A side that does not matter to it is not looked at. */
interface Found {
  readonly source: Entry | undefined;
  readonly destination: Entry | undefined;
}

type Side = keyof Found;

const SIDES: readonly Side[] = ["source", "destination"];

export class ActionPerformer {
  readonly #context: RunContext;
  /** Decide whether a result is there already: by content and attributes, whatever else was asked for. */
  readonly #rules: PlanRules;
  /** What is kept gets a second name, which changes its etag: when an application was cut short, too. */
  readonly #linksOld: boolean;

  constructor(context: RunContext) {
    this.#context = context;
    const { options, source, destination, old } = context;
    const copiesOld = options.inplace === true || options.append !== undefined;
    this.#linksOld = old !== undefined && !copiesOld && destination.driver.hardLink !== undefined;
    const off = { ignoreTimes: false, update: false, existing: false, ignoreExisting: false };
    this.#rules = resolvePlanRules(
      { ...options, ...off },
      source.driver.capabilities,
      destination.driver.capabilities,
    );
  }

  /**
   * `left`: a limit of the run forbids to begin it.
   * @throws StorageError `precondition-failed` or `changed` where the world has moved on.
   */
  async perform(action: PlannedAction): Promise<"performed" | "done-already" | "left"> {
    const found = await this.#lookAtBoth(action);
    if (action.preconditions.destination === "absent" && found.destination !== undefined)
      await this.#context.spellings.confirm(action.path);
    if (await this.#settleDone(action, found)) return "done-already";
    if (this.#wasLeft(action, found)) return "left";
    const pair = await this.#pin(action, found);
    if (!this.#mayBegin(action)) return "left";
    try {
      await this.#carryOut(action, pair);
      return "performed";
    } catch (error) {
      this.#context.signal.throwIfAborted();
      // What refused us may be our own change, whose answer was lost.
      if (!isStorageError(error, "changed", "precondition-failed")) throw error;
      if (await this.#settleDone(action, await this.#lookAtBoth(action))) return "done-already";
      throw error;
    } finally {
      this.#context.old?.forget(action.path);
    }
  }

  /** Both entries under the etags that the plan saw. @throws StorageError `precondition-failed` */
  async #pin(action: PlannedAction, found: Found): Promise<Pair> {
    const { path, preconditions } = action;
    const pair = { path, source: found.source, destination: found.destination };
    if (await isUnfinished(this.#context, action, pair)) return pair;
    for (const side of SIDES) {
      const how = this.#howMoved(side, preconditions[side], found[side]);
      if (how === undefined) continue;
      throw new StorageError("precondition-failed", {
        path,
        message: `moved on since the plan was made: at the ${side} ${how}`,
      });
    }
    return planned(action, found);
  }

  #howMoved(
    side: Side,
    expected: Preconditions[Side],
    found: Entry | undefined,
  ): string | undefined {
    if (expected === undefined) return undefined;
    return difference(expected, found, side === "source" || !this.#linksOld);
  }

  /** A directory that was not made any more when the run had come to a limit. */
  #wasLeft({ phase }: PlannedAction, { destination }: Found): boolean {
    const isOver = this.#context.limits.end.reason !== undefined;
    return isOver && phase === "directories" && destination === undefined;
  }

  /** What has its result already is not asked about, so that applying again goes further. */
  #mayBegin(action: PlannedAction): boolean {
    const { end } = this.#context.limits;
    if (action.phase !== "transfer" && action.phase !== "replace") return true;
    return end.admits({ source: { size: action.size } }, stepOf(action));
  }

  async #lookAtBoth(action: PlannedAction): Promise<Found> {
    const [source, destination] = await this.#context.lanes.with(1, () =>
      Promise.all([this.#look(action, "source"), this.#look(action, "destination")]),
    );
    return { source, destination };
  }

  async #look(action: PlannedAction, side: Side): Promise<Entry | undefined> {
    const expected = action.preconditions[side];
    if (expected === undefined) return undefined;
    const place = this.#context[side];
    // Where directories are markers, what lies in one makes it seem to be there.
    if (action.action === "mkdir" && side === "destination" && !this.#context.rules.directories) {
      return undefined;
    }
    const found = await lookIfThere(
      this.#context,
      place,
      action.path,
      wantsDirectory(action, side),
    );
    if (found === undefined)
      return this.#wouldBeMade(action) ? directoryAt(action.path) : undefined;
    if ((found.kind === "directory") === wantsDirectory(action, side)) return found;
    // Of a file and a directory of one name only one is seen.
    const other = place.driver.capabilities.fileAndDirectory || this.#isInTheWay(action, side);
    if (!other) return found;
    return isDirectory(expected) ? directoryAt(action.path) : undefined;
  }

  /** A directory that an earlier action would have made, had this not been a dry run. */
  #wouldBeMade({ phase }: PlannedAction): boolean {
    return this.#context.options.dryRun === true && phase === "directories";
  }

  /** What the plan takes to be gone by now, or does not care about. */
  #isInTheWay(action: PlannedAction, side: Side): boolean {
    if (action.preconditions[side] !== "absent") return false;
    return side === "source" || this.#context.options.dryRun === true;
  }

  /** Tells of an action whose result is there already; a move still removes its source. */
  async #settleDone(action: PlannedAction, found: Found): Promise<boolean> {
    const { path, preconditions } = action;
    const { source, destination } = found;
    const unchanged = (): boolean => {
      const event = { kind: "unchanged", path, reason: "same", source, destination } as const;
      this.#context.emit({ ...event, bytes: 0 });
      return true;
    };
    switch (action.action) {
      case "mkdir":
        return destination?.kind === "directory" && unchanged();
      case "remove":
        return (await this.#isOutOfTheWay(action, destination)) && unchanged();
      case "remove-source":
        return source === undefined && unchanged();
      case "copy":
      case "link":
      case "attributes":
    }
    if (action.attributes !== undefined) {
      return this.#hasAttributes(destination, action.attributes) && unchanged();
    }
    if (destination === undefined) return false;
    // Of a directory the plan tells no more than that it is one.
    const isTold = !isDirectory(preconditions.destination);
    const expected = preconditions.destination ?? "absent";
    if (isTold && this.#howMoved("destination", expected, destination) === undefined) return false;
    if (source === undefined) {
      // A move that came this far: the source went after its copy was verified.
      return this.#isMoved(preconditions.source, destination) && unchanged();
    }
    if (difference(preconditions.source ?? "absent", source) !== undefined) return false;
    const pair = await this.#sameNow({ path, source, destination });
    if (pair === undefined) return false;
    await performStep(this.#context, pair, { kind: "unchanged" });
    return true;
  }

  /** Gone, or replaced by what it was removed for. */
  async #isOutOfTheWay(action: PlannedAction, found: Entry | undefined): Promise<boolean> {
    if (found === undefined) return true;
    const { path, phase, preconditions } = action;
    const wasDirectory = isDirectory(preconditions.destination);
    const isNow = found.kind === "directory";
    if (phase === "transfer") return isNow && !wasDirectory;
    if (isNow || !wasDirectory) return false;
    const source = await this.#context.lanes.with(1, () =>
      lookIfThere(this.#context, this.#context.source, path, false),
    );
    if (source === undefined || source.kind === "directory") return false;
    return (await this.#sameNow({ path, source, destination: found })) !== undefined;
  }

  /** The pair with all that was asked to find that nothing is left to do; `undefined` if something is. */
  async #sameNow(pair: Pair): Promise<Pair | undefined> {
    let current = pair;
    let step = planPair(current, this.#rules);
    while (step.kind === "ask") {
      const { what } = step;
      const asked = current;
      current = await this.#context.lanes.with(1, () =>
        resolveQuestion(this.#context, asked, what),
      );
      step = planPair(current, this.#rules);
    }
    return step.kind === "unchanged" ? current : undefined;
  }

  /** Whether the destination is the copy of a source that is gone, as far as what the plan saw of it tells. */
  #isMoved(source: Preconditions["source"], destination: Entry): boolean {
    const { options } = this.#context;
    if (!options.move || source === undefined || source === "absent") return false;
    if (source.kind === "symlink") return destination.linkTarget === source.linkTarget;
    if (source.size !== destination.size) return false;
    const { mtimeWindow: window } = this.#rules;
    if (options.preserveTimes === false || window === undefined) return true;
    const mtime = source.mtime ?? source.storedAt;
    return mtime === undefined || Math.abs((destination.mtime ?? Infinity) - mtime) <= window;
  }

  #hasAttributes(found: Entry | undefined, { mtime, mode, ...rest }: Attributes): boolean {
    if (found?.kind !== "directory" || Object.values(rest).some((value) => value !== undefined)) {
      return false;
    }
    if (mode !== undefined && found.mode !== mode) return false;
    if (mtime === undefined) return true;
    const window = this.#rules.mtimeWindow ?? 0;
    return found.mtime !== undefined && Math.abs(found.mtime - mtime) <= window;
  }

  async #carryOut(action: PlannedAction, pair: Pair): Promise<void> {
    if (action.attributes !== undefined) return this.#setDirectory(action, action.attributes);
    if (action.phase === "remove") return this.#removeExtra(action, pair);
    return performStep(this.#context, pair, stepOf(action));
  }

  async #setDirectory({ path, reason }: PlannedAction, attributes: Attributes): Promise<void> {
    const { destination, options, signal, emit } = this.#context;
    if (!options.dryRun) {
      const full = joinPath(destination.path, path);
      await destination.driver.setAttributes?.(full, attributes, { signal });
    }
    if (reason !== undefined) emit({ kind: "attributes", path, reason, bytes: 0 });
  }

  async #removeExtra({ path, reason }: PlannedAction, { destination }: Pair): Promise<void> {
    const { options, old, emit } = this.#context;
    try {
      if (!options.dryRun) await this.#context.lanes.with(1, () => this.#remove(destination!));
      const backup = destination!.kind === "directory" ? undefined : old?.nameOf(path);
      emit({ kind: "remove", path, reason, destination, bytes: 0, backup });
    } catch (error) {
      // It holds what a filter left out of the plan, or what came since: then it stays, as in a sync.
      if (!isStorageError(error, "directory-not-empty")) throw error;
      emit({ kind: "skip", path, reason, bytes: 0 });
    }
  }

  async #remove(found: Entry): Promise<void> {
    const { driver, path: root } = this.#context.destination;
    const { signal, old } = this.#context;
    const full = joinPath(root, found.path);
    if (found.kind === "directory") return removeEmptied(driver, full, signal);
    const entry = old === undefined ? found : (await old.keep(found.path, found)).entry;
    if (entry === undefined) return;
    const ifMatch = driver.capabilities.conditions.remove ? entry.etag : undefined;
    await driver.remove(full, { ifMatch, signal });
    await forgetSignatureOf(this.#context.destination, found, this.#context);
  }
}

function directoryAt(path: string): Entry {
  return { path, kind: "directory", size: 0, complete: true };
}

/** A file where a directory should be means that nothing can lie in it. */
async function lookIfThere(
  context: RunContext,
  place: Place,
  path: string,
  directory: boolean,
): Promise<Entry | undefined> {
  try {
    return await lookAt(context, place, path, directory);
  } catch (error) {
    if (isStorageError(error, "not-found", "not-a-directory")) return undefined;
    throw error;
  }
}

/** Whether what an action expects at a side, or expects to be missing there, is a directory. */
function wantsDirectory({ action, preconditions }: PlannedAction, side: Side): boolean {
  const expected = preconditions[side];
  if (expected !== "absent") return isDirectory(expected);
  return action === "mkdir" || (action === "remove" && isDirectory(preconditions.destination));
}

/** Both entries under the etags that the plan saw. */
function planned({ path, preconditions }: PlannedAction, found: Found): Pair {
  const pin = (side: Side): Entry | undefined => {
    const expected: Preconditions[Side] = preconditions[side];
    const entry = found[side];
    return entry === undefined || expected === undefined || expected === "absent"
      ? undefined
      : asPlanned(expected, entry);
  };
  return { path, source: pin("source"), destination: pin("destination") };
}

function stepOf({ action, reason = "new" }: PlannedAction): Step {
  switch (action) {
    case "copy":
      return { kind: "copy", reason, when: "now" };
    case "link":
    case "mkdir":
    case "attributes":
      return { kind: action, reason };
    case "remove":
      return { kind: "remove", when: "now" };
    case "remove-source":
      return { kind: "unchanged" };
  }
}
