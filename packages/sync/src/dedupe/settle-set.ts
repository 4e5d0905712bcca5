/**
 * Removes or links the duplicates of one content, one after the other. What must hold before one goes:
 *
 * - its content and that of the copy to keep were read, and have the hash of the set: what a store says of
 *   an object is a claim, and a claim is not enough to remove the other copy;
 * - neither changed since: both are looked at again right before, and the removal carries the duplicate's
 *   etag where the store honours that. Where it does not, the gap is one request long;
 * - it is another file than the kept one, not another name of it;
 * - if it is to be linked: it differs from the kept one in nothing that it would lose, but for its time;
 * - no other run, which may keep what this one removes, is at it: this one still has its lock.
 *
 * Whatever does not hold leaves the file where it is.
 */
import {
  type Entry,
  StorageError,
  isStorageError,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import type { Place } from "../options.ts";
import { hashFile } from "../run/hash-file.ts";
import type { RunLock } from "../run-lock.ts";
import type { CopyRow } from "./copy-table.ts";
import type { DuplicateEvent } from "./duplicates.ts";
import { inodeOf } from "./hard-link.ts";
import { SHARED_ATTRIBUTES, sharedDifference } from "./shared-attributes.ts";

/** Times that both are looked at. Files that are written all the time stay as they are. */
const ROUNDS = 3;

export interface Settling {
  readonly place: Place;
  readonly action: "remove" | "link";
  readonly dryRun: boolean;
  /** There unless nothing is done. */
  readonly lock: RunLock | undefined;
  readonly signal: AbortSignal;
  readonly tell: (event: DuplicateEvent) => void;
}

/** `copies`: the one to keep first. */
export async function settleSet(settling: Settling, copies: Iterable<CopyRow>): Promise<void> {
  let kept: CopyRow | undefined;
  for (const copy of copies) {
    if (kept === undefined) kept = copy;
    else kept = await settleCopy(settling, kept, copy);
  }
}

/** @returns the kept copy as it is now known. */
async function settleCopy(settling: Settling, kept: CopyRow, copy: CopyRow): Promise<CopyRow> {
  const { action, dryRun, signal, tell } = settling;
  const told = { path: copy.path, kept: kept.path, size: copy.size };
  const done = action === "remove" ? "removed" : "linked";
  if (copy.inode !== undefined && copy.inode === kept.inode) tell({ kind: "hard-link", ...told });
  else if (dryRun && action === "remove") tell({ kind: done, ...told });
  else {
    try {
      signal.throwIfAborted();
      const proven = await (dryRun ? see : prove)(settling, kept, copy);
      if (proven.isOneFile) {
        tell({ kind: "hard-link", ...told });
        return proven.kept;
      }
      const error = action === "link" ? differenceOf(proven) : undefined;
      if (error !== undefined || dryRun) {
        tell({ kind: error === undefined ? done : "differs", ...told, error });
        return proven.kept;
      }
      const after = await act(settling, proven);
      tell({ kind: done, ...told });
      return after;
    } catch (error) {
      signal.throwIfAborted();
      const failure = toStorageError(error, { path: copy.path });
      const changed = isStorageError(failure, "changed", "precondition-failed", "not-found");
      tell({ kind: changed ? "changed" : "failed", ...told, error: failure });
    }
  }
  return kept;
}

interface Proven {
  readonly kept: CopyRow;
  readonly copy: CopyRow;
  /** Two names of one file of the disk: removing one would free nothing. */
  readonly isOneFile: boolean;
  /** The kept file as it was just seen. */
  readonly now: Entry;
  readonly copyNow: Entry;
}

/** Looks at both, and takes them for what was compared: for a dry run. */
async function see(settling: Settling, kept: CopyRow, copy: CopyRow): Promise<Proven> {
  const [now, copyNow] = await Promise.all([lookAt(settling, kept), lookAt(settling, copy)]);
  return { kept, copy, isOneFile: false, now, copyNow };
}

/**
 * Looks at both, the last thing before one goes; reads what was not read yet, or is not what was read, and
 * looks again.
 * @throws StorageError `changed` if either has not the content of the set.
 */
async function prove(settling: Settling, kept: CopyRow, copy: CopyRow): Promise<Proven> {
  let pair = [kept, copy] as const;
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = pair;
    const [nowA, nowB] = await Promise.all([lookAt(settling, a), lookAt(settling, b)]);
    if (isProven(a, nowA) && isProven(b, nowB)) {
      const inode = inodeOf(settling.place.driver, nowA);
      const isOneFile = inode !== undefined && inode === inodeOf(settling.place.driver, nowB);
      return { kept: a, copy: b, isOneFile, now: nowA, copyNow: nowB };
    }
    pair = [await read(settling, a, nowA), await read(settling, b, nowB)];
  }
  throw changed(copy);
}

function isProven(copy: CopyRow, now: Entry): boolean {
  return copy.read && now.etag === copy.etag && (now.mtime ?? now.storedAt) === copy.mtime;
}

async function read(settling: Settling, copy: CopyRow, now: Entry): Promise<CopyRow> {
  if (isProven(copy, now)) return copy;
  const { driver, path: root } = settling.place;
  const hash = await hashFile(driver, joinPath(root, copy.path), now, "blake3", settling.signal);
  if (hash !== copy.hash) throw changed(copy);
  const { etag } = now;
  return {
    ...copy,
    etag,
    mtime: now.mtime ?? now.storedAt,
    inode: inodeOf(driver, now),
    read: true,
  };
}

async function act(settling: Settling, { kept, copy, now }: Proven): Promise<CopyRow> {
  const { place, action, lock, signal } = settling;
  const { driver } = place;
  lock?.check();
  const path = joinPath(place.path, copy.path);
  const ifMatch = driver.capabilities.conditions.remove ? copy.etag : undefined;
  if (action === "remove") {
    await driver.remove(path, { ifMatch, signal });
    return kept;
  }
  await driver.hardLink!(joinPath(place.path, kept.path), path, { ifMatch, signal });
  // One name more changes the kept file's etag. If its mtime is the same, that is all that changed.
  const after = await lookAt(settling, kept);
  return after.mtime === now.mtime ? { ...kept, etag: after.etag } : kept;
}

async function lookAt({ place, action, signal }: Settling, copy: CopyRow): Promise<Entry> {
  const attributes = action === "link" ? SHARED_ATTRIBUTES : undefined;
  const path = joinPath(place.path, copy.path);
  const entry = await place.driver.stat(path, { attributes, signal });
  if (entry?.kind !== "file" || entry.size !== copy.size) throw changed(copy);
  return entry;
}

/** Why a hard link cannot stand for the copy. */
function differenceOf({ kept, copy, now, copyNow }: Proven): StorageError | undefined {
  const what = sharedDifference(now, copyNow);
  if (what === undefined) return undefined;
  const message = `has ${what} than ${kept.path}`;
  return new StorageError("unsupported", { path: copy.path, message });
}

function changed({ path }: CopyRow): StorageError {
  return new StorageError("changed", { path, message: "is not any more what was compared" });
}
