/**
 * The filter that the flags describe. As in rsync, patterns are matched against paths from the root of
 * the transfer, which holds the directory's own name where the source has no slash at its end.
 */
import { isStorageError } from "@omnisync/storage";
import { type CvsSources, type Filter, loadFilter } from "@omnisync/sync";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { FlagValues, RuleGiven } from "./flags/flag-values.ts";
import { GivenFileError, readGivenFile } from "./given-file.ts";
import { errorText } from "./output/error-text.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

type FilterFlags = Pick<
  FlagValues,
  "rules" | "from0" | "filterStyle" | "minSize" | "maxSize" | "minAge" | "maxAge"
>;

/** @throws UsageError that names the flag, or the file and line, of what is wrong. */
export async function parseRules(session: Session, flags: FilterFlags): Promise<Filter> {
  const { rules = [], from0, filterStyle, minSize, maxSize, minAge, maxAge } = flags;
  const usesCvs = rules.some((rule) => rule.kind === "cvs-exclude" || rule.text.includes("C"));
  try {
    return await loadFilter(rules, {
      style: filterStyle,
      nul: from0,
      readFile: (path) => readGivenFile(session, flagOf(rules, path), path),
      cvs: usesCvs ? await cvsSources(session) : undefined,
      minSize,
      maxSize,
      minAge,
      maxAge,
    });
  } catch (error) {
    if (!isStorageError(error, "invalid-argument")) throw error;
    throw new UsageError(errorText(error), { cause: error });
  }
}

/** The filter for a transfer whose paths the user sees under `prefix` ("" or `name/`). */
export function createFilter(filter: Filter, prefix: string): Filter | undefined {
  if (filter.isEmpty) return undefined;
  return prefix === "" ? filter : filter.withPrefix(prefix.slice(0, -1));
}

/** The flag that names a file of rules; it may stand in a rule instead. */
function flagOf(rules: readonly RuleGiven[], file: string): string {
  const given = rules.find(({ kind, text }) => kind.endsWith("-from") && text === file);
  return given === undefined ? "--filter" : `--${given.kind}`;
}

async function cvsSources(session: Session): Promise<CvsSources> {
  const { env } = session.io;
  const name = join(env["HOME"] ?? homedir(), ".cvsignore");
  return { userFile: await cvsFile(name), variable: env["CVSIGNORE"] };
}

async function cvsFile(name: string): Promise<CvsSources["userFile"]> {
  try {
    return { name, content: await readFile(name, "utf8") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new GivenFileError("--cvs-exclude", name, error);
  }
}
