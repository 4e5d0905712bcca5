/** Rules from files: what `merge` rules, per-directory files and `--exclude-from` have in common. */
import { CVS_EXCLUDES } from "./cvs-excludes.ts";
import type { FilterItem, RuleOrigin, RuleTemplate } from "./filter-rule.ts";
import type { RuleBase } from "./rsync-pattern.ts";
import { type RuleLine, ruleLines } from "./rule-lines.ts";
import { type ParsedRule, PLAIN_TEMPLATE, excludeFile, parseRsyncRule } from "./rsync-rules.ts";

/** A file as it was read; `name` is how messages call it. */
export interface RuleFile {
  readonly name: string;
  readonly content: string;
}

/** What CVS takes its names from, besides the list that is built in. */
export interface CvsSources {
  /** `~/.cvsignore`. */
  readonly userFile?: RuleFile | undefined;
  /** The value of `CVSIGNORE`. */
  readonly variable?: string | undefined;
}

export interface RuleFileContext {
  readonly template: RuleTemplate;
  /** The directory of a per-directory file. */
  readonly base?: RuleBase | undefined;
  readonly plain?: boolean | undefined;
  /** Entries end in NUL. */
  readonly nul?: boolean | undefined;
  readonly cvs: CvsSources;
  /** Reads the file that a `merge` rule names. @throws StorageError `not-found`. */
  readonly merge: (file: string) => Promise<RuleFile>;
}

/** Rules, and whether a `!` among them forgot all that came before. */
export interface RuleList {
  readonly items: readonly FilterItem[];
  readonly cleared: boolean;
}

/** @throws StorageError `invalid-argument` that names the file and line. */
export async function parseRuleFile(file: RuleFile, context: RuleFileContext): Promise<RuleList> {
  const lines = ruleLines(file.content, { words: context.template.words, nul: context.nul });
  return collect(lines, (line) => ({ name: file.name, line: line.number }), context);
}

/** One rule, as given to `--filter`, `--include` or `--exclude`. */
export function parseGivenRule(
  text: string,
  origin: RuleOrigin,
  context: RuleFileContext,
): Promise<RuleList> {
  return collect([{ text, number: 1 }], () => origin, context);
}

async function collect(
  lines: readonly RuleLine[],
  originOf: (line: RuleLine) => RuleOrigin,
  context: RuleFileContext,
): Promise<RuleList> {
  let items: FilterItem[] = [];
  let cleared = false;
  for (const line of lines) {
    const origin = originOf(line);
    const parsed = parseRsyncRule(line.text, { ...context, origin });
    if (parsed.kind === "clear") {
      items = [];
      cleared = true;
    } else if (parsed.kind === "merge") {
      if (parsed.excludesItself)
        items.push(excludeFile(parsed.file, line.text, { ...context, origin }));
      const merged = await parseRuleFile(await context.merge(parsed.file), {
        ...context,
        template: parsed.template,
        plain: false,
      });
      if (merged.cleared) items = [];
      cleared ||= merged.cleared;
      items.push(...merged.items);
    } else items.push(...itemsOf(parsed, context.cvs));
  }
  return { items, cleared };
}

function itemsOf(
  parsed: Exclude<ParsedRule, { readonly kind: "clear" | "merge" }>,
  cvs: CvsSources,
): readonly FilterItem[] {
  return parsed.kind === "items" ? parsed.items : cvsItems(parsed.template, cvs);
}

/** Only the names that are built in give way when a directory is removed. */
function cvsItems(
  template: RuleTemplate,
  { userFile, variable }: CvsSources,
): readonly FilterItem[] {
  const cvs = { ...PLAIN_TEMPLATE, ...template, patternsOnly: true, words: true, cvs: true };
  const sources: readonly (readonly [RuleFile, boolean])[] = [
    [{ name: "the names that CVS ignores", content: CVS_EXCLUDES }, true],
    [userFile ?? { name: "~/.cvsignore", content: "" }, cvs.perishable],
    [{ name: "CVSIGNORE", content: variable ?? "" }, cvs.perishable],
  ];
  let items: FilterItem[] = [];
  for (const [{ name, content }, perishable] of sources) {
    for (const { text, number } of ruleLines(content, { words: true })) {
      const origin = { name, line: number };
      const parsed = parseRsyncRule(text, { template: { ...cvs, perishable }, origin });
      if (parsed.kind === "clear") items = [];
      else if (parsed.kind === "items") items.push(...parsed.items);
    }
  }
  return items;
}
