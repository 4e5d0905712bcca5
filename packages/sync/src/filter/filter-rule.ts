/** What a filter is made of: rules in order, and places in that order where rule files of directories go. */
import type { PathPattern } from "./path-pattern.ts";

/** Where a rule was written: on the command line or in an option, or in a file. */
export interface RuleOrigin {
  /** A file by its path, or what was given: `--exclude`. */
  readonly name: string;
  /** In a file, from 1. */
  readonly line?: number | undefined;
}

/**
 * Which side a rule speaks of. The source's side decides what takes part, the destination's what may be
 * removed. `default`: both, unless the run removes what is excluded (`deleteExcluded`); then the source.
 */
export type RuleSides = "default" | "both" | "source" | "destination";

export interface FilterRule {
  readonly kind: "rule";
  readonly include: boolean;
  /** As it was written. */
  readonly text: string;
  readonly origin: RuleOrigin;
  readonly pattern: PathPattern;
  /** Entries that the pattern can match. A negated rule matches all others. */
  readonly only?: "directory" | "file" | undefined;
  /** Matches what the pattern does not. */
  readonly negated: boolean;
  readonly sides: RuleSides;
  /** Does not count in directories that are themselves removed. */
  readonly perishable: boolean;
  /** Is about names of extended attributes, not about paths. */
  readonly xattr: boolean;
}

/** What the rules of a file have in common. */
export interface RuleTemplate {
  /** Every line is a pattern, without a prefix. */
  readonly patternsOnly: boolean;
  readonly include: boolean;
  /** Rules are separated by white space; there are no comments. */
  readonly words: boolean;
  /** As CVS reads them: `!` clears even where lines have no prefix. */
  readonly cvs: boolean;
  readonly sides: RuleSides;
  readonly absolute: boolean;
  readonly perishable: boolean;
}

/** The rules in a file of this name, in every directory that is entered, go here. */
export interface DirectoryMerge {
  readonly kind: "directory-merge";
  readonly file: string;
  readonly syntax: "rsync" | "git";
  readonly template: RuleTemplate;
  /** Whether the rules hold in directories below too. */
  readonly inherited: boolean;
  /**
   * The directory above the transfer from which on the file is looked for: absolute, or relative to the
   * root of the transfer (`../..`).
   */
  readonly from?: string | undefined;
  readonly text: string;
  readonly origin: RuleOrigin;
}

export type FilterItem = FilterRule | DirectoryMerge;

/** `--exclude`, or `rules.txt line 3`. */
export function originText({ name, line }: RuleOrigin): string {
  return line === undefined ? name : `${name} line ${line}`;
}
