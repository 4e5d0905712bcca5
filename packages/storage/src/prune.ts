/**
 * Which directories of a recursive listing need not be entered. Plain data, because walks run in threads of
 * their own, where nobody can be asked.
 */
import { baseName } from "./path.ts";

/** The first rule that matches decides about a directory. One that none matches is entered. */
export interface Prune {
  /** Stands before each path, which is relative to the listed directory. "" or ends in "/". */
  readonly before: string;
  readonly rules: readonly PruneRule[];
}

export interface PruneRule {
  readonly enter: boolean;
  /** What the expression is held against: the last name, the path, or the path with a slash behind it. */
  readonly subject: "name" | "path" | "slashed";
  /** Without the flags `g` and `y`. */
  readonly expression: RegExp;
}

/** @param path of a directory, relative to the listed one. */
export function isPruned({ before, rules }: Prune, path: string): boolean {
  const subjects = { name: baseName(path), path: before + path, slashed: `${before}${path}/` };
  const rule = rules.find(({ subject, expression }) => expression.test(subjects[subject]));
  return rule?.enter === false;
}

/** The same for a listing of the directory at `path` alone. */
export function pruneBelow(prune: Prune | undefined, path: string): Prune | undefined {
  if (prune === undefined || path === "") return prune;
  return { ...prune, before: `${prune.before}${path}/` };
}
