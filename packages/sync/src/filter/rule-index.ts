/**
 * Finds the first rule that matches, without trying each: rules whose last name is literal, ends or
 * begins in a literal are looked up by that; the rest is tried by one joined expression first. A
 * hundred rules cost a path less than a microsecond (`npm run bench -- filters`).
 */
import type { FilterRule } from "./filter-rule.ts";
import { expressionOf } from "./path-pattern.ts";

interface Candidate {
  readonly order: number;
  readonly rule: FilterRule;
  /** `undefined`: the key alone decides. */
  readonly expression: RegExp | undefined;
  readonly text: string;
}

export class RuleIndex {
  readonly #root: string;
  readonly #names: Map<string, Candidate[]> = new Map();
  /** By the last unit of the name, and by the first. */
  readonly #suffixes: Map<number, Candidate[]> = new Map();
  readonly #prefixes: Map<number, Candidate[]> = new Map();
  readonly #onNames: JoinedRules;
  readonly #onPaths: JoinedRules;
  readonly #onSlashed: JoinedRules;
  readonly #others: Candidate[] = [];
  /** A rule that matches everything; those after it never count. */
  #otherwise: FilterRule | undefined;

  /** `root`: the path of the transfer's root from the root of the store, for rules that ask for it. */
  constructor(rules: readonly FilterRule[], directory: boolean, root: string) {
    this.#root = root;
    const joined = { name: [], path: [], slashed: [] };
    for (const [order, rule] of rules.entries()) {
      if (isMoot(rule, directory)) continue;
      if (isCatchAll(rule)) {
        this.#otherwise = rule;
        break;
      }
      this.#add(rule, order, directory, joined);
    }
    this.#onNames = new JoinedRules(joined.name);
    this.#onPaths = new JoinedRules(joined.path);
    this.#onSlashed = new JoinedRules(joined.slashed);
  }

