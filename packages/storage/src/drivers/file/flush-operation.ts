/** What a worker does to have on stable storage what was written before: synchronous calls only. */
import { closeSync, constants, fsyncSync, lstatSync, openSync } from "node:fs";
import { parentPath } from "../../path.ts";
import { syncDirectory } from "./confined-tree.ts";
import { isSystemError } from "./file-errors.ts";
import type { OperationContext } from "./operations.ts";

/** The file, its name, and the names of the directories above it. A link is on the disk with its directory. */
export function flush(context: OperationContext, path: string): void {
  const { directory, target } = context.tree.place(path);
  if (lstatSync(target).isFile()) syncFile(target);
  syncDirectory(`${directory.prefix}.`);
  for (let above = parentPath(path); above !== "";) {
    above = parentPath(above);
    syncIfReadable(`${context.tree.directory(above).prefix}.`);
  }
}

/** Opened for reading: who may not write to it may have it written out, too. */
export function syncFile(target: string): void {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(target, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** One that is not is another's, and so is the matter of what leads through it. */
function syncIfReadable(directory: string): void {
  try {
    syncDirectory(directory);
  } catch (error) {
    if (!isSystemError(error, "EACCES")) throw error;
  }
}
