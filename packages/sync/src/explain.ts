/** Why one path would be copied, skipped, removed or kept: the same rules and plan as a run's, for one path. */
import {
  type Entry,
  StorageError,
  checkPath,
  isWithin,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import { checkOptions } from "./check-options/check-options.ts";
import type { Reason } from "./events.ts";
import type { FilterRule } from "./filter/filter-rule.ts";
import { Filter } from "./filter/filter.ts";
import type { Pair } from "./merge/merge-join.ts";
import type { Place, SyncOptions } from "./options.ts";
import { type Step, planPair } from "./plan/plan-pair.ts";
import { resolvePlanRules } from "./plan/resolve-rules.ts";
import { lookAt, resolveQuestion } from "./run/resolve-question.ts";
import { viewDestination, viewSource } from "./run/view-places.ts";
import { ExtraJudge } from "./walk/extra-judge.ts";
import { openFilter } from "./walk/filter-side.ts";
import { type ListedPath, PathList } from "./walk/path-list.ts";
import { type LeftOut, ScopeStack } from "./walk/scope-stack.ts";

export type ExplainOptions = Omit<SyncOptions, "dryRun" | "onEvent">;

/** A rule, and the path that it matched: the one asked for, or a directory above it. */
export interface Decision {
  readonly rule: FilterRule;
  readonly path: string;
}

export interface SideExplanation {
  /** What lies there, left out or not. */
  readonly entry: Entry | undefined;
  /** At the source: whether it takes part. At the destination: whether it may be removed as an extra. */
  readonly included: boolean;
  /** The rule that decided; `undefined`: none matched. */
  readonly decision: Decision | undefined;
}

/**
 * - `copy`, `link`, `mkdir`, `attributes`, `unchanged`, `skip`, `ignored`, `remove`, `fail`: what a run
 *   would do, as its events call it.
 * - `keep`: an extra that stays because extras are not removed. `protected`: one that a rule, or a limit of
 *   size or age, keeps.
 * - `left-out`: only the source has it, and it does not take part. `nothing`: it is on neither side.
 * - `not-listed`: it is none of the `files`, so that no run looks at it.
 */
export type Outcome =
  | Exclude<Step["kind"], "ask">
  | "protected"
  | "left-out"
  | "nothing"
  | "not-listed";

export interface Explanation {
  readonly path: string;
  readonly source: SideExplanation;
  readonly destination: SideExplanation;
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
  /** For `fail`: why. */
  readonly message?: string | undefined;
}

/**
 * Looks at the path on both sides and changes nothing. What other paths would lead to is not looked
 * at: that a failure elsewhere withholds removals, say.
 * @throws StorageError `invalid-path`; `invalid-argument` as `sync`; what a store answers; what is wrong in a rule file.
 */
export async function explain(
  path: string,
  source: Place,
  destination: Place,
  options: ExplainOptions = {},
): Promise<Explanation> {
  checkPath(path);
  checkOptions(options);
  const run = new Explainer(source, destination, options);
  return run.explain(path);
}

/** It is named, is a directory above what is, is in a directory that is, or is nothing of these. */
type PlaceInList = "named" | "above" | "below" | "no";

class Explainer {
  readonly source: Place;
  readonly destination: Place;
  readonly signal: AbortSignal;
  readonly cache: undefined;
  readonly #options: ExplainOptions;
  readonly #filter: Filter;
  #listed: PlaceInList | undefined;

  constructor(source: Place, destination: Place, options: ExplainOptions) {
    this.source = viewSource(source, options);
    this.destination = viewDestination(destination, options);
    this.signal = options.signal ?? new AbortController().signal;
    this.#options = options;
    this.#filter = options.filter ?? new Filter();
  }

  async explain(path: string): Promise<Explanation> {
    this.#listed = await this.#placeInList(path);
    const [from, to] = await Promise.all([
      lookAt(this, this.source, path),
      lookAt(this, this.destination, path),
    ]);
    const isDirectory = (from ?? to)?.kind === "directory";
    const source = await this.#sourceSide(path, from, isDirectory);
    const destination = await this.#destinationSide(path, to);
    if (this.#listed === "no") return { path, source, destination, outcome: "not-listed" };
    const taken = source.included ? from : undefined;
    if (taken === undefined && this.#listed !== undefined && this.#listed !== "below") {
      return { path, source, destination, ...this.#missing(from, to) };
    }
    if (taken === undefined && to === undefined) {
      const outcome = from === undefined ? "nothing" : "left-out";
      return { path, source, destination, outcome };
    }
    if (taken === undefined && !destination.included) {
      return { path, source, destination, outcome: "protected" };
    }
    const step = await this.#plan({ path, source: taken, destination: to });
    const { kind, reason, message } = { reason: undefined, message: undefined, ...step };
    return { path, source, destination, outcome: kind, reason, message };
  }

  /** Where the path stands in the list of `files`, if there is one. */
  async #placeInList(path: string): Promise<PlaceInList | undefined> {
    const { files, recursive = true } = this.#options;
    if (files === undefined) return undefined;
    const list = await PathList.create(files);
    let found: PlaceInList = "no";
    try {
      for await (const batch of list.batches()) {
        for (const listed of batch) {
          const place = placeOf(path, listed, recursive);
          if (place === "named") return place;
          if (place !== "no") found = place;
        }
      }
    } finally {
      await list.close();
    }
    return found;
  }

  /** What a run does about a path that is listed, or on the way to one, and does not take part. */
  #missing(
    from: Entry | undefined,
    to: Entry | undefined,
  ): Pick<Explanation, "outcome" | "message"> {
    const { deleteMissing, ignoreMissing } = this.#options;
    if (from !== undefined) return { outcome: to === undefined ? "left-out" : "protected" };
    if (this.#listed === "named" && deleteMissing && to !== undefined) return { outcome: "remove" };
    if (this.#listed === "named" && !deleteMissing && !ignoreMissing)
      return { outcome: "fail", message: "it is listed, and is not at the source" };
    return { outcome: to === undefined ? "nothing" : "protected" };
  }

  async #sourceSide(
    path: string,
    entry: Entry | undefined,
    isDirectory: boolean,
  ): Promise<SideExplanation> {
    const { recursive = true, directories } = this.#options;
    const stack = await this.#sourceStack();
    await stack.enter(parentPath(path));
    const left = stack.leaves(path, isDirectory);
    const decision = decisionOf(left, stack, path, isDirectory);
    const isReached =
      this.#listed === undefined
        ? recursive || (!path.includes("/") && (!isDirectory || directories === true))
        : this.#listed !== "no";
    return { entry, included: left === undefined && isReached, decision };
  }

  async #destinationSide(path: string, entry: Entry | undefined): Promise<SideExplanation> {
    const present = await this.#directoriesOfSource(path);
    const judge = await ExtraJudge.open(
      this.source,
      this.destination,
      { has: (directory) => present.has(directory) },
      { ...this.#options, filter: this.#filter, signal: this.signal, onProblem: rethrow },
    );
    const shown = entry ?? { path, kind: "file", size: 0, complete: true };
    const kept = await judge.protection(shown);
    const decision =
      kept === "limits" ? undefined : decisionOf(kept, judge, path, shown.kind === "directory");
    return { entry, included: kept === undefined, decision };
  }

  /** The directories at or above the path that the source has and that take part. */
  async #directoriesOfSource(path: string): Promise<ReadonlySet<string>> {
    const present = new Set<string>();
    const stack = await this.#sourceStack();
    const names = path.split("/");
    for (let depth = 1; depth <= names.length; depth++) {
      const directory = names.slice(0, depth).join("/");
      const { driver, path: root } = this.source;
      const entry = await driver.stat(joinPath(root, directory), { signal: this.signal });
      await stack.enter(parentPath(directory));
      if (entry?.kind !== "directory" || stack.leaves(directory, true) !== undefined) break;
      present.add(directory);
    }
    return present;
  }

  async #sourceStack(): Promise<ScopeStack> {
    const { signal } = this;
    const scope = await openFilter(this.source, this.#filter, { side: "source", signal });
    return new ScopeStack(scope, rethrow);
  }

  async #plan(pair: Pair): Promise<Exclude<Step, { readonly kind: "ask" }>> {
    const { capabilities } = this.destination.driver;
    const rules = resolvePlanRules(this.#options, this.source.driver.capabilities, capabilities);
    let current = withObstacle(pair, capabilities.fileAndDirectory);
    for (;;) {
      const step = planPair(current, rules);
      if (step.kind !== "ask") return step;
      current = await resolveQuestion(this, current, step.what);
    }
  }
}

function placeOf(path: string, listed: ListedPath, recursive: boolean): PlaceInList {
  if (listed.path === path) return "named";
  if (isWithin(path, listed.path)) return "above";
  const comesWith = recursive || (listed.inside && parentPath(path) === listed.path);
  return comesWith && isWithin(listed.path, path) ? "below" : "no";
}

/** A directory on one side and something else on the other, as the merge of two listings puts it. */
function withObstacle(pair: Pair, fileAndDirectory: boolean): Pair {
  const { source, destination } = pair;
  if (fileAndDirectory || source === undefined || destination === undefined) return pair;
  if (source.kind === "directory" && destination.kind !== "directory") {
    return { ...pair, destination: undefined };
  }
  return source.kind !== "directory" && destination.kind === "directory"
    ? { ...pair, destination: undefined, obstacle: "directory-at-destination" }
    : pair;
}

function decisionOf(
  left: LeftOut | undefined,
  rules: Pick<ScopeStack, "decides">,
  path: string,
  isDirectory: boolean,
): Decision | undefined {
  if (left === "unreadable") {
    throw new StorageError("permission-denied", {
      path,
      message: "a rule file above it cannot be read",
    });
  }
  if (left !== undefined) return left;
  const rule = rules.decides(path, isDirectory);
  return rule && { rule, path };
}

function rethrow(problem: StorageError): never {
  throw problem;
}
