/** A place as a filter sees it: where it lies in its store, and the rule files in its directories. */
import { StorageError, isStorageError, joinPath } from "@omnisync/storage";
import { readFile } from "node:fs/promises";
import type { Filter } from "../filter/filter.ts";
import { FilterScope, type FilterSide } from "../filter/filter-scope.ts";
import type { RuleFile } from "../filter/rule-file.ts";
import type { Place } from "../options.ts";

/** Rule files are lists written by people. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface SideOptions {
  readonly side: "source" | "destination";
  readonly deleteExcluded?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where a rule file comes from. Default: the place. */
  readonly read?: FilterSide["read"] | undefined;
}

/** The scope from which the root of a place is entered. */
export function openFilter(
  place: Place,
  filter: Filter,
  options: SideOptions,
): Promise<FilterScope> {
  const root = rootOf(place);
  return FilterScope.above({
    filter,
    side: options.side,
    root,
    deleteExcluded: options.deleteExcluded ?? false,
    read: options.read ?? ((path) => readRuleFile(place, path, options.signal)),
    readAbove: place.driver.name === "file" ? readLocalFile : undefined,
  });
}

/**
 * A rule file of a place; `undefined` if it is not there. One that cannot be read is an error, never
 * taken for missing: what it protects would be removed.
 */
export async function readRuleFile(
  place: Place,
  path: string,
  signal: AbortSignal | undefined,
): Promise<RuleFile | undefined> {
  const full = joinPath(place.path, path);
  try {
    const { body } = await place.driver.read(full, { signal });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MOST_BYTES) {
        throw new StorageError("too-large", { path, message: "is too large for a file of rules" });
      }
    }
    return { name: shownName(place, path), content: Buffer.concat(chunks).toString() };
  } catch (error) {
    if (isStorageError(error, "not-found", "is-a-directory", "not-a-directory")) return undefined;
    throw error;
  }
}

/** The path of a place from the root of its store: `home/me/`, `bucket/prefix/`, or "". */
function rootOf({ driver, path }: Place): string {
  const root = joinPath(pathOfId(driver.id), path);
  return root === "" ? "" : `${root}/`;
}

function pathOfId(id: string): string {
  if (!URL.canParse(id)) return "";
  const { protocol, pathname } = new URL(id);
  const path = protocol === "file:" ? decodeURIComponent(pathname) : pathname;
  return path.replace(/^\/+|\/+$/g, "");
}

function shownName(place: Place, path: string): string {
  return place.driver.name === "file"
    ? `/${rootOf(place)}${path}`
    : joinPath(place.driver.id.replace(/\/$/, ""), place.path, path);
}

async function readLocalFile(path: string): Promise<RuleFile | undefined> {
  const name = `/${path}`;
  try {
    return { name, content: await readFile(name, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    const message = "is a file of rules that cannot be read";
    throw new StorageError("permission-denied", { path: name, message, cause: error });
  }
}
