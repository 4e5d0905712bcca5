/** Goes through, and removes, folders of our own at a place. */
import { type Driver, type Entry, isStorageError } from "@omnisync/storage";
import { Spool } from "./spool.ts";

/** Files removed at once where the store takes them one by one. */
const AT_ONCE = 16;

/** What lies below a folder of our own; nothing if it does not exist. */
export async function* pagesBelow(
  driver: Driver,
  folder: string,
  recursive: boolean,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly Entry[]> {
  try {
    yield* driver.list(folder, { recursive, includeReserved: true, signal });
  } catch (error) {
    if (!isStorageError(error, "not-found")) throw error;
    // The store itself is missing, which is no empty folder.
    if ((await driver.stat("", { signal })) === undefined) throw error;
  }
}

/** Removes a folder with all that is in it. */
export async function clearFolder(
  driver: Driver,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const files = new Spool<string>();
  try {
    for await (const page of pagesBelow(driver, folder, true, signal)) {
      for (const { kind, path } of page) if (kind !== "directory") await files.push(path);
    }
    for await (const page of files.forward()) {
      for (let at = 0; at < page.length; at += AT_ONCE) {
        const some = page.slice(at, at + AT_ONCE);
        await Promise.all(some.map((path) => driver.remove(path, { signal })));
      }
    }
  } finally {
    await files.close();
  }
  await removeEmptyBelow(driver, folder, signal);
}

/** Removes a folder and the directories in it, inner ones first, as far as they hold nothing. */
export async function removeEmptyBelow(
  driver: Driver,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  if (driver.rmdir === undefined) return;
  const directories = new Spool<string>();
  try {
    await directories.push(folder);
    for await (const page of pagesBelow(driver, folder, true, signal)) {
      for (const { kind, path } of page) if (kind === "directory") await directories.push(path);
    }
    for await (const page of directories.reversed()) {
      for (const directory of page) await removeIfEmpty(driver, directory, signal);
    }
  } finally {
    await directories.close();
  }
}

/** Removes directories, inner ones first, up to the first that holds something. */
export async function removeEmpty(driver: Driver, directories: readonly string[]): Promise<void> {
  for (const directory of directories) if (!(await removeIfEmpty(driver, directory))) return;
}

/** @returns whether it is gone. */
async function removeIfEmpty(
  driver: Driver,
  directory: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await driver.rmdir?.(directory, { signal });
    return true;
  } catch (error) {
    if (isStorageError(error, "not-found")) return true;
    if (isStorageError(error, "directory-not-empty")) return false;
    throw error;
  }
}
