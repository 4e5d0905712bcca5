/**
 * Include and exclude rules with rsync's meaning: the first rule that matches decides; what no rule
 * matches is in; nothing inside an excluded directory is ever looked at.
 *
 * Patterns, as rsync(1) has them under "PATTERN MATCHING RULES", in the exact form of `rule_matches` in
 * rsync's exclude.c: a leading "/" anchors at the root of the transfer; a trailing "/" matches
 * directories only; `*` and `?` stop at "/", `**` does not; `[…]` is a class; a pattern with a "/" or
 * `**` is matched against the end of the path, any other against the last name; a leading `**` may
 * stand for the root itself, and a trailing `/***` for the directory and everything in it; `\`
 * escapes, but only in a pattern with a wildcard.
 */
import { StorageError } from "@omnisync/storage";

export interface FilterRule {
  readonly include: boolean;
  /** As the user wrote it. */
  readonly pattern: string;
  readonly directoryOnly: boolean;
  /** Whether the path is matched with a "/" before it (a leading `**`). */
  readonly slashBefore: boolean;
  /** Whether a directory is matched with a "/" behind it (a trailing `***`). */
  readonly slashBehind: boolean;
  readonly test: RegExp;
}

/** Compiles one pattern. @throws StorageError `invalid-argument` for an empty one or an open class. */
export function parseFilterRule(include: boolean, pattern: string): FilterRule {
  const directoryOnly = pattern.endsWith("/") && pattern !== "/";
  const body = directoryOnly ? pattern.slice(0, -1) : pattern;
  if (body === "" || body === "/" || pattern.includes("\0")) {
    throw new StorageError("invalid-argument", { message: `"${pattern}" is not a filter pattern` });
  }
  return {
    include,
    pattern,
    directoryOnly,
    slashBefore: body.startsWith("**"),
    slashBehind: body.endsWith("***"),
    test: compile(body),
  };
}

/** An ordered list of rules. Immutable. */
export class Filter {
  readonly rules: readonly FilterRule[];

  constructor(rules: readonly FilterRule[]) {
    this.rules = rules;
  }

  /** The rule that decides for this path alone, without looking at its parents. */
  decide(path: string, isDirectory: boolean): FilterRule | undefined {
    for (const rule of this.rules) {
      if (rule.directoryOnly && !isDirectory) continue;
      if (rule.test.test(subject(rule, path, isDirectory))) return rule;
    }
    return undefined;
  }

  /** Whether the path and all its parents are in. */
  includes(path: string, isDirectory: boolean): boolean {
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      if (this.decide(path.slice(0, slash), true)?.include === false) return false;
    }
    return this.decide(path, isDirectory)?.include !== false;
  }

  /**
   * A test for an ordered listing, which remembers the verdict on the directory it is in, so that a
   * path costs one look and not one per parent.
   */
  scanner(): (path: string, isDirectory: boolean) => boolean {
    let directory = "";
    let directoryIn = true;
    return (path, isDirectory) => {
      const slash = path.lastIndexOf("/");
      const parent = slash < 0 ? "" : path.slice(0, slash);
      if (parent !== directory) {
        directory = parent;
        directoryIn = parent === "" || this.includes(parent, true);
      }
      return directoryIn && this.decide(path, isDirectory)?.include !== false;
    };
  }
}

function subject(rule: FilterRule, path: string, isDirectory: boolean): string {
  const before = rule.slashBefore ? `/${path}` : path;
  return rule.slashBehind && isDirectory ? `${before}/` : before;
}

function compile(body: string): RegExp {
  const anchored = body.startsWith("/") || body.startsWith("**");
  const pattern = body.startsWith("/") ? body.slice(1) : body;
  const source = /[*?[]/.test(body) ? globSource(pattern, body) : escapeText(pattern);
  return new RegExp(`${anchored ? "^" : "(?:^|/)"}${source}$`, "su");
}

function globSource(glob: string, shown: string): string {
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i] as string;
    if (c === "*") {
      let stars = 1;
      while (glob[i + 1] === "*") {
        stars++;
        i++;
      }
      source += stars > 1 ? ".*" : "[^/]*";
    } else if (c === "?") source += "[^/]";
    else if (c === "[") {
      const end = classEnd(glob, i, shown);
      source += classSource(glob.slice(i + 1, end));
      i = end;
    } else if (c === "\\" && i + 1 < glob.length) source += escapeText(glob[++i] as string);
    else source += escapeText(c);
  }
  return source;
}

function classEnd(glob: string, start: number, shown: string): number {
  let i = start + 1;
  if (glob[i] === "!" || glob[i] === "^") i++;
  if (glob[i] === "]") i++;
  while (i < glob.length && glob[i] !== "]") {
    if (glob.startsWith("[:", i)) i = Math.max(i, glob.indexOf(":]", i) + 1);
    i += glob[i] === "\\" ? 2 : 1;
  }
  if (i < glob.length) return i;
  throw new StorageError("invalid-argument", { message: `"${shown}": the "[" has no "]"` });
}

const NAMED_CLASSES: Readonly<Record<string, string>> = {
  alnum: "\\p{L}\\p{N}",
  alpha: "\\p{L}",
  blank: " \\t",
  cntrl: "\\p{Cc}",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "\\p{Ll}",
  print: "\\x20-\\x7e",
  punct: "\\p{P}\\p{S}",
  space: "\\s",
  upper: "\\p{Lu}",
  xdigit: "0-9A-Fa-f",
};

function classSource(text: string): string {
  const negated = text.startsWith("!") || text.startsWith("^");
  const inner = (negated ? text.slice(1) : text).replace(
    /\[:([a-z]+):\]|\\(.)|([\\\]^[&~|(){}/])/gsu,
    (_, named: string | undefined, escaped: string | undefined, special: string | undefined) => {
      if (named !== undefined) return NAMED_CLASSES[named] ?? "";
      return escapeClass(escaped ?? (special as string));
    },
  );
  // A class never matches the slash, whatever it names.
  return `(?!/)[${negated ? "^" : ""}${inner}]`;
}

function escapeClass(c: string): string {
  return /[\\\]^[\-&~|(){}/]/.test(c) ? `\\${c}` : c;
}

function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
