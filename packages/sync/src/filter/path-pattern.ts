/**
 * A pattern, compiled: a regular expression, what it is held against, and a necessary condition on the
 * last name of a path by which `rule-index.ts` finds the few patterns that are worth trying.
 */

export interface PathPattern {
  /**
   * The last name; the path from the root of the transfer, or the same with a slash behind it (only for
   * directories); the path from the root of the store.
   */
  readonly subject: "name" | "path" | "slashed" | "absolute";
  readonly source: string;
  readonly expression: RegExp;
  /** What a directory is held against where that differs: `dir/***` matches `dir` only as a directory. */
  readonly forDirectory?: RegExp | undefined;
  /** Every path that matches has this in its last name. */
  readonly key?: NameKey | undefined;
}

/** `exact`: the key alone decides. */
interface NameKey {
  readonly kind: "name" | "suffix" | "prefix";
  readonly text: string;
  readonly exact: boolean;
}

export interface PatternSource {
  readonly subject: PathPattern["subject"];
  readonly source: string;
  readonly sourceForDirectory?: string | undefined;
  /** The pattern's part behind its last slash, if that stands for the last name, as it was written. */
  readonly lastSegment?: string | undefined;
}

export function createPattern(parts: PatternSource): PathPattern {
  const { subject, source, sourceForDirectory, lastSegment } = parts;
  return {
    subject,
    source,
    expression: expressionOf(source),
    forDirectory: sourceForDirectory === undefined ? undefined : expressionOf(sourceForDirectory),
    key:
      lastSegment === undefined || sourceForDirectory !== undefined
        ? undefined
        : keyOf(lastSegment, subject === "name"),
  };
}

export function expressionOf(source: string): RegExp {
  return new RegExp(source, "su");
}

/** Literal names, `*.o` and `tmp*`. Anything with an escape, a class or two stars has no key. */
function keyOf(segment: string, exact: boolean): NameKey | undefined {
  if (segment === "" || /[?[\]{}\\]/.test(segment)) return undefined;
  const star = segment.indexOf("*");
  if (star < 0) return { kind: "name", text: segment, exact };
  if (segment.length === 1 || segment.includes("*", star + 1)) return undefined;
  if (star === 0) return { kind: "suffix", text: segment.slice(1), exact };
  return {
    kind: "prefix",
    text: segment.slice(0, star),
    exact: exact && star === segment.length - 1,
  };
}
