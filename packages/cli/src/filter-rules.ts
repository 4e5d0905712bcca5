/**
 * `--include` and `--exclude`. As in rsync, patterns are matched against paths from the root of the
 * transfer, which holds the directory's own name where the source has no slash at its end.
 */
import { Filter, type FilterRule, parseFilterRule } from "@omnisync/sync";
import { errorText } from "./output/error-text.ts";
import { UsageError } from "./usage-error.ts";

/** One rule as it was given; the order on the command line, across both flags, is their order. */
export interface RuleFlag {
  readonly include: boolean;
  readonly pattern: string;
}

/** @throws UsageError that names the flag and the pattern. */
export function parseRules(flags: readonly RuleFlag[]): readonly FilterRule[] {
  return flags.map(({ include, pattern }) => {
    try {
      return parseFilterRule(include, pattern);
    } catch (error) {
      throw new UsageError(`--${include ? "include" : "exclude"}: ${errorText(error)}`, {
        cause: error,
      });
    }
  });
}

/** The filter for a transfer whose paths the user sees under `prefix` ("" or `name/`). */
export function createFilter(rules: readonly FilterRule[], prefix: string): Filter | undefined {
  if (rules.length === 0) return undefined;
  return prefix === "" ? new Filter(rules) : new PrefixedFilter(rules, prefix);
}

class PrefixedFilter extends Filter {
  readonly #prefix: string;
  /** The verdict on the top directory itself: if it is out, everything is. */
  readonly #top: FilterRule | undefined;

  constructor(rules: readonly FilterRule[], prefix: string) {
    super(rules);
    this.#prefix = prefix;
    this.#top = super.decide(prefix.slice(0, -1), true);
  }

  override decide(path: string, isDirectory: boolean): FilterRule | undefined {
    if (this.#top?.include === false) return this.#top;
    return super.decide(`${this.#prefix}${path}`, isDirectory);
  }
}
