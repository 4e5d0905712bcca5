/** Makes a filter of what a user gave: rules and files of rules in order, in one of three styles. */
import { StorageError } from "@omnisync/storage";
import { Filter } from "./filter.ts";
import { type LimitValues, resolveLimits } from "./limits.ts";
import { loadGlobRules } from "./load-glob-rules.ts";
import { loadRsyncRules } from "./load-rsync-rules.ts";
import type { CvsSources } from "./rule-file.ts";

/**
 * - `rsync`: rsync's rules; the first that matches decides.
 * - `rclone`: rclone's patterns, taken in rclone's order (includes, excludes, filters); an include means
 *   that everything else is left out.
 * - `simple`: rclone's patterns without order: what any exclude matches is out; if there are includes, one
 *   must match. A line of a filter file without a sign excludes.
 */
export type FilterStyle = "rsync" | "rclone" | "simple";

/** One thing that was given. `filter-from` in rsync's style is a merge file. */
export interface GivenRule {
  readonly kind: GivenKind;
  /** The rule, pattern, path of the file, or name of the ignore files. Not used by the last two kinds. */
  readonly text: string;
}

export type GivenKind =
  | "filter"
  | "include"
  | "exclude"
  | "filter-from"
  | "include-from"
  | "exclude-from"
  | "ignore-file"
  | "cvs-exclude"
  | "F";

export interface FilterSettings extends LimitValues {
  /** Default `rsync`. */
  readonly style?: FilterStyle | undefined;
  /** The moment that ages count from, milliseconds since 1970. Default: now. */
  readonly now?: number | undefined;
  /** Entries of rule files end in NUL. Default false. */
  readonly nul?: boolean | undefined;
  /** The name above the root of the transfer, which patterns see before each path. Default: none. */
  readonly prefix?: string | undefined;
  /** Reads a rule file that was named in a flag or merged by one. Default: none can be read. */
  readonly readFile?: ((path: string) => Promise<string>) | undefined;
  readonly cvs?: CvsSources | undefined;
}

/**
 * @example
 * const filter = await loadFilter([
 *   { kind: "exclude", text: "*.o" },
 *   { kind: "ignore-file", text: ".gitignore" },
 * ]);
 * @throws StorageError `invalid-argument` that names the flag, or the file and line, of what is wrong;
 *   what `readFile` throws.
 */
export async function loadFilter(
  given: readonly GivenRule[],
  settings: FilterSettings = {},
): Promise<Filter> {
  const { style = "rsync", nul, cvs = {}, readFile = cannotRead } = settings;
  const context = { nul, cvs, readFile };
  const loaded =
    style === "rsync"
      ? { items: await loadRsyncRules(given, context), limits: {} }
      : await loadGlobRules(given, style, context);
  const limits = resolveLimits(loaded.limits, settings, {
    now: settings.now ?? Date.now(),
    protect: style !== "rsync",
  });
  return new Filter({ items: loaded.items, limits, prefix: settings.prefix, cvs });
}

/** Where rules given by flags and rule files come from. */
export interface LoadContext {
  readonly nul: boolean | undefined;
  readonly cvs: CvsSources;
  readonly readFile: (path: string) => Promise<string>;
}

function cannotRead(path: string): Promise<string> {
  throw new StorageError("invalid-argument", { path, message: "no rule files can be read here" });
}
