/** Removing a directory with all that is in it: files in batches, then directories from the deepest up. */
import {
  type Driver,
  type Entry,
  StorageError,
  isReserved,
  isStorageError,
  toStorageError,
} from "@omnisync/storage";
import { DEFAULT_THRESHOLD } from "./flags/delta-flags.ts";
import { listPages } from "./listing.ts";
import type { Found } from "./places.ts";
import type { Session } from "./session.ts";

const SIGNATURES_FOLDER = /(^|\/)\.omnisync\/signatures\//;

export interface Removal {
  /** Told of each path before it is removed. */
  readonly onPath: (path: string) => void;
  readonly onFailure: (error: StorageError) => void;
  readonly dryRun: boolean;
}

/** Removes all that is below `directory`, not the directory itself. */
export async function removeBelow(
  session: Session,
  driver: Driver,
  directory: string,
  removal: Removal,
): Promise<void> {
  const directories: string[] = [];
  const request = { driver, directory, recursive: true, includeReserved: true };
  for await (const page of listPages(session, request)) {
    for (const { path } of page.filter(isDirectory)) directories.push(path);
    await removeFiles(
      session,
      driver,
      page.filter((entry) => !isDirectory(entry)),
      removal,
    );
  }
  // The listing has a directory before what is in it, so that backwards is from the deepest up.
  for (const path of directories.reverse()) await removeDirectory(session, driver, path, removal);
}

/** Removes an empty directory, or the marker that stands for one. */
export async function removeDirectory(
  session: Session,
  driver: Driver,
  path: string,
  removal: Removal,
): Promise<void> {
  removal.onPath(`${path}/`);
  if (removal.dryRun) return;
  try {
    await driver.rmdir?.(path, { signal: session.signal });
  } catch (error) {
    if (isStorageError(error, "aborted")) throw error;
    removal.onFailure(toStorageError(error, { path }));
  }
}

/** Removes the signature of a file that is gone, if it was so large that it may have one. */
export async function forgetSignaturesOf(
  session: Session,
  { driver, path, entry }: Found,
): Promise<void> {
  if (entry.kind !== "file" || entry.size <= DEFAULT_THRESHOLD) return;
  const { forgetSignatures } = await import("@omnisync/sync");
  await forgetSignatures({ driver, path }, entry, session.signal);
}

/** Removes all signatures below the root of a store, from which every file has gone. */
export async function forgetSignaturesBelow(session: Session, driver: Driver): Promise<void> {
  const { SIGNATURE_SUFFIX, forgetSignatures } = await import("@omnisync/sync");
  const request = { driver, directory: "", recursive: true, includeReserved: true };
  for await (const page of listPages(session, request)) {
    for (const { kind, path } of page) {
      if (kind !== "file" || !path.endsWith(SIGNATURE_SUFFIX)) continue;
      const signed = path.slice(0, -SIGNATURE_SUFFIX.length).replace(SIGNATURES_FOLDER, "$1");
      // What lies in the trash is not ours to look through.
      if (isReserved(signed)) continue;
      await forgetSignatures({ driver, path: signed }, { size: Infinity }, session.signal);
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

async function removeFiles(
  session: Session,
  driver: Driver,
  entries: readonly Entry[],
  removal: Removal,
): Promise<void> {
  const most = driver.capabilities.removeMany ?? driver.capabilities.concurrency;
  for (let at = 0; at < entries.length; at += most) {
    const paths = entries.slice(at, at + most).map((entry) => entry.path);
    for (const path of paths) removal.onPath(path);
    if (removal.dryRun) continue;
    for (const failure of await removeBatch(session, driver, paths)) removal.onFailure(failure);
  }
}

async function removeBatch(
  session: Session,
  driver: Driver,
  paths: readonly string[],
): Promise<readonly StorageError[]> {
  const { signal } = session;
  if (driver.removeMany !== undefined) return driver.removeMany(paths, { signal });
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
