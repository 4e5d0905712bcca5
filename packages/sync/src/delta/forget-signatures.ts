import { type Driver, isStorageError, joinPath, parentPath } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { removeEmpty } from "../run/clear-folder.ts";
import { SIGNATURE_FOLDER } from "./signature-path.ts";
import { forgetSignature } from "./signature-store.ts";

/**
 * Removes the signatures of a file that is gone, wherever they lie. For programs that remove files by themselves.
 * A signature that stays, because the store refuses, does no harm: it belongs to no object.
 */
export async function forgetSignatures(
  { driver, path }: Place,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  for (const placement of ["reserved", "sidecar"] as const) {
    try {
      const wasThere = await forgetSignature({ driver, path, placement, signal });
      if (wasThere && placement === "reserved") await removeFolder(driver, parentPath(path));
    } catch (error) {
      if (!isStorageError(error)) throw error;
    }
  }
}

/** The folder of a directory's signatures, if none is left in it. */
export async function removeFolder(driver: Driver, directory: string): Promise<void> {
  if (!driver.capabilities.directories) return;
  const folder = joinPath(directory, SIGNATURE_FOLDER);
  await removeEmpty(driver, [folder, parentPath(folder)]);
}
