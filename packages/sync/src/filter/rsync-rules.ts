/**
 * rsync's rule language: what `--filter` takes, and what merge files and per-directory files hold. One
 * rule is `RULE,MODIFIERS PATTERN`; see rsync(1), "FILTER RULES IN DEPTH".
 */
import { StorageError, isStorageError } from "@omnisync/storage";
import type { FilterItem, FilterRule, RuleOrigin, RuleSides, RuleTemplate } from "./filter-rule.ts";
import { originText } from "./filter-rule.ts";
import { type RuleBase, rsyncPattern } from "./rsync-pattern.ts";

/** What a rule means besides a rule of its own. */
export type ParsedRule =
  | { readonly kind: "items"; readonly items: readonly FilterItem[] }
  /** Forget the rules before it in the same list. */
  | { readonly kind: "clear" }
  /** Read this file here and now. */
  | {
      readonly kind: "merge";
      readonly file: string;
      readonly template: RuleTemplate;
      readonly excludesItself: boolean;
    }
  /** CVS's own list of names, the user's and the environment's. */
  | { readonly kind: "cvs"; readonly template: RuleTemplate };

export interface RuleContext {
  readonly template: RuleTemplate;
  readonly origin: RuleOrigin;
  /** The directory of a per-directory file, from the root of the transfer: where a leading "/" anchors. */
  readonly base?: RuleBase | undefined;
  /** Only `+ ` and `- ` may stand before a pattern: the form of `--include`, `--exclude` and their files. */
  readonly plain?: boolean | undefined;
}

export const PLAIN_TEMPLATE: RuleTemplate = {
  patternsOnly: false,
  include: false,
  words: false,
  cvs: false,
  sides: "default",
  absolute: false,
  perishable: false,
};

/** @throws StorageError `invalid-argument` that names where the rule stands and what is wrong with it. */
export function parseRsyncRule(text: string, context: RuleContext): ParsedRule {
  try {
    if (context.template.patternsOnly) return parsePatternLine(text, context);
    return context.plain ? parsePlainLine(text, context) : parseFullRule(text, context);
  } catch (error) {
    if (!isStorageError(error, "invalid-argument")) throw error;
    throw new StorageError("invalid-argument", {
      message: `${originText(context.origin)}: ${error.message}`,
      cause: error,
    });
  }
}

function parsePatternLine(text: string, context: RuleContext): ParsedRule {
  if (text === "!" && context.template.cvs) return { kind: "clear" };
  const { include } = context.template;
  return one(createRule(text, text, { ...flagsOf(context), include }, context));
}

function parsePlainLine(text: string, context: RuleContext): ParsedRule {
  if (text === "!") return { kind: "clear" };
  const prefixed = text.startsWith("- ") || text.startsWith("+ ");
  const include = prefixed ? text.startsWith("+") : context.template.include;
  const pattern = prefixed ? text.slice(2) : text;
  return one(createRule(text, pattern, { ...flagsOf(context), include }, context));
}

const LONG_NAMES: Readonly<Record<string, string>> = {
  exclude: "-",
  include: "+",
  merge: ".",
  "dir-merge": ":",
  hide: "H",
  show: "S",
  protect: "P",
  risk: "R",
  clear: "!",
};
const SHORT_NAMES: string = "-+.:HSPR!";
const IMPLIED_SIDES: Readonly<Record<string, RuleSides>> = {
  H: "source",
  S: "source",
  P: "destination",
  R: "destination",
};

/** Modifiers as they are collected. */
interface Flags {
  include: boolean;
  absolute: boolean;
  perishable: boolean;
  negated: boolean;
  xattr: boolean;
  cvs: boolean;
  source: boolean;
  destination: boolean;
  patternsOnly: boolean;
  words: boolean;
  inherited: boolean;
  excludesItself: boolean;
}

function flagsOf({ template }: RuleContext): Flags {
  return {
    include: template.include,
    absolute: template.absolute,
    perishable: template.perishable,
    negated: false,
    xattr: false,
    cvs: false,
    source: false,
    destination: false,
    patternsOnly: false,
    words: false,
    inherited: true,
    excludesItself: false,
  };
}

function parseFullRule(text: string, context: RuleContext): ParsedRule {
  const { name, at } = ruleName(text);
  if (name === "!") {
    if (text.length > at) throw invalid(`"${text}": nothing may follow the "!"`);
    return { kind: "clear" };
  }
  const flags = flagsOf(context);
  flags.include = "+SR".includes(name);
  const end = readModifiers(text, at, name, flags);
  const argument = text.slice(end + 1);
  if (name === "." || name === ":") return parseMerge(text, name, argument, flags, context);
  if (flags.cvs) {
    if (argument !== "") throw invalid(`"${text}": nothing may follow the C`);
    return { kind: "cvs", template: templateOf(flags, sidesOf(text, name, flags, context)) };
  }
  if (argument === "") throw invalid(`"${text}": the pattern is missing`);
  const sides = sidesOf(text, name, flags, context);
  return one(createRule(text, argument, flags, context, sides));
}

