/** Where a run puts what it replaces or removes, by name. Pure. */
import {
  type Entry,
  RESERVED_NAME,
  StorageError,
  baseName,
  checkPath,
  isWithin,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import type { DeleteOptions } from "../options/delete-options.ts";
import type { Place } from "../options.ts";
import { placeId } from "./check-overlap.ts";

/** The folder of all trash, in the place that it comes from. */
export const TRASH_FOLDER: string = `${RESERVED_NAME}/trash`;

export interface BackupNames {
  /** Behind the name. */
  readonly suffix: string;
  /** The place of backups, if it is not the destination itself. */
  readonly elsewhere: Place | undefined;
  /** In the destination (or elsewhere): the directory under which backups lie; "" beside the originals. */
  readonly directory: string;
  /** What backups are made for, as `placeId` gives it. */
  readonly destination: string;
}

/**
 * @param trash name of the run's folder in the trash.
 * @throws StorageError `invalid-argument` for backups that would lie where the originals do.
 */
export function resolveBackupNames(
  { backup, trash }: Pick<DeleteOptions, "backup" | "trash">,
  destination: Place,
  run: string,
): BackupNames | undefined {
  const id = placeId(destination);
  if (backup === undefined) {
    const inTrash = { directory: `${TRASH_FOLDER}/${run}`, destination: id };
    return trash ? { suffix: "", elsewhere: undefined, ...inTrash } : undefined;
  }
  const { elsewhere, directory } = resolveDirectory(backup.directory, destination);
  const beside = elsewhere === undefined && directory === "";
  const suffix = backup.suffix ?? (backup.directory === undefined ? "~" : "");
  if (suffix.includes("/")) throw invalid("a backup's suffix holds no slash");
  if (beside && suffix === "")
    throw invalid("a backup needs a suffix or a directory, or it would be the original");
  return { suffix, elsewhere, directory, destination: id };
}

/** The path of a path's backup, in the destination or elsewhere. */
export function backupPath(path: string, { suffix, directory, elsewhere }: BackupNames): string {
  return joinPath(elsewhere?.path ?? "", directory, path + suffix);
}

/**
 * Whether a path of the destination is a backup, or a directory of backups: such are never extras,
 * whoever made them.
 */
export function isBackup(path: string, { suffix, directory, elsewhere }: BackupNames): boolean {
  if (directory !== "" && elsewhere === undefined) return isWithin(directory, path);
  return elsewhere === undefined && path.endsWith(suffix) && baseName(path) !== suffix;
}

/**
 * Whether an entry of the destination is a link by which its backups may have been named: it leads to their place elsewhere, or
 * to a directory that this lies in. One that leads above the destination itself has other uses.
 */
export function leadsToBackups(
  { path, linkTarget }: Pick<Entry, "path" | "linkTarget">,
  { elsewhere, destination }: BackupNames,
): boolean {
  if (elsewhere === undefined || linkTarget === undefined) return false;
  const target = resolveLink(`${destination}/${parentPath(path)}`, linkTarget);
  return isWithin(target, placeId(elsewhere)) && !isWithin(target, destination);
}

/** By its text alone. `from`: as `placeId` gives it. */
function resolveLink(from: string, target: string): string {
  const [scheme, directory] = /^(\w+:\/\/)?(.*)$/s.exec(from)!.slice(1);
  const steps: string[] = [];
  const text = target.startsWith("/") ? target : `${directory}/${target}`;
  for (const step of text.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return `${scheme ?? ""}/${steps.join("/")}`;
}

/** A directory inside the destination is one of its paths, also if it was opened as a place. */
function resolveDirectory(
  given: string | Place | undefined,
  destination: Place,
): Pick<BackupNames, "elsewhere" | "directory"> {
  if (given === undefined) return { elsewhere: undefined, directory: "" };
  if (typeof given === "string") {
    return { elsewhere: undefined, directory: checkPath(given, { root: true }) };
  }
  const inside = pathInside(destination, given);
  return inside === undefined
    ? { elsewhere: given, directory: "" }
    : { elsewhere: undefined, directory: inside };
}

/** The path of a place as seen from another that holds it. */
function pathInside(outer: Place, inner: Place): string | undefined {
  const [outerId, innerId] = [placeId(outer), placeId(inner)];
  if (!isWithin(outerId, innerId)) return undefined;
  return innerId === outerId ? "" : innerId.slice(outerId.length + 1);
}

function invalid(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
