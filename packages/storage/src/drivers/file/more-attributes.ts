/**
 * What an entry has beyond what every look gives: owner, other names, extended attributes, access lists,
 * which kind of special file. Read only if asked for; written to a file before it gets its name.
 */
import { type Stats, lchownSync } from "node:fs";
import type { AttributeName, Entry, Special } from "../../entry.ts";
import { groupName, userName } from "./account-names.ts";
import { listNames, readAcls, readXattrs, writeAcls, writeXattrs } from "./file-xattrs.ts";

/** As it travels between threads. */
export interface MoreRow {
  readonly owner?: readonly [uid: number, gid: number] | undefined;
  readonly hardLink?: Entry["hardLink"];
  readonly xattrs?: Entry["xattrs"];
  readonly acl?: string | undefined;
  readonly defaultAcl?: string | undefined;
  readonly special?: Special | undefined;
  readonly throughLink?: Entry | undefined;
  readonly notEntered?: true | undefined;
}

/** What can be set beyond mode and mtime. */
export interface MoreWish {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  readonly acl?: string | undefined;
  readonly defaultAcl?: string | undefined;
}

/** `undefined` where there is nothing to tell. */
export function readMore(
  target: string,
  stats: Stats,
  names: readonly AttributeName[] | undefined,
): MoreRow | undefined {
  const special = specialOf(stats);
  if (names === undefined || names.length === 0) return special && { special };
  const asked = new Set(names);
  const listed = asked.has("xattrs") || asked.has("acl") ? listNames(target) : [];
  return {
    special,
    owner: asked.has("owner") ? [stats.uid, stats.gid] : undefined,
    hardLink: asked.has("hardLink") ? hardLinkOf(stats) : undefined,
    xattrs: asked.has("xattrs") ? readXattrs(target, listed) : undefined,
    // A link has no access list.
    ...(asked.has("acl") && !stats.isSymbolicLink()
      ? readAcls(target, stats.isDirectory(), listed)
      : {}),
  };
}

/** The entry with what is known besides. */
export function withMore(entry: Entry, more: MoreRow | undefined): Entry {
  if (more === undefined) return entry;
  const { owner, ...others } = more;
  const known = Object.entries(others).filter(([, value]) => value !== undefined);
  if (owner === undefined) return { ...entry, ...Object.fromEntries(known) };
  const [uid, gid] = owner;
  const [user, group] = [userName(uid), groupName(gid)];
  return {
    ...entry,
    ...Object.fromEntries(known),
    uid,
    gid,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
  };
}

/**
 * Sets what is wished of what lies at `target`, never through a link. Before the mode is set: a new owner takes
 * set-uid bits and capabilities away, and an access list changes the group's bits.
 */
export function writeMore(target: string, wish: MoreWish): void {
  const { uid, gid, xattrs } = wish;
  if (uid !== undefined || gid !== undefined) lchownSync(target, uid ?? -1, gid ?? -1);
  writeAcls(target, wish);
  if (xattrs !== undefined) writeXattrs(target, xattrs);
}

export function hasMore({ uid, gid, xattrs, acl, defaultAcl }: MoreWish): boolean {
  return [uid, gid, xattrs, acl, defaultAcl].some((value) => value !== undefined);
}

export function hardLinkOf(stats: Stats): Entry["hardLink"] {
  if (stats.isDirectory() || stats.nlink < 2) return undefined;
  return { id: `${stats.dev}:${stats.ino}`, count: stats.nlink };
}

export function specialOf(stats: Stats): Special | undefined {
  if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return undefined;
  if (stats.isFIFO()) return { type: "fifo" };
  if (stats.isSocket()) return { type: "socket" };
  const type = stats.isBlockDevice() ? "block" : "character";
  const { rdev } = stats;
  // As glibc's `major` and `minor`: the numbers are spread over 64 bits.
  const [high, low] = [Math.floor(rdev / 2 ** 32), rdev % 2 ** 32];
  const major = ((low >>> 8) & 0xfff) + (high & 0xffff_f000);
  const minor = (low & 0xff) + ((low >>> 12) & 0xf_ff00);
  return { type, major, minor };
}
