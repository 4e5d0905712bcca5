/**
 * Which entries of the destination that the source lacks are extras: not those that rules protect, nor
 * anything in a directory that is protected, unless the source has that directory. The rules of the
 * destination's side count, with the rule files that will be there when extras are removed.
 */
import { type Entry, type StorageError, parentPath } from "@omnisync/storage";
import type { Filter } from "../filter/filter.ts";
import type { FilterRule } from "../filter/filter-rule.ts";
import type { FilterScope } from "../filter/filter-scope.ts";
import { isWithinLimits } from "../filter/limits.ts";
import type { RuleFile } from "../filter/rule-file.ts";
import type { EntryCursor } from "../merge/entry-cursor.ts";
import type { DeleteOptions } from "../options/delete-options.ts";
import type { Place } from "../options.ts";
import { openFilter, readRuleFile } from "./filter-side.ts";
import { type Fate, type LeftOut, ScopeStack } from "./scope-stack.ts";

export interface JudgeOptions extends Pick<DeleteOptions, "deleteExcluded" | "deleteTiming"> {
  readonly filter: Filter;
  readonly signal?: AbortSignal | undefined;
  readonly onProblem: (problem: StorageError, path: string) => void;
}

/** A rule; a rule file that could not be read; limits of size or age. */
export type Protection = LeftOut | "limits";

export class ExtraJudge {
  readonly #stack: ScopeStack;
  readonly #filter: Filter;
  /** Where the whole source is left out, nothing is an extra. */
  readonly #sourceLeftOut: LeftOut | undefined;
  /** The last path where a directory of the destination gives way to a file. */
  readonly #replaced: { path?: string };
  /** Rule files of the destination count as they are before anything is written beside them. */
  readonly #readsAhead: boolean;

  private constructor(
    stack: ScopeStack,
    options: JudgeOptions,
    sourceLeftOut: LeftOut | undefined,
    replaced: { path?: string },
  ) {
    const { filter, deleteTiming = "after" } = options;
    this.#stack = stack;
    this.#filter = filter;
    this.#sourceLeftOut = sourceLeftOut;
    this.#replaced = replaced;
    this.#readsAhead = filter.readsFiles && deleteTiming !== "after";
  }

  static async open(
    source: Place,
    destination: Place,
    listed: Pick<EntryCursor, "has">,
    options: JudgeOptions,
  ): Promise<ExtraJudge> {
    const { filter, deleteExcluded, signal, onProblem } = options;
    const above = await openFilter(source, filter, { side: "source", signal });
    const read = ruleFileReader(source, destination, above, options);
    const scope = await openFilter(destination, filter, {
      side: "destination",
      deleteExcluded,
      signal,
      read,
    });
    const replaced: { path?: string } = {};
    const fateOf = (path: string): Fate =>
      path === replaced.path ? "is-replaced" : listed.has(path) ? "stays" : "goes";
    const top = above.findRoot();
    const leftOut = top?.include === false ? { rule: top, path: "" } : undefined;
    return new ExtraJudge(new ScopeStack(scope, onProblem, fateOf), options, leftOut, replaced);
  }

  /** To be told of every other pair, before anything is done about it. */
  reach(path: string): Promise<void> | undefined {
    return this.#readsAhead ? this.#stack.enter(parentPath(path)) : undefined;
  }

  /**
   * Why an entry that the source lacks is no extra; `undefined`: it is one. A promise only where rule
   * files are read.
   */
  protection(entry: Entry): Protection | undefined | Promise<Protection | undefined> {
    const pending = this.#stack.enter(parentPath(entry.path));
    return pending === undefined ? this.#decide(entry) : pending.then(() => this.#decide(entry));
  }

  /** The rule for a path in the directory of the last one that was judged, whatever it says. */
  decides(path: string, isDirectory: boolean): FilterRule | undefined {
    return this.#stack.decides(path, isDirectory);
  }

  /** Whether a directory above the last path that was judged is to be removed itself. */
  isRemoved(directory: string): boolean {
    return this.#stack.isRemoved(directory);
  }

  /** To be told of every directory in the way of a file, before what is in it. */
  noteReplaced(path: string): void {
    this.#replaced.path = path;
  }

  #decide(entry: Entry): Protection | undefined {
    if (this.#sourceLeftOut !== undefined) return this.#sourceLeftOut;
    const isDirectory = entry.kind === "directory";
    if (isDirectory && entry.path === this.#replaced.path) return undefined;
    const left = this.#stack.leaves(entry.path, isDirectory);
    if (left !== undefined) return left;
    const { limits } = this.#filter;
    const isOut = limits?.protect === true && isWithinLimits(entry, limits) !== true;
    return isOut ? "limits" : undefined;
  }
}

/**
 * Extras go when everything has been transferred, so a rule file that the source has is the one that
 * counts, unless it is left out itself. Where extras go before, the destination's own counts.
 */
function ruleFileReader(
  source: Place,
  destination: Place,
  above: FilterScope,
  { deleteTiming = "after", signal }: JudgeOptions,
): (path: string) => Promise<RuleFile | undefined> {
  const own = (path: string): Promise<RuleFile | undefined> =>
    readRuleFile(destination, path, signal);
  if (deleteTiming !== "after") return own;
  // What is wrong at the source its own walk tells.
  const stack = new ScopeStack(above, () => {});
  return async (path) => {
    await stack.enter(parentPath(path));
    const sent =
      stack.leaves(path, false) === undefined
        ? await readRuleFile(source, path, signal)
        : undefined;
    return sent ?? own(path);
  };
}
