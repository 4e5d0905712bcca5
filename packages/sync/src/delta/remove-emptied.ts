/** Signatures whose objects went by other hands would keep a directory for ever: they are in no listing. */
import { type Driver, isStorageError, joinPath } from "@omnisync/storage";
import { pagesBelow } from "../run/clear-folder.ts";
import { forgetSignatures, removeFolder } from "./forget-signatures.ts";
import { SIGNATURE_FOLDER, signedPath } from "./signature-path.ts";

/**
 * Removes a directory in which nothing lies but signatures of what is gone.
 * @throws StorageError `directory-not-empty`
 */
export async function removeEmptied(
  driver: Driver,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await driver.rmdir?.(directory, { signal });
  } catch (error) {
    if (!isStorageError(error, "directory-not-empty")) throw error;
    await forgetOrphans(driver, directory, signal);
    await driver.rmdir?.(directory, { signal });
  }
}

async function forgetOrphans(
  driver: Driver,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const signed = new Set<string>();
  for (const folder of [directory, joinPath(directory, SIGNATURE_FOLDER)]) {
    for await (const page of pagesBelow(driver, folder, false, signal)) {
      for (const { kind, path } of page) {
        const object = kind === "file" ? signedPath(path) : undefined;
        if (object !== undefined) signed.add(object);
      }
    }
  }
  for (const path of signed) {
    const isGone = (await driver.stat(path, { signal })) === undefined;
    if (isGone) await forgetSignatures({ driver, path }, signal);
  }
  await removeFolder(driver, directory);
}
