/** Options of a plan that are no plain value: how content is written, and where the old is kept. */
import { StorageError, pathProblem } from "@omnisync/storage";
import type { WriteModeOptions } from "../options/write-options.ts";
import type { Place, SyncOptions } from "../options.ts";
import { resolveBackupNames } from "../plan/backup-names.ts";
import type { Fields } from "./fields.ts";

/** Backups inside the destination: by their names alone. */
export interface CarriedBackup {
  readonly suffix: string;
  /** In the destination. Default: beside the originals. */
  readonly directory?: string | undefined;
}

/** @throws StorageError `unsupported` for a place of backups outside the destination. */
export function carryBackup(options: SyncOptions, destination: Place): CarriedBackup | undefined {
  const names = resolveBackupNames(options, destination, "");
  if (names === undefined) return undefined;
  const { suffix, directory, elsewhere } = names;
  if (elsewhere === undefined) return directory === "" ? { suffix } : { suffix, directory };
  throw new StorageError("unsupported", {
    message:
      "a plan cannot carry a backup directory outside the destination: name one inside it, or run sync with it and without a plan",
  });
}

export function parseBackup(fields: Fields, name: string): CarriedBackup {
  const backup = fields.object(name);
  const suffix = backup.string("suffix");
  const directory = backup.optional("directory", "string");
  backup.end();
  if (suffix.includes("/")) throw backup.refuse("suffix", "holds a slash");
  if (directory === undefined) {
    if (suffix === "") throw backup.refuse("suffix", "is empty, and there is no directory");
    return { suffix };
  }
  const problem = pathProblem(directory);
  if (problem !== undefined) throw backup.refuse("directory", problem);
  return { suffix, directory };
}

export function parseAppend(fields: Fields, name: string): WriteModeOptions["append"] {
  const value = fields.raw(name);
  if (value === true || value === "verify") return value;
  throw fields.refuse(name, 'is neither true nor "verify"');
}

export function parsePartial(fields: Fields, name: string): WriteModeOptions["partial"] {
  if (fields.raw(name) === true) return true;
  const partial = fields.object(name);
  const directory = partial.string("directory");
  partial.end();
  const problem = directory.includes("/") ? "holds a slash" : pathProblem(directory);
  if (problem !== undefined) throw partial.refuse("directory", problem);
  return { directory };
}
