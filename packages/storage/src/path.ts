/**
 * Paths inside a store: UTF-8, segments joined by "/", relative to the store's root, which is "".
 * No empty segment, no ".", no "..", no NUL: a name that could leave the root is never a path.
 *
 * Order is the byte order of the UTF-8 form. JavaScript's own string order is by UTF-16 units and
 * differs as soon as a name holds a character above U+FFFF; a merge of two listings that are sorted
 * differently pairs the wrong files, so every comparison of paths goes through `comparePaths`.
 */
import { StorageError } from "./errors.ts";

/** The name of the folder in which omnisync keeps what is its own. Hidden from every listing. */
export const RESERVED_NAME = ".omnisync";

/** Temporary files of local writes: `.omnisync-` + 16 hex (owner) + `-` + 8 hex (serial) + `.tmp`. */
const TEMP_NAME = /^\.omnisync-[0-9a-f]{16}-[0-9a-f]{8}\.tmp$/;

/**
 * Checks a path that comes from outside (a caller, a listing, a file of names) and returns it.
 * @throws StorageError `invalid-path` for an empty segment, ".", "..", NUL, a leading or trailing "/",
 *   or text that has no UTF-8 form (a lone surrogate); "" is the root and only allowed with `root`.
 */
export function checkPath(path: string, options: { readonly root?: boolean } = {}): string {
  const problem = pathProblem(path, options.root ?? false);
  if (problem !== undefined) throw new StorageError("invalid-path", { path, message: problem });
  return path;
}

/** What is wrong with `path`, or `undefined` if it is a path. */
export function pathProblem(path: string, root = false): string | undefined {
  if (path === "") return root ? undefined : "the path is empty";
  if (path.includes("\0")) return "the path holds a NUL byte";
  if (!path.isWellFormed()) return "the path is not valid Unicode";
  // Cheap test first: only a path with one of these needs to be taken apart.
  if (!/(^|\/)(\.{0,2})(\/|$)/.test(path)) return undefined;
  for (const segment of path.split("/")) {
    if (segment === "") return "the path has an empty segment";
    if (segment === "." || segment === "..") return `the path has a "${segment}" segment`;
  }
  return undefined;
}

/** Joins paths; empty pieces (roots) are left out. */
export function joinPath(...pieces: readonly string[]): string {
  let path = "";
  for (const piece of pieces) {
    if (piece !== "") path = path === "" ? piece : `${path}/${piece}`;
  }
  return path;
}

/** The path of the directory that holds `path`; "" for a path at the root. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** The last segment. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether `path` is `directory` itself or lies under it. */
export function isWithin(directory: string, path: string): boolean {
  if (directory === "" || path === directory) return true;
  return path.startsWith(directory) && path.charCodeAt(directory.length) === SLASH;
}

/**
 * Whether a path belongs to omnisync itself: a segment `.omnisync`, or a temporary file of a local
 * write. Reserved paths never appear in listings, are never synced and never deleted by a sync.
 */
export function isReserved(path: string): boolean {
  if (!path.includes(RESERVED_NAME)) return false;
  return path.split("/").some((name) => name === RESERVED_NAME || isTempName(name));
}

/** Whether a file name is that of a temporary file of a local write (see `drivers/file/temp-names.ts`). */
export function isTempName(name: string): boolean {
  return TEMP_NAME.test(name);
}

/**
 * Byte order of two paths' UTF-8 forms: negative, 0 or positive.
 * UTF-16 units sort like UTF-8 bytes except that surrogates (U+D800–DFFF, standing for U+10000 and
 * above) must come after U+E000–FFFF.
 */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Sorts names in byte order, in place. */
export function sortPaths(names: string[]): string[] {
  return names.sort(comparePaths);
}

/**
 * The key under which an entry sorts in an ordered listing: a directory counts as `name/`, because
 * that is where a store of plain keys lists what is inside it.
 */
export function orderKey(entry: { readonly path: string; readonly kind: string }): string {
  return entry.kind === "directory" ? `${entry.path}/` : entry.path;
}

/**
 * Whether a link at `path` leads out of the root, or could: as rsync's "unsafe" has it, by its text alone.
 * A target that is absolute, or climbs above the root, or goes up again after it went down.
 */
export function leadsOut(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/")) return true;
  const steps = target.split("/").filter((step) => step !== "" && step !== ".");
  const climbs = steps.findIndex((step) => step !== "..");
  const up = climbs < 0 ? steps.length : climbs;
  if (steps.slice(up).includes("..")) return true;
  return up > path.split("/").length - 1;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

const SLASH = 0x2f;
