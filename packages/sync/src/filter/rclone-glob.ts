/**
 * rclone's patterns: `*` and `?` within a name, `**` across slashes, `[…]`, `{a,b}`, and `{{…}}` with a
 * regular expression. A pattern without a leading "/" may begin behind any slash.
 */
import { StorageError } from "@omnisync/storage";
import { type PathPattern, createPattern, expressionOf } from "./path-pattern.ts";

/**
 * With `slashed`, the pattern is for directories, whose path has a slash at its end then.
 * @throws StorageError `invalid-argument` for brackets that do not match or a bad regular expression.
 */
export function rclonePattern(glob: string, slashed = false): PathPattern {
  const anchored = glob.startsWith("/");
  const body = new GlobReader(anchored ? glob.slice(1) : glob, glob).source();
  // A class or an expression could match a slash; all else stays within a name.
  const isName = !slashed && !/[/[]|\*\*|\{\{/.test(glob);
  const source = `${anchored || isName ? "^" : "(?:^|/)"}${body}$`;
  try {
    expressionOf(source);
  } catch (error) {
    throw invalid(glob, error instanceof Error ? error.message : String(error));
  }
  if (slashed) return createPattern({ subject: "slashed", source });
  const segment = glob.slice(glob.lastIndexOf("/") + 1);
  const lastSegment = segment.includes("**") || /[{}]/.test(glob) ? undefined : segment;
  return createPattern({ subject: isName ? "name" : "path", source, lastSegment });
}

class GlobReader {
  readonly #glob: string;
  readonly #shown: string;
  #at = 0;

  constructor(glob: string, shown: string) {
    this.#glob = glob;
    this.#shown = shown;
  }

  source(): string {
    let source = "";
    let depth = 0;
    while (this.#at < this.#glob.length) {
      const c = this.#glob[this.#at++] as string;
      if (c === "*") source += this.#stars();
      else if (c === "?") source += "[^/]";
      else if (c === "\\") source += this.#escaped();
      else if (c === "[") source += this.#class();
      else if (c === "]") throw invalid(this.#shown, 'the "]" has no "["');
      else if (c === "{" && this.#glob[this.#at] === "{") source += this.#expression();
      else if (c === "{") {
        depth++;
        source += "(?:";
      } else if (c === "}") {
        if (depth-- === 0) throw invalid(this.#shown, 'the "}" has no "{"');
        source += ")";
      } else source += c === "," && depth > 0 ? "|" : c.replace(/[.+()|^$/]/, "\\$&");
    }
    if (depth > 0) throw invalid(this.#shown, 'the "{" has no "}"');
    return source;
  }

  #stars(): string {
    if (this.#glob[this.#at] !== "*") return "[^/]*";
    this.#at++;
    if (this.#glob[this.#at] === "*") throw invalid(this.#shown, "more than two stars");
    return ".*";
  }

  #escaped(): string {
    if (this.#at === this.#glob.length) throw invalid(this.#shown, "nothing follows the backslash");
    return (this.#glob[this.#at++] as string).replace(/[.*+?^${}()|[\]\\/]/, "\\$&");
  }

  #class(): string {
    const start = this.#at - 1;
    for (let depth = 1; depth > 0; this.#at++) {
      if (this.#at >= this.#glob.length) throw invalid(this.#shown, 'the "[" has no "]"');
      if (this.#glob[this.#at] === "[") depth++;
      if (this.#glob[this.#at] === "]") depth--;
    }
    return this.#glob
      .slice(start, this.#at)
      .replace(/\[:(\^?)([a-z]+):\]/g, (text, not: string, name: string) => {
        const found = ASCII_CLASSES[name];
        if (found === undefined || not !== "") throw invalid(this.#shown, `${text} is not known`);
        return found;
      });
  }

  /** `{{…}}`: closes with the last of a run of `}`. */
  #expression(): string {
    const end = this.#glob.indexOf("}}", this.#at + 1);
    if (end < 0) throw invalid(this.#shown, 'the "{{" has no "}}"');
    let last = end;
    while (this.#glob[last + 2] === "}") last++;
    const expression = this.#glob.slice(this.#at + 1, last);
    this.#at = last + 2;
    return `(?:${expression})`;
  }
}

const ASCII_CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  digit: "0-9",
  lower: "a-z",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

function invalid(glob: string, problem: string): StorageError {
  return new StorageError("invalid-argument", { message: `"${glob}": ${problem}` });
}
