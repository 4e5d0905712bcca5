/**
 * Rules in rclone's way: a pattern is for files, one that ends in "/" for directories, one with `**` for
 * both; an included file makes the directories above it be looked into. See rclone's "Filtering" page.
 */
import { StorageError } from "@omnisync/storage";
import type { FilterRule, RuleOrigin } from "./filter-rule.ts";
import { rclonePattern } from "./rclone-glob.ts";

/** @throws StorageError `invalid-argument` for a pattern that is none. */
export function rcloneRules(
  include: boolean,
  glob: string,
  text: string,
  origin: RuleOrigin,
): readonly FilterRule[] {
  if (glob === "")
    throw new StorageError("invalid-argument", { message: `"${text}": the pattern is missing` });
  const forDirectories = glob.endsWith("/");
  const whole = forDirectories && !include ? `${glob}**` : glob;
  const both = whole.includes("**");
  const rules: FilterRule[] = [];
  const add = (only: "file" | "directory", pattern: string): void => {
    const compiled = rclonePattern(pattern, only === "directory");
    rules.push({
      kind: "rule",
      include,
      text,
      origin,
      pattern: compiled,
      only,
      negated: false,
      sides: "default",
      perishable: false,
      xattr: false,
    });
  };
  if (!forDirectories || both) {
    add("file", whole);
    if (include || whole === "*")
      for (const above of directoryGlobs(whole)) add("directory", above);
  }
  if (forDirectories || both) add("directory", whole);
  return rules;
}

/** Braces over slashes or `**`, nested ones and regular expressions: any directory may hold a match. */
const TOO_HARD = /\{[^{}]*(?:\*\*|\/)[^{}]*\}|\{\{|\}\}|\{[^{}]*\{/;

/** The directories that may hold what a pattern for files matches, as patterns. */
function directoryGlobs(glob: string): readonly string[] {
  if (TOO_HARD.test(glob)) return ["/**"];
  const globs: string[] = [];
  let found = false;
  let rest = glob.replace(/\/{2,}/g, "/");
  for (;;) {
    const slash = rest.lastIndexOf("/");
    const stars = rest.lastIndexOf("**");
    const at = Math.max(slash, stars);
    if (at < 0) return found ? globs : ["/**"];
    found = true;
    rest = rest.slice(0, at);
    const above = `${rest}${stars > slash ? "**" : ""}/`;
    // The root is always looked into.
    if (above !== "/" && globs.at(-1) !== above) globs.push(above);
  }
}
