/**
 * Signatures on disks. There no store vouches for a content, and its name is made of inode, size and times: a signature is
 * worth what whoever wrote it is, and what the file system's times are.
 */
import { type Driver, type Entry, type WriteOptions, toStorageError } from "@omnisync/storage";
import { unwrapDriver } from "@omnisync/storage/layers";
import { fstat, fsync, statfs } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { SignedPath } from "./signature-store.ts";

const [statFile, syncFile, statFileSystem] = [
  promisify(fstat),
  promisify(fsync),
  promisify(statfs),
] as const;

/**
 * File systems that set the ctime themselves, at each change, by a clock of their own (linux/magic.h): ext4, XFS, Btrfs, ZFS, F2FS,
 * bcachefs, tmpfs, overlayfs, NFS, Ceph, Lustre, GFS2. What SMB and FUSE (sshfs) show as such may be the mtime.
 */
const TELL_CHANGES: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x01021994, 0x794c7630,
  0x6969, 0x00c36400, 0x0bd00bd0, 0x01161970,
]);
/** No file system that tells changes has a coarser clock. Milliseconds. */
const COARSEST_TICK = 2000;
/** By how much the clock of a file system may be behind ours. Milliseconds. */
const CLOCKS_APART = 3_600_000;
const SUPERUSER = 0;
/** Who owns what has no owner here: anybody's files. */
const NOBODY = 65_534;
/** Written by others than its owner. */
const BY_OTHERS = 0o022;

/** Whether files lie on a file system, also one at the other end of a network, under whatever layers. */
export function isDisk(driver: Driver): boolean {
  return unwrapDriver(driver).openFile !== undefined;
}

/**
 * Waits until any further change of a file on a disk will give its content another name. What was written through memory
 * that is mapped shows only after the pages were written; two changes within one tick of the clock show as one.
 * @param file As it was looked at before.
 * @throws StorageError `changed` if it is another one now; the reason of the signal
 */
export async function settle(driver: Driver, file: Entry, signal: AbortSignal): Promise<void> {
  const opened = await unwrapDriver(driver).openFile!(file.path, { ifMatch: file.etag, signal });
  try {
    await syncFile(opened.descriptor);
  } catch (error) {
    throw toStorageError(error, { path: file.path });
  } finally {
    await opened.close();
  }
  if ((file.storedAt ?? Infinity) > Date.now() - CLOCKS_APART)
    await sleep(COARSEST_TICK, undefined, { signal });
}

/**
 * Whether a signature is of somebody who could as well have written the file (its owner, this user or the superuser), and nobody else
 * may write it; anybody who may write to a directory that all share may put one there. `refused`: the file system does not
 * tell whether the file is still what was signed.
 * @param object The file that the signature names.
 * @param signature What was read of it: the file that is looked at has to be that one.
 * @throws StorageError `precondition-failed` or `changed` if the file is no longer that one
 */
export async function whoseWord(
  { driver, path, signal }: Omit<SignedPath, "placement">,
  object: Entry,
  signature: Entry,
): Promise<"owner" | "foreign-signature" | "refused"> {
  const opened = await unwrapDriver(driver).openFile!(path, { ifMatch: object.etag, signal });
  try {
    if (!(await tellsChanges(opened.descriptor))) return "refused";
    const { uid } = await statFile(opened.descriptor);
    const word = await driver.stat(signature.path, { attributes: ["owner"], signal });
    const isThatFile = word?.kind === "file" && word.etag === signature.etag;
    if (!isThatFile || word.uid === undefined || word.uid === NOBODY) return "foreign-signature";
    const isOnlyTheirs = ((word.mode ?? 0o777) & BY_OTHERS) === 0;
    const isTheirs = [uid, process.geteuid?.(), SUPERUSER].includes(word.uid);
    return isOnlyTheirs && isTheirs ? "owner" : "foreign-signature";
  } catch (error) {
    throw toStorageError(error, { path });
  } finally {
    await opened.close();
  }
}

/**
 * By opening it, for which a network's file system asks its server.
 * @throws StorageError `precondition-failed` or `changed` if a file on a disk is not the one that was looked at any more
 */
export async function refuseTouched(
  driver: Driver,
  path: string,
  { etag }: Entry,
  signal: AbortSignal,
): Promise<void> {
  const opened = await unwrapDriver(driver).openFile!(path, { ifMatch: etag, signal });
  await opened.close();
}

async function tellsChanges(descriptor: number): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    const { type } = await statFileSystem(`/proc/self/fd/${descriptor}`);
    return TELL_CHANGES.has(type >>> 0);
  } catch {
    // No /proc here.
    return false;
  }
}

/**
 * Owner and mode of a signature that is written beside a file: blocks are known by their hashes, so nobody is to read those who
 * may not read the file.
 */
export async function accessBeside({
  driver,
  path,
  signal,
}: SignedPath): Promise<Pick<WriteOptions, "mode" | "uid" | "gid" | "acl">> {
  const file = await driver.stat(path, { attributes: ["owner", "acl"], signal });
  if (file?.mode === undefined) return {};
  const { mode, uid, gid, acl = "" } = file;
  const { owner, ownGroups, acls } = driver.capabilities;
  const isGroupGiven = owner === "both" || (gid !== undefined && ownGroups.includes(gid));
  const isOpen = acl === "";
  // Who is of a group that may not read it is not to be one of the others here.
  const isForOthers = isOpen && (isGroupGiven || (mode & 0o040) !== 0);
  return {
    mode: mode & (0o600 | (isOpen && isGroupGiven ? 0o040 : 0) | (isForOthers ? 0o004 : 0)),
    // Not what the directory gives to all that is made in it.
    acl: acls ? "" : undefined,
    uid: owner === "both" ? uid : undefined,
    gid: isGroupGiven ? gid : undefined,
  };
}
