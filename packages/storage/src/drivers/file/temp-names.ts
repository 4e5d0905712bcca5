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
import { createHash, randomInt } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { StorageError } from "../../errors.ts";
import { baseName, isTempName } from "../../path.ts";
import { isSystemError } from "./file-errors.ts";

/** How long a file of an unknown host is left alone, milliseconds. */
export const FOREIGN_AGE: number = 24 * 3600 * 1000;

const OWNER_AT = ".omnisync-".length;

let owner: string | undefined;
let serial = randomInt(0x1_0000_0000);

/** A name that no other thread or process uses, save by a chance that `O_EXCL` catches. */
export function nextTempName(): string {
  owner ??= ownerOf(process.pid);
  serial = (serial + 1) % 0x1_0000_0000;
  return `.omnisync-${owner}-${serial.toString(16).padStart(8, "0")}.tmp`;
}

/**
 * Whether a leftover may be removed: its process is gone, or it is foreign and unchanged for a day.
 * @param changedAt ctime, milliseconds: unlike mtime it cannot have been set to the source's.
 * @throws StorageError `invalid-argument` if `path` does not name a temporary file.
 */
export function isStale(path: string, changedAt: number): boolean {
  const name = baseName(path);
  if (!isTempName(name)) {
    throw new StorageError("invalid-argument", { path, message: "is not a temporary file" });
  }
  const host = name.slice(OWNER_AT, OWNER_AT + 8);
  if (host !== hostHash()) return Date.now() - changedAt > FOREIGN_AGE;
  const pid = Number.parseInt(name.slice(OWNER_AT + 8, OWNER_AT + 14), 16);
  const start = name.slice(OWNER_AT + 14, OWNER_AT + 16);
  return !isAlive(pid) || startHash(pid) !== start;
}

function ownerOf(pid: number): string {
  return `${hostHash()}${pid.toString(16).padStart(6, "0")}${startHash(pid)}`;
}

let host: string | undefined;

/** A boot id is new with every boot of every machine; containers on one machine differ in namespace. */
function hostHash(): string {
  host ??= shortHash(`${bootId()} ${processNamespace()}`, 8);
  return host;
}

function bootId(): string {
  return linuxOnly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")) ?? hostname();
}

function processNamespace(): string {
  return linuxOnly(() => readlinkSync("/proc/self/ns/pid")) ?? "";
}

/** Field 22 of `/proc/<pid>/stat`; the name in field 2 may hold blanks and parentheses. */
function startHash(pid: number): string {
  const stat = linuxOnly(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const start = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return start === undefined ? "00" : shortHash(start, 2);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (isSystemError(error, "ESRCH")) return false;
    // EPERM: it lives and is somebody else's.
    return true;
  }
}

function shortHash(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}

function linuxOnly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "EACCES", "EPERM", "ESRCH", "ENOTDIR")) return undefined;
    throw error;
  }
}
