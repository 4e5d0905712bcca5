/** Removing a directory with all that is in it: files in batches, then directories from the deepest up. */
import {
  type Driver,
  type Entry,
  RESERVED_NAME,
  StorageError,
  baseName,
  isStorageError,
  joinPath,
  parentPath,
  toStorageError,
} from "@omnisync/storage";
import { SIGNATURES, listPages } from "./listing.ts";
import type { Found } from "./places.ts";
import type { Session } from "./session.ts";

export interface Removal {
  /** Told of each path once it is gone; in a dry run of each that would go. */
  readonly onRemoved: (path: string) => void;
  readonly onFailure: (error: StorageError) => void;
  readonly dryRun: boolean;
}

/** Removes all that is below `directory`, not the directory itself. @returns whether nothing failed. */
export async function removeBelow(
  session: Session,
  driver: Driver,
  directory: string,
  removal: Removal,
): Promise<boolean> {
  const directories: string[] = [];
  const request = { driver, directory, recursive: true, includeReserved: true };
  let whole = true;
  for await (const page of listPages(session, request)) {
    for (const { path } of page.filter(isDirectory)) directories.push(path);
    const files = page.filter((entry) => !isDirectory(entry)).map(({ path }) => path);
    whole = (await removeFiles(session, driver, files, removal)) && whole;
  }
  // The listing has a directory before what is in it, so that backwards is from the deepest up.
  for (const path of directories.reverse())
    whole = (await removeDirectory(session, driver, path, removal)) && whole;
  return whole;
}

/** Removes an empty directory, or the marker that stands for one. @returns whether it could be. */
export async function removeDirectory(
  session: Session,
  driver: Driver,
  path: string,
  removal: Removal,
): Promise<boolean> {
  try {
    if (!removal.dryRun) await driver.rmdir?.(path, { signal: session.signal });
  } catch (error) {
    if (isStorageError(error, "aborted")) throw error;
    removal.onFailure(toStorageError(error, { path }));
    return false;
  }
  removal.onRemoved(`${path}/`);
  return true;
}

/** Removes files, as many at once as the store takes. @returns whether nothing failed. */
export async function removeFiles(
  session: Session,
  driver: Driver,
  files: readonly string[],
  removal: Removal,
): Promise<boolean> {
  const most = driver.capabilities.removeMany ?? driver.capabilities.concurrency;
  let whole = true;
  for (let at = 0; at < files.length; at += most) {
    const paths = files.slice(at, at + most);
    const failures = removal.dryRun ? [] : await removeBatch(session, driver, paths);
    const left = new Set(failures.map(({ path }) => path));
    for (const path of paths) if (!left.has(path)) removal.onRemoved(path);
    for (const failure of failures) removal.onFailure(failure);
    whole &&= failures.length === 0;
  }
  return whole;
}

/** Removes the signatures of a file that is gone. The engine is loaded only if there is one. */
export async function forgetSignaturesOf(
  { signal }: Session,
  { driver, path, entry }: Found,
): Promise<void> {
  if (entry.kind !== "file") return;
  const beside = path + SIGNATURES.suffix;
  const reserved = joinPath(parentPath(path), RESERVED_NAME, "signatures", baseName(beside));
  const looks = [reserved, beside].map((at) => isThere(driver, at, signal));
  if (!(await Promise.all(looks)).includes(true)) return;
  const { forgetSignatures } = await import("@omnisync/sync");
  await forgetSignatures({ driver, path }, signal);
}

/** Not told apart from what cannot be seen: a signature that stays does no harm. */
async function isThere(driver: Driver, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await driver.stat(path, { signal })) !== undefined;
  } catch (error) {
    if (!isStorageError(error) || error.code === "aborted") throw error;
    return false;
  }
}

/** Removes all signatures below the root of a store, from which every file has gone. */
export async function forgetSignaturesBelow(session: Session, driver: Driver): Promise<void> {
  const { forgetSignatures, signedPath } = await import("@omnisync/sync");
  const request = { driver, directory: "", recursive: true, includeReserved: true };
  for await (const page of listPages(session, request)) {
    for (const { kind, path } of page) {
      const signed = kind === "file" ? signedPath(path) : undefined;
      if (signed === undefined) continue;
      await forgetSignatures({ driver, path: signed }, session.signal);
    }
  }
}

/** Removes the directories below the root, from the deepest up. @throws StorageError if one holds something. */
export async function removeEmptyDirectories(session: Session, driver: Driver): Promise<void> {
  const directories: string[] = [];
  for await (const page of listPages(session, { driver, directory: "", recursive: true })) {
    for (const { path } of page.filter(isDirectory)) directories.push(path);
  }
  for (const path of directories.reverse()) await driver.rmdir?.(path, { signal: session.signal });
}

async function removeBatch(
  session: Session,
  driver: Driver,
  paths: readonly string[],
): Promise<readonly StorageError[]> {
  const { signal } = session;
  if (driver.removeMany !== undefined && paths.length > 1)
    return driver.removeMany(paths, { signal });
  const failures: StorageError[] = [];
  const removeOne = async (path: string): Promise<void> => {
    try {
      await driver.remove(path, { signal });
    } catch (error) {
      if (isStorageError(error, "aborted")) throw error;
      failures.push(toStorageError(error, { path }));
    }
  };
  await Promise.all(paths.map(removeOne));
  return failures;
}

function isDirectory(entry: Entry): boolean {
  return entry.kind === "directory";
}
