/** A filter from plain values, without files: for programs. */
import { Filter } from "./filter.ts";
import type { FilterRule } from "./filter-rule.ts";
import { type LimitValues, resolveLimits } from "./limits.ts";
import { rcloneRules } from "./rclone-rules.ts";

export interface SimpleFilter extends LimitValues {
  /** If there are any, a file must match one. */
  readonly include?: readonly string[] | undefined;
  /** What matches any is out, whatever `include` says. */
  readonly exclude?: readonly string[] | undefined;
  /** The moment that ages count from, milliseconds since 1970. Default: now. */
  readonly now?: number | undefined;
}

/**
 * Patterns are rclone's: `*.jpg`, `/only/at/the/root`, `dir/`, `**`, `{a,b}`, `[a-z]`, `{{regex}}`.
 * @example createFilter({ include: ["*.{jpg,png}"], exclude: ["tmp/"], maxSize: 10 * 1024 * 1024 })
 * @throws StorageError `invalid-argument` for a pattern that is none.
 */
export function createFilter(parts: SimpleFilter): Filter {
  const limits = resolveLimits({}, parts, { now: parts.now ?? Date.now(), protect: true });
  const rules = (include: boolean, globs: readonly string[]): readonly FilterRule[] =>
    globs.flatMap((glob) => {
      const text = `${include ? "+" : "-"} ${glob}`;
      return rcloneRules(include, glob, text, { name: include ? "include" : "exclude" });
    });
  return new Filter({
    items: unordered(rules(true, parts.include ?? []), rules(false, parts.exclude ?? [])),
    limits,
  });
}

/** Rules in the order that makes the order they were given in not matter. */
export function unordered(
  includes: readonly FilterRule[],
  excludes: readonly FilterRule[],
): readonly FilterRule[] {
  return includes.length === 0 ? excludes : [...excludes, ...includes, ...everythingElse()];
}

/** What follows includes. */
export function everythingElse(): readonly FilterRule[] {
  return rcloneRules(false, "/**", "- /**", {
    name: "left out because something else is included",
  });
}
