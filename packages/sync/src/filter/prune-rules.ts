/**
 * What of a filter's rules can be told to a walk, so that it does not enter what they leave out. Only what is
 * certain: a directory that these rules prune is left out by the whole filter too, wherever it lies.
 *
 * - Rules from the first rule file of directories on are unknown here.
 * - An exclude that cannot be told is passed over: what it leaves out is entered, or left out by one behind it.
 * - An include that cannot be told may save a directory from every rule behind it, so those are not told.
 */
import type { PruneRule } from "@omnisync/storage";
import { type Filter, rulesFor } from "./filter.ts";
import type { FilterRule } from "./filter-rule.ts";

/** They are tried one by one for each directory. The rest prunes nothing, which costs time only. */
const MOST = 200;

/** For the source's side; empty if nothing can be pruned. */
export function pruneRules({ items }: Filter): readonly PruneRule[] {
  const end = items.findIndex(({ kind }) => kind === "directory-merge");
  const rules: PruneRule[] = [];
  for (const rule of rulesFor(end < 0 ? items : items.slice(0, end), "source")) {
    if (rule.only === "file" && !rule.negated) continue;
    const told = pruneRule(rule);
    if (told !== undefined) rules.push(told);
    else if (rule.include) break;
    if (rules.length === MOST) break;
  }
  return rules.slice(0, rules.findLastIndex(({ enter }) => !enter) + 1);
}

function pruneRule({ include, negated, pattern }: FilterRule): PruneRule | undefined {
  const { subject, forDirectory, expression } = pattern;
  if (negated || subject === "absolute") return undefined;
  return { enter: include, subject, expression: forDirectory ?? expression };
}
