/**
 * rsync's patterns, as rsync(1) has them under "PATTERN MATCHING RULES": a leading "/" anchors; `*` and
 * `?` stop at "/", `**` does not; `[…]` is a class; a pattern with a "/" or `**` is matched against the
 * end of the path, any other against the last name; a leading `**` and a slash may stand for the root
 * itself, and a trailing `/***` for the directory and everything in it; `\` escapes, but only in a pattern
 * with a wildcard.
 */
import { StorageError } from "@omnisync/storage";
import { classEnd, classSource, escapeText } from "./glob-source.ts";
import { type PathPattern, createPattern } from "./path-pattern.ts";

export interface RsyncPatternContext {
  /** What a leading "/" stands for. Default: the root of the transfer. */
  readonly base?: RuleBase | undefined;
  /** Matched against the path from the root of the store. */
  readonly absolute?: boolean | undefined;
}

/** The directory of a rule file: from the root of the transfer, or above it, from the root of the store. */
export interface RuleBase {
  readonly path: string;
  readonly above: boolean;
}

/** @throws StorageError `invalid-argument` for an empty pattern or one with an open class. */
export function rsyncPattern(body: string, context: RsyncPatternContext = {}): PathPattern {
  if (body === "" || body === "/" || body.includes("\0")) {
    throw new StorageError("invalid-argument", { message: `"${body}" is not a filter pattern` });
  }
  const wild = /[*?[]/.test(body);
  const anchored = body.startsWith("/");
  const pattern = anchored ? body.slice(1) : body;
  const slashes = body.includes("/");
  const whole = slashes || (wild && body.includes("**"));
  const absolute = context.absolute || (anchored && context.base?.above);
  const subject = !whole ? "name" : absolute ? "absolute" : "path";
  const start = anchored ? `^${baseSource(context.base)}` : !whole ? "^" : "(?:^|/)";
  if (!wild) {
    const source = `${start}${escapeText(pattern)}$`;
    return createPattern({ subject, source, lastSegment: literalKey(pattern) });
  }
  return wildPattern(pattern, { start, subject, leading: !anchored && body.startsWith("**") });
}

/** A literal pattern keeps its backslashes; a key would take them for escapes and give none. */
function literalKey(pattern: string): string {
  return pattern.slice(pattern.lastIndexOf("/") + 1);
}

function baseSource(base: RuleBase | undefined): string {
  return base === undefined || base.path === "" ? "" : escapeText(`${base.path}/`);
}

function wildPattern(
  pattern: string,
  {
    start,
    subject,
    leading,
  }: {
    readonly start: string;
    readonly subject: PathPattern["subject"];
    readonly leading: boolean;
  },
): PathPattern {
  // A path counts as "/path" for a leading `**`, so that `**/x` finds an `x` at the root.
  const stars = leading ? (/^\*+\//.exec(pattern)?.[0].length ?? 0) : 0;
  const head = leading ? (stars > 0 ? "^(?:.*/)?" : "^") : start;
  const tail = pattern.slice(stars);
  const behind = /(?:^|\/)\*{3,}$/.exec(tail);
  const source = `${head}${globSource(tail)}$`;
  if (behind === null || (behind.index === 0 && !behind[0].startsWith("/"))) {
    return createPattern({ subject, source, lastSegment: lastSegment(tail) });
  }
  const sourceForDirectory = `${head}${globSource(tail.slice(0, behind.index))}(?:/.*)?$`;
  return createPattern({ subject, source, sourceForDirectory });
}

/** `**` may reach over slashes, so what is behind it need not be a whole name. */
function lastSegment(pattern: string): string | undefined {
  const segment = pattern.slice(pattern.lastIndexOf("/") + 1);
  return segment.includes("**") ? undefined : segment;
}

function globSource(glob: string): string {
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
      const end = classEnd(glob, i);
      if (end < 0) throw openClass(glob);
      source += classSource(glob.slice(i + 1, end));
      i = end;
    } else if (c === "\\" && i + 1 < glob.length) source += escapeText(glob[++i] as string);
    else source += escapeText(c);
  }
  return source;
}

function openClass(glob: string): StorageError {
  return new StorageError("invalid-argument", { message: `"${glob}": the "[" has no "]"` });
}
