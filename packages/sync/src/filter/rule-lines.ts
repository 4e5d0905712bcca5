/** The entries of a rule file, with their line numbers. */

export interface RuleLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

export interface LineFormat {
  /** Entries end at any white space, and nothing is a comment. Default false. */
  readonly words?: boolean | undefined;
  /** Entries end in NUL. Default false. */
  readonly nul?: boolean | undefined;
}

/** Entries as rsync reads them: empty ones and, in lines, those that begin with `#` or `;` are left out. */
export function ruleLines(content: string, format: LineFormat = {}): readonly RuleLine[] {
  const lines: RuleLine[] = [];
  for (const [i, line] of content.split(format.nul ? "\0" : /\r\n|\n|\r/).entries()) {
    const number = i + 1;
    if (format.words) {
      for (const text of line.split(/\s+/)) if (text !== "") lines.push({ text, number });
    } else if (line !== "" && !/^[#;]/.test(line)) lines.push({ text: line, number });
  }
  return lines;
}
