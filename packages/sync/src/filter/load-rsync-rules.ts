/** Rules given in rsync's style. They stand in the order in which they were given, whatever the flag. */
import { StorageError } from "@omnisync/storage";
import type { DirectoryMerge, FilterItem, RuleTemplate } from "./filter-rule.ts";
import type { GivenRule, LoadContext } from "./load-filter.ts";
import { type RuleFileContext, type RuleList, parseGivenRule, parseRuleFile } from "./rule-file.ts";
import { PLAIN_TEMPLATE } from "./rsync-rules.ts";

export async function loadRsyncRules(
  given: readonly GivenRule[],
  context: LoadContext,
): Promise<readonly FilterItem[]> {
  let items: FilterItem[] = [];
  let times = 0;
  const add = (list: RuleList): void => {
    items = list.cleared ? [...list.items] : [...items, ...list.items];
  };
  for (const rule of given) {
    if (rule.kind === "F") times++;
    if (rule.kind !== "cvs-exclude") add(await loadOne(rule, times, context));
  }
  // CVS's own come after everything, wherever the flag stood.
  if (given.some(({ kind }) => kind === "cvs-exclude")) {
    for (const text of [":C", "-C"])
      add(await fromText(text, "--cvs-exclude", PLAIN_TEMPLATE, context));
  }
  return items;
}

/** `times`: how often `-F` was given so far. */
async function loadOne(
  { kind, text }: GivenRule,
  times: number,
  context: LoadContext,
): Promise<RuleList> {
  switch (kind) {
    case "filter":
      return fromText(text, "--filter", PLAIN_TEMPLATE, context);
    case "include":
    case "exclude":
      return fromText(
        text,
        `--${kind}`,
        { ...PLAIN_TEMPLATE, include: kind === "include" },
        context,
        true,
      );
    case "filter-from":
      return fromFile(text, PLAIN_TEMPLATE, context);
    case "include-from":
    case "exclude-from":
      return fromFile(text, { ...PLAIN_TEMPLATE, include: kind === "include-from" }, context, true);
    case "ignore-file":
      return { items: [ignoreFiles(text)], cleared: false };
    case "cvs-exclude":
      throw new StorageError("internal", { message: "the rules of CVS come after all others" });
    case "F":
      if (times > 2) return { items: [], cleared: false };
      return fromText(
        times === 1 ? ": /.rsync-filter" : "- .rsync-filter",
        "-F",
        PLAIN_TEMPLATE,
        context,
      );
  }
}

/** The files of this name, in every directory, with git's rules. */
function ignoreFiles(name: string): DirectoryMerge {
  if (name === "" || name.includes("/")) {
    throw new StorageError("invalid-argument", {
      message: `--ignore-file: "${name}" is not a name; it is looked for in every directory`,
    });
  }
  const origin = { name: "--ignore-file" };
  return {
    kind: "directory-merge",
    file: name,
    syntax: "git",
    template: PLAIN_TEMPLATE,
    inherited: true,
    text: name,
    origin,
  };
}

function fromText(
  text: string,
  flag: string,
  template: RuleTemplate,
  context: LoadContext,
  plain = false,
): Promise<RuleList> {
  return parseGivenRule(text, { name: flag }, ruleContext(template, context, plain));
}

async function fromFile(
  path: string,
  template: RuleTemplate,
  context: LoadContext,
  plain = false,
): Promise<RuleList> {
  const file = { name: path, content: await context.readFile(path) };
  return parseRuleFile(file, ruleContext(template, context, plain));
}

function ruleContext(
  template: RuleTemplate,
  context: LoadContext,
  plain: boolean,
): RuleFileContext {
  const { nul, cvs, readFile } = context;
  const merge = async (path: string): Promise<{ name: string; content: string }> => ({
    name: path,
    content: await readFile(path),
  });
  return { template, plain, nul, cvs, merge };
}
