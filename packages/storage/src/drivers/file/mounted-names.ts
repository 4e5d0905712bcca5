/**
 * Other names that a directory has because (parts of) its file system are mounted more than once. No path
 * tells of them: links are resolved by then, and a bind mount is none. Linux only; elsewhere none is known.
 */
import { readFileSync } from "node:fs";
import { isSystemError } from "./file-errors.ts";

export interface Mount {
  /** Of the file system, as the table has it; not always what `stat` says. */
  readonly device: string;
  /** The directory of the file system that is mounted. */
  readonly root: string;
  /** Where. */
  readonly point: string;
}

/** What is mounted where, for this process; in the order in which it was mounted. */
export function readMounts(): readonly Mount[] {
  try {
    return parseMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
}

export function parseMounts(table: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of table.split("\n")) {
    const [, , device, root, point] = line.split(" ");
    if (device === undefined || root === undefined || point === undefined) continue;
    mounts.push({ device, root: unescape(root), point: unescape(point) });
  }
  return mounts;
}

/**
 * Where else an absolute path may lie. Something mounted over it may hide it there, so whoever asks has to
 * look whether it is the same.
 */
export function otherNames(path: string, mounts: readonly Mount[]): readonly string[] {
  const own = mountOf(path, mounts);
  if (own === undefined) return [];
  const inside = below(own.root, rest(own.point, path));
  return mounts
    .filter(({ device, root }) => device === own.device && leadsTo(root, inside))
    .map(({ root, point }) => below(point, rest(root, inside)))
    .filter((name) => name !== path);
}

/** The one that was mounted last hides those below it. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const { length } = mount.point;
    if (leadsTo(mount.point, path) && length >= (found?.point.length ?? 0)) found = mount;
  }
  return found;
}

function leadsTo(directory: string, path: string): boolean {
  return directory === "/" || path === directory || path.startsWith(`${directory}/`);
}

/** What of `path` lies behind `directory`, with a slash in front; "" for the directory itself. */
function rest(directory: string, path: string): string {
  const behind = directory === "/" ? path : path.slice(directory.length);
  return behind === "/" ? "" : behind;
}

function below(directory: string, behind: string): string {
  return directory === "/" ? behind || "/" : directory + behind;
}

function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
