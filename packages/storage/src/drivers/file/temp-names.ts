/**
 * Names of temporary files, and whether the process that made one is gone.
 *
 *     .omnisync-0f3a91c2 00a3f1 5e-0000002a.tmp     (without the blanks)
 *               │        │      │  └ serial, 8 hex
 *               │        │      └ start time of the process, hashed to 8 bits
 *               │        └ process id, 24 bits (Linux allows 22)
 *               └ this boot of this machine and its process namespace, hashed to 32 bits
 *
 * A leftover may be removed at once if it is from this boot and namespace and no process of that id
 * and start time lives. Of any other host we cannot tell, so its files go only after a day without a
 * change. A process that got the id anew and by chance (1 in 256) the same hash only makes us wait.
 */
import { randomInt } from "node:crypto";
import { StorageError } from "../../errors.ts";
import {
  bootId,
  isRunning,
  processMark,
  processNamespace,
  shortHash,
} from "../../lib/process-owner.ts";
import { baseName, isTempName } from "../../path.ts";

/** How long a file of an unknown host is left alone, milliseconds. */
export const FOREIGN_AGE: number = 24 * 3600 * 1000;

const OWNER_AT = ".omnisync-".length;

let owner: string | undefined;
/** Chosen with the first name: a thread that only reads does without Node's cryptography. */
let serial: number | undefined;

/** A name that no other thread or process uses, save by a chance that `O_EXCL` catches. */
export function nextTempName(): string {
  owner ??= hostHash() + processMark(process.pid);
  serial = ((serial ?? randomInt(0x1_0000_0000)) + 1) % 0x1_0000_0000;
  return `.omnisync-${owner}-${serial.toString(16).padStart(8, "0")}.tmp`;
}

/**
 * Whether a leftover may be removed: its process is gone, or it is foreign and unchanged for a day.
 * @param changedAt ctime, milliseconds: unlike mtime it cannot have been set to the source's.
 * @throws StorageError `invalid-argument` if `path` does not name a temporary file.
 */
export function isStale(path: string, changedAt: number): boolean {
  const mark = markOf(path);
  return mark === undefined ? Date.now() - changedAt > FOREIGN_AGE : !isRunning(mark);
}

/** Whether another process that lives may be writing it. Of other hosts and boots this cannot be told. */
export function isInUse(path: string): boolean {
  const mark = markOf(path);
  return mark !== undefined && mark !== processMark(process.pid) && isRunning(mark);
}

/** The process that made a temporary file; `undefined` for one of another host. */
function markOf(path: string): string | undefined {
  const name = baseName(path);
  if (!isTempName(name)) {
    throw new StorageError("invalid-argument", { path, message: "is not a temporary file" });
  }
  const host = name.slice(OWNER_AT, OWNER_AT + 8);
  return host === hostHash() ? name.slice(OWNER_AT + 8, OWNER_AT + 16) : undefined;
}

let host: string | undefined;

/** A boot id is new with every boot of every machine; containers on one machine differ in namespace. */
function hostHash(): string {
  host ??= shortHash(`${bootId()} ${processNamespace()}`, 8);
  return host;
}
