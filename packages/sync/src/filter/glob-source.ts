/** The parts of shell patterns as sources of regular expressions; what rsync, git and rclone agree on. */

/** A text that matches itself. */
export function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** Where the class that opens at `start` closes; -1 if it does not. */
export function classEnd(glob: string, start: number): number {
  let i = start + 1;
  if (glob[i] === "!" || glob[i] === "^") i++;
  if (glob[i] === "]") i++;
  while (i < glob.length && glob[i] !== "]") {
    if (glob.startsWith("[:", i)) i = Math.max(i, glob.indexOf(":]", i) + 1);
    i += glob[i] === "\\" ? 2 : 1;
  }
  return i < glob.length ? i : -1;
}

/** The class with this text between its brackets. It never matches the slash, whatever it names. */
export function classSource(text: string): string {
  const negated = text.startsWith("!") || text.startsWith("^");
  const inner = (negated ? text.slice(1) : text).replace(
    /\[:([a-z]+):\]|\\(.)|([\\\]^[&~|(){}/])/gsu,
    (_, named: string | undefined, escaped: string | undefined, special: string | undefined) => {
      if (named !== undefined) return NAMED_CLASSES[named] ?? "";
      return escapeInClass(escaped ?? (special as string));
    },
  );
  return `(?!/)[${negated ? "^" : ""}${inner}]`;
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

function escapeInClass(c: string): string {
  return /[\\\]^[\-&~|(){}/]/.test(c) ? `\\${c}` : c;
}
