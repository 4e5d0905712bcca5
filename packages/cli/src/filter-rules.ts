/**
 * The filter that the flags describe. As in rsync, patterns are matched against paths from the root of
 * the transfer, which holds the directory's own name where the source has no slash at its end.
 */
import { StorageError, isStorageError } from "@omnisync/storage";
import { type CvsSources, type Filter, loadFilter } from "@omnisync/sync";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { FlagValues } from "./flags/flag-values.ts";
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
      readFile: (path) => readRules(session, path),
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

/** `-` is stdin. A file that was named and is not there would leave out nothing: an error. */
async function readRules(session: Session, path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  const content = await contentOf(resolve(session.io.cwd, path));
  if (content !== undefined) return content;
  throw new StorageError("not-found", { path, message: "no such file of filter rules" });
}

async function cvsSources(session: Session): Promise<CvsSources> {
  const { env } = session.io;
  const name = join(env["HOME"] ?? homedir(), ".cvsignore");
  const content = await contentOf(name);
  return {
    userFile: content === undefined ? undefined : { name, content },
    variable: env["CVSIGNORE"],
  };
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    const message = "cannot be read as a file of filter rules";
    throw new StorageError("permission-denied", { path, message, cause: error });
  }
}