/** The short name of the rule, and where its modifiers begin. */
function ruleName(text: string): { readonly name: string; readonly at: number } {
  const long = /^[a-z][a-z-]*(?=[\s_,]|$)/.exec(text)?.[0];
  const name = long === undefined ? text.slice(0, 1) : LONG_NAMES[long];
  if (name === undefined || !SHORT_NAMES.includes(name)) {
    throw invalid(`"${text}" is no filter rule; a rule begins with one of - + . : H S P R !`);
  }
  const at = long?.length ?? 1;
  return { name, at: text[at] === "," ? at + 1 : at };
}

/** Reads modifiers from `at`; gives where the space behind them is. */
function readModifiers(text: string, at: number, name: string, flags: Flags): number {
  const isMerge = name === "." || name === ":";
  for (let i = at; i < text.length; i++) {
    const c = text[i] as string;
    if (c === " " || c === "_") return i;
    if (!(isMerge ? "-+Cenw/srpx" : "/!Csrpx").includes(c) || !setModifier(c, name, flags)) {
      throw invalid(`"${text}": there is no modifier "${c}" for this rule`);
    }
  }
  return text.length;
}

/** Whether the modifier may stand here. */
function setModifier(c: string, name: string, flags: Flags): boolean {
  switch (c) {
    case "-":
    case "+":
      if (flags.patternsOnly) return false;
      flags.patternsOnly = true;
      flags.include = c === "+";
      return true;
    case "C":
      if (flags.patternsOnly || IMPLIED_SIDES[name] !== undefined) return false;
      flags.cvs = flags.patternsOnly = flags.words = true;
      flags.inherited = false;
      return true;
    case "s":
    case "r":
      if (IMPLIED_SIDES[name] !== undefined) return false;
      flags[c === "s" ? "source" : "destination"] = true;
      return true;
    case "/":
      flags.absolute = true;
      return true;
    case "!":
      flags.negated = true;
      return true;
    case "p":
      flags.perishable = true;
      return true;
    case "x":
      flags.xattr = true;
      return true;
    case "e":
      flags.excludesItself = true;
      return true;
    case "n":
      flags.inherited = false;
      return true;
    case "w":
      flags.words = true;
      return true;
    default:
      return false;
  }
}

function sidesOf(text: string, name: string, flags: Flags, { template }: RuleContext): RuleSides {
  const { source, destination } = flags;
  const named = source
    ? destination
      ? "both"
      : "source"
    : destination
      ? "destination"
      : undefined;
  const own = IMPLIED_SIDES[name] ?? named;
  if (template.sides === "default") return own ?? "default";
  if (own !== undefined) {
    throw invalid(`"${text}": the merge rule of this file names the side already`);
  }
  return template.sides;
}

function templateOf(flags: Flags, sides: RuleSides): RuleTemplate {
  const { patternsOnly, include, words, cvs, absolute, perishable } = flags;
  return { patternsOnly, include, words, cvs, sides, absolute, perishable };
}

function parseMerge(
  text: string,
  name: string,
  argument: string,
  flags: Flags,
  context: RuleContext,
): ParsedRule {
  if (argument === "" && !flags.cvs) throw invalid(`"${text}": the name of the file is missing`);
  const file = argument === "" ? ".cvsignore" : argument;
  const template = templateOf(flags, sidesOf(text, name, flags, context));
  const { excludesItself, inherited } = flags;
  if (name === ".") return { kind: "merge", file, template, excludesItself };
  const slash = file.lastIndexOf("/");
  const merge: FilterItem = {
    kind: "directory-merge",
    file: file.slice(slash + 1),
    syntax: "rsync",
    template,
    inherited,
    from: slash < 0 ? undefined : file.slice(0, slash) || "/",
    text,
    origin: context.origin,
  };
  return {
    kind: "items",
    items: excludesItself ? [excludeFile(merge.file, text, context), merge] : [merge],
  };
}

/** The rule that a merge rule with the modifier `e` brings along. */
export function excludeFile(file: string, text: string, context: RuleContext): FilterRule {
  const pattern = file.slice(file.lastIndexOf("/") + 1);
  const flags = { ...flagsOf(context), include: false, absolute: false, perishable: false };
  return createRule(text, pattern, flags, context, "default");
}

function createRule(
  text: string,
  body: string,
  flags: Flags,
  context: RuleContext,
  sides: RuleSides = context.template.sides,
): FilterRule {
  const directoryOnly = body.length > 1 && body.endsWith("/");
  const { include, negated, perishable, xattr, absolute } = flags;
  const pattern = rsyncPattern(directoryOnly ? body.slice(0, -1) : body, {
    absolute,
    base: absolute ? undefined : context.base,
  });
  const { origin } = context;
  const only = directoryOnly ? "directory" : undefined;
  return { kind: "rule", include, text, origin, pattern, only, negated, sides, perishable, xattr };
}

function one(rule: FilterRule): ParsedRule {
  return { kind: "items", items: [rule] };
}

function invalid(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
