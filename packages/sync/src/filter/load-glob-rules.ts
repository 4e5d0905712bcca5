/** Rules given in rclone's style, or in the simple one, which has rclone's patterns without their order. */
import { StorageError, isStorageError, parseSize } from "@omnisync/storage";
import { everythingElse, unordered } from "./create-filter.ts";
import { type FilterItem, type FilterRule, type RuleOrigin, originText } from "./filter-rule.ts";
import type { LimitValues } from "./limits.ts";
import type { GivenKind, GivenRule, LoadContext } from "./load-filter.ts";
import { loadRsyncRules } from "./load-rsync-rules.ts";
import { parseAge } from "./parse-age.ts";
import { rcloneRules } from "./rclone-rules.ts";
import { ruleLines } from "./rule-lines.ts";

type GlobStyle = "rclone" | "simple";

export interface GlobRules {
  readonly items: readonly FilterItem[];
  /** From lines such as `--max-size 10M` of filter files. */
  readonly limits: LimitValues;
}

export async function loadGlobRules(
  given: readonly GivenRule[],
  style: GlobStyle,
  context: LoadContext,
): Promise<GlobRules> {
  const list = new GlobList(style);
  for (const kind of IN_ORDER) {
    for (const rule of given) if (rule.kind === kind) await addGiven(list, rule, context);
  }
  // Ignore files and what rsync has for directories narrow what the patterns leave, so they come first.
  const others = given.filter(({ kind }) => !IN_ORDER.includes(kind));
  return {
    items: [...(await loadRsyncRules(others, context)), ...list.rules()],
    limits: list.limits,
  };
}

/** rclone takes flags in this order, whatever their order on the command line. */
const IN_ORDER: readonly GivenKind[] = [
  "include",
  "include-from",
  "exclude",
  "exclude-from",
  "filter",
  "filter-from",
];

async function addGiven(
  list: GlobList,
  { kind, text }: GivenRule,
  context: LoadContext,
): Promise<void> {
  if (kind === "include" || kind === "exclude") {
    return list.add(kind === "include", text, text, { name: `--${kind}` });
  }
  if (kind === "filter") return list.addLine(text, { name: "--filter" });
  const content = await context.readFile(text);
  for (const line of ruleLines(content, { nul: context.nul })) {
    const trimmed = line.text.trim();
    const origin = { name: text, line: line.number };
    if (trimmed === "" || /^[#;]/.test(trimmed)) continue;
    if (kind === "filter-from") list.addLine(trimmed, origin);
    else list.add(kind === "include-from", trimmed, trimmed, origin);
  }
}

class GlobList {
  readonly #style: GlobStyle;
  #rules: FilterRule[] = [];
  /** rclone: only includes by their own flag mean that everything else is out. */
  #onlyIncluded = false;
  limits: LimitValues = {};

  constructor(style: GlobStyle) {
    this.#style = style;
  }

  add(include: boolean, glob: string, text: string, origin: RuleOrigin, byFlag = true): void {
    located(origin, () => this.#rules.push(...rcloneRules(include, glob, text, origin)));
    if (include && byFlag) this.#onlyIncluded = true;
  }

  /** A line of a filter file: `+ pattern`, `- pattern`, `!`, or a limit. */
  addLine(line: string, origin: RuleOrigin): void {
    const sign = /^[+-] +/.exec(line)?.[0];
    const limit = /^--(min|max)-(size|age)[ =]+(.*)$/.exec(line);
    if (line === "!") this.#rules = [];
    else if (sign !== undefined) {
      this.add(sign.startsWith("+"), line.slice(sign.length), line, origin, false);
    } else if (limit !== null) {
      located(origin, () =>
        this.#addLimit(limit[1] as string, limit[2] as string, limit[3] as string),
      );
    } else if (this.#style === "simple" && !/^(?:[+]|--)/.test(line)) {
      this.add(false, line, line, origin, false);
    } else throw malformed(line, origin, this.#style);
  }

  rules(): readonly FilterRule[] {
    if (this.#style === "rclone") {
      return this.#onlyIncluded ? [...this.#rules, ...everythingElse()] : this.#rules;
    }
    const of = (include: boolean): readonly FilterRule[] =>
      this.#rules.filter((rule) => rule.include === include);
    return unordered(of(true), of(false));
  }

  #addLimit(end: string, what: string, value: string): void {
    const key = `${end}${what === "size" ? "Size" : "Age"}`;
    this.limits = { ...this.limits, [key]: what === "size" ? parseSize(value) : parseAge(value) };
  }
}

/** What goes wrong in there is told with the place that it stands at. */
function located(origin: RuleOrigin, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isStorageError(error, "invalid-argument")) throw error;
    const message = `${originText(origin)}: ${error.message}`;
    throw new StorageError("invalid-argument", { message, cause: error });
  }
}

function malformed(line: string, origin: RuleOrigin, style: GlobStyle): StorageError {
  const forms = style === "simple" ? "+ pattern, - pattern, pattern" : "+ pattern, - pattern, !";
  return new StorageError("invalid-argument", {
    message: `${originText(origin)}: "${line}" is no filter rule; a line is ${forms} or --max-size 10M`,
  });
}
