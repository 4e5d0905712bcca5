/**
 * What a worker is told of the attributes and conditions of a write. What is not wished is left out: whatever travels
 * to a thread is written and read once more.
 */
import type { WriteOptions } from "../../driver.ts";
import type { Attributes } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import { checkWrite } from "../../lib/check-write.ts";
import { groupId, userId } from "./account-names.ts";
import type { WriteWish } from "./atomic-write.ts";
import type { MoreWish } from "./more-attributes.ts";

/** @throws StorageError for what `checkWrite` refuses, for user metadata (`unsupported`), for an owner that is unknown here */
export function wishOf(path: string, options: WriteOptions, umask: number): WriteWish {
  checkWrite(path, options);
  refuseMetadata(path, options);
  const wish: { -readonly [K in keyof WriteWish]: WriteWish[K] } = { umask };
  const { mtime, mode, ifMatch, ifNoneMatch, size } = options;
  if (mtime !== undefined) wish.mtime = mtime;
  if (mode !== undefined) wish.mode = mode;
  if (ifMatch !== undefined) wish.ifMatch = ifMatch;
  if (ifNoneMatch !== undefined) wish.ifNoneMatch = ifNoneMatch;
  if (size !== undefined) wish.size = size;
  if (options.hashes !== undefined) wish.hashes = options.hashes;
  if (options.durable) wish.durable = true;
  if (options.sparse) wish.sparse = true;
  else if (options.preallocate) wish.preallocate = true;
  return hasMoreToWish(options) ? { ...wish, ...moreOf(path, options) } : wish;
}

function hasMoreToWish({ xattrs, acl, defaultAcl, uid, gid, user, group }: Attributes): boolean {
  return (xattrs ?? acl ?? defaultAcl ?? uid ?? gid ?? user ?? group) !== undefined;
}

function moreOf(path: string, options: Attributes): MoreWish {
  const { xattrs, acl, defaultAcl } = options;
  return { xattrs, acl, defaultAcl, ...ownerIds(path, options) };
}

/** The numbers of the wished owner: by name where that is known here. */
function ownerIds(
  path: string,
  { uid, gid, user, group }: Attributes,
): { readonly uid?: number | undefined; readonly gid?: number | undefined } {
  const wished = {
    uid: (user === undefined ? undefined : userId(user)) ?? uid,
    gid: (group === undefined ? undefined : groupId(group)) ?? gid,
  };
  const unknown = user !== undefined && wished.uid === undefined ? user : undefined;
  const name = unknown ?? (group !== undefined && wished.gid === undefined ? group : undefined);
  if (name === undefined) return wished;
  throw new StorageError("invalid-argument", { path, message: `"${name}" is unknown here` });
}

/** A content type is dropped, as the capabilities say; metadata would be a loss. */
function refuseMetadata(path: string, attributes: Attributes): void {
  if (attributes.metadata === undefined || Object.keys(attributes.metadata).length === 0) return;
  throw new StorageError("unsupported", { path, message: "a local file keeps no user metadata" });
}
