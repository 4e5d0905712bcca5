/** What takes part in a run: rules in order, and limits of size and age. */
import type { FilterItem, FilterRule } from "./filter-rule.ts";
import type { FileLimits } from "./limits.ts";
import { RuleIndex } from "./rule-index.ts";
import type { CvsSources } from "./rule-file.ts";

export interface FilterParts {
  /** The first rule that matches decides; what none matches takes part. */
  readonly items?: readonly FilterItem[] | undefined;
  readonly limits?: FileLimits | undefined;
  /** The name above the root of the transfer, which patterns see before each path. Default "". */
  readonly prefix?: string | undefined;
  readonly cvs?: CvsSources | undefined;
}

/** Immutable. Made by `loadFilter` or `createFilter`. */
export class Filter {
  readonly items: readonly FilterItem[];
  readonly limits: FileLimits | undefined;
  /** "" or `name/`. */
  readonly prefix: string;
  readonly cvs: CvsSources;
  #directories: RuleIndex | undefined;
  #files: RuleIndex | undefined;

  constructor(parts: FilterParts = {}) {
    this.items = parts.items ?? [];
    this.limits = parts.limits;
    this.prefix = parts.prefix === undefined || parts.prefix === "" ? "" : `${parts.prefix}/`;
    this.cvs = parts.cvs ?? {};
  }

  /** The same rules for a transfer whose root lies below a name. */
  withPrefix(prefix: string): Filter {
    const { items, limits, cvs } = this;
    return new Filter({ items, limits, cvs, prefix });
  }

  /** Whether nothing is left out. */
  get isEmpty(): boolean {
    return this.items.length === 0 && this.limits === undefined;
  }

  /** Whether the rules of directories' own files count too. */
  get readsFiles(): boolean {
    return this.items.some((item) => item.kind === "directory-merge");
  }

  /** The rule that decides for this path of the source, by its own rules and without looking at its parents. */
  decide(path: string, directory: boolean): FilterRule | undefined {
    const index = directory
      ? (this.#directories ??= this.#createIndex(true))
      : (this.#files ??= this.#createIndex(false));
    return index.find(`${this.prefix}${path}`, directory);
  }

  /** Whether the path and all its parents take part, by the filter's own rules alone. */
  includes(path: string, directory: boolean): boolean {
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      if (this.decide(path.slice(0, slash), true)?.include === false) return false;
    }
    return this.decide(path, directory)?.include !== false;
  }

  /** The rule for the name of an extended attribute. `undefined`: none matches. */
  decideXattr(name: string, side: "source" | "destination"): FilterRule | undefined {
    return this.items.find(
      (item): item is FilterRule =>
        item.kind === "rule" &&
        item.xattr &&
        isFor(item, side) &&
        item.pattern.expression.test(name) !== item.negated,
    );
  }

  #createIndex(directory: boolean): RuleIndex {
    return new RuleIndex(rulesFor(this.items, "source"), directory, "");
  }
}

/** The rules for paths of one side. */
export function rulesFor(
  items: readonly FilterItem[],
  side: "source" | "destination",
  deleteExcluded = false,
): readonly FilterRule[] {
  return items.filter(
    (item): item is FilterRule =>
      item.kind === "rule" && !item.xattr && isFor(item, side, deleteExcluded),
  );
}

function isFor(
  { sides }: FilterRule,
  side: "source" | "destination",
  deleteExcluded = false,
): boolean {
  if (sides === "default") return side === "source" || !deleteExcluded;
  return sides === "both" || sides === side;
}
