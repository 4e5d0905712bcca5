/**
 * The rules of a `.gitignore` file, as gitignore(5) has them and git's wildmatch.c does them. Git lets the
 * last pattern that matches decide, so the rules come out in reverse: here the first decides.
 */
import type { FilterRule } from "./filter-rule.ts";
import { classEnd, classSource, escapeText } from "./glob-source.ts";
import { createPattern } from "./path-pattern.ts";

/** `base`: the directory of the file, from the root of the transfer. A pattern that git cannot read never matches. */
export function gitRules(content: string, name: string, base: string): readonly FilterRule[] {
  const rules: FilterRule[] = [];
  for (const [i, line] of content
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const rule = gitRule(line.replace(/\r$/, ""), name, i + 1, base);
    if (rule !== undefined) rules.push(rule);
  }
  return rules.reverse();
}

function gitRule(line: string, name: string, number: number, base: string): FilterRule | undefined {
  if (line.startsWith("#")) return undefined;
  let body = withoutTrailingSpaces(line);
  const include = body.startsWith("!");
  if (include) body = body.slice(1);
  const directoryOnly = body.endsWith("/");
  if (directoryOnly) body = body.slice(0, -1);
  if (body === "") return undefined;
  const pattern = gitPattern(body, base);
  if (pattern === undefined) return undefined;
  return {
    kind: "rule",
    include,
    text: line,
    origin: { name, line: number },
    pattern,
    only: directoryOnly ? "directory" : undefined,
    negated: false,
    sides: "default",
    perishable: false,
    xattr: false,
  };
}

/** Spaces at the end do not count, unless a backslash stands before them. */
function withoutTrailingSpaces(line: string): string {
  let end = 0;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === "\\") end = Math.min(++i, line.length - 1) + 1;
    else if (line[i] !== " ") end = i + 1;
  }
  return line.slice(0, end);
}

function gitPattern(body: string, base: string): FilterRule["pattern"] | undefined {
  const anchored = body.includes("/");
  const glob = body.startsWith("/") ? body.slice(1) : body;
  const source = globSource(glob, anchored);
  if (source === undefined) return undefined;
  const below = base === "" ? "" : escapeText(`${base}/`);
  if (anchored) {
    return createPattern({
      subject: "path",
      source: `^${below}${source}$`,
      lastSegment: key(glob),
    });
  }
  // A file's rules are for what lies below it; only there are they asked.
  return createPattern({ subject: "name", source: `^${source}$`, lastSegment: glob });
}

function key(glob: string): string | undefined {
  const segment = glob.slice(glob.lastIndexOf("/") + 1);
  return segment.includes("**") ? undefined : segment;
}

/**
 * `undefined` where a class is not closed or a backslash stands at the end. In a pattern with a slash
 * (`whole`), `**` between slashes stands for any number of directories; a class may hold a slash, which it
 * never matches.
 */
function globSource(glob: string, whole: boolean): string | undefined {
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i] as string;
    if (c === "*") {
      const begin = i;
      while (glob[i + 1] === "*") i++;
      const isSegment = whole && i > begin && (begin === 0 || glob[begin - 1] === "/");
      if (isSegment && i + 1 === glob.length) source += ".*";
      else if (isSegment && glob[i + 1] === "/") {
        source += "(?:.*/)?";
        i++;
      } else source += "[^/]*";
    } else if (c === "?") source += "[^/]";
    else if (c === "\\") {
      if (++i === glob.length) return undefined;
      source += escapeText(glob[i] as string);
    } else if (c === "[") {
      const end = classEnd(glob, i);
      if (end < 0) return undefined;
      source += classSource(glob.slice(i + 1, end));
      i = end;
    } else source += escapeText(c);
  }
  return source;
}