  #add(
    rule: FilterRule,
    order: number,
    directory: boolean,
    joined: Readonly<Record<"name" | "path" | "slashed", Candidate[]>>,
  ): void {
    const { key, subject, forDirectory, expression } = rule.pattern;
    const tried = (directory && forDirectory) || expression;
    const text = key?.text ?? "";
    const candidate = { order, rule, text, expression: key?.exact ? undefined : tried };
    if (rule.negated || subject === "absolute" || (directory && forDirectory !== undefined)) {
      this.#others.push({ ...candidate, expression: tried });
    } else if (key?.kind === "name") append(this.#names, text, candidate);
    else if (key?.kind === "suffix")
      append(this.#suffixes, text.charCodeAt(text.length - 1), candidate);
    else if (key?.kind === "prefix") append(this.#prefixes, text.charCodeAt(0), candidate);
    else joined[subject].push(candidate);
  }

  /** With `perishable` false, rules that do not count in removed directories are passed over. */
  find(path: string, directory: boolean, perishable = true): FilterRule | undefined {
    const name = path.slice(path.lastIndexOf("/") + 1);
    let best: Candidate | undefined;
    const named = this.#names.get(name);
    if (named !== undefined) best = first(named, path, name, best, perishable);
    const ending = this.#suffixes.get(name.charCodeAt(name.length - 1));
    if (ending !== undefined) best = first(ending, path, name, best, perishable, endsWith);
    const beginning = this.#prefixes.get(name.charCodeAt(0));
    if (beginning !== undefined) best = first(beginning, path, name, best, perishable, startsWith);
    best = this.#onNames.first(name, best, perishable);
    best = this.#onPaths.first(path, best, perishable);
    if (!this.#onSlashed.isEmpty) best = this.#onSlashed.first(`${path}/`, best, perishable);
    if (this.#others.length > 0) best = this.#firstOther(path, name, directory, best, perishable);
    if (best !== undefined) return best.rule;
    return this.#otherwise;
  }

  #firstOther(
    path: string,
    name: string,
    directory: boolean,
    best: Candidate | undefined,
    perishable: boolean,
  ): Candidate | undefined {
    for (const candidate of this.#others) {
      const { rule } = candidate;
      if (best !== undefined && candidate.order > best.order) break;
      if (rule.perishable && !perishable) continue;
      if (this.#matches(candidate, path, name, directory) !== rule.negated) return candidate;
    }
    return best;
  }

  #matches(
    { rule, expression }: Candidate,
    path: string,
    name: string,
    directory: boolean,
  ): boolean {
    if (rule.only !== undefined && (rule.only === "directory") !== directory) return false;
    const { subject } = rule.pattern;
    if (subject === "name") return expression!.test(name);
    return expression!.test(subject === "absolute" ? `${this.#root}${path}` : path);
  }
}

/** Rules without a literal to look them up by. Mostly none matches, and one look tells. */
class JoinedRules {
  readonly #candidates: readonly Candidate[];
  readonly #any: RegExp | undefined;

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
    if (candidates.length > 1) this.#any = joinedExpression(candidates);
  }

  get isEmpty(): boolean {
    return this.#candidates.length === 0;
  }

  first(text: string, best: Candidate | undefined, perishable: boolean): Candidate | undefined {
    if (this.#candidates.length === 0) return best;
    if (this.#any !== undefined && !this.#any.test(text)) return best;
    for (const candidate of this.#candidates) {
      if (best !== undefined && candidate.order > best.order) break;
      if (candidate.rule.perishable && !perishable) continue;
      if (candidate.expression!.test(text)) return candidate;
    }
    return best;
  }
}

const BEHIND_SLASH = "(?:^|/)";

/** Whether any matches. What all begin with is tried once; what matches anything at the end need not be. */
function joinedExpression(candidates: readonly Candidate[]): RegExp {
  const sources = candidates.map(({ rule }) => rule.pattern.source.replace(/\/\.\*\$$/, "/"));
  const behind = sources.filter((source) => source.startsWith(BEHIND_SLASH));
  const groups = sources
    .filter((source) => !source.startsWith(BEHIND_SLASH))
    .map((source) => `(?:${source})`);
  const tails = behind.map((source) => source.slice(BEHIND_SLASH.length));
  if (tails.length > 0) groups.push(`${BEHIND_SLASH}(?:${tails.join("|")})`);
  return expressionOf(groups.join("|"));
}

/** A rule that can match nothing of this kind. One that is negated matches all of it. */
function isMoot(rule: FilterRule, directory: boolean): boolean {
  return !rule.negated && rule.only !== undefined && (rule.only === "directory") !== directory;
}

function isCatchAll({ negated, perishable, pattern }: FilterRule): boolean {
  if (negated || perishable || pattern.subject === "absolute") return false;
  const { source, subject } = pattern;
  return (
    source === "^.*$" || source === "(?:^|/).*$" || (subject === "name" && source === "^[^/]*$")
  );
}

function append<Key>(map: Map<Key, Candidate[]>, key: Key, candidate: Candidate): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [candidate]);
  else list.push(candidate);
}

/** The first candidate that matches, unless `best` stands before it. `fits`: a cheap look at the name before. */
function first(
  candidates: readonly Candidate[],
  path: string,
  name: string,
  best: Candidate | undefined,
  perishable: boolean,
  fits?: (name: string, text: string) => boolean,
): Candidate | undefined {
  for (const candidate of candidates) {
    if (best !== undefined && candidate.order > best.order) return best;
    if (fits !== undefined && !fits(name, candidate.text)) continue;
    if (isMatch(candidate, path, name, perishable)) return candidate;
  }
  return best;
}

const endsWith = (name: string, text: string): boolean => name.endsWith(text);
const startsWith = (name: string, text: string): boolean => name.startsWith(text);

function isMatch(
  { rule, expression }: Candidate,
  path: string,
  name: string,
  perishable: boolean,
): boolean {
  if (rule.perishable && !perishable) return false;
  return expression === undefined || expression.test(rule.pattern.subject === "name" ? name : path);
}
