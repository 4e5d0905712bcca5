/** Objects in memory as the contract describes them. */
import type { Attributes, Entry } from "../../entry.ts";
import type { MemoryObject } from "./memory-store.ts";

export function describe(path: string, object: MemoryObject): Entry {
  return {
    ...object.attributes,
    path,
    kind: object.link ? "symlink" : object.special === undefined ? "file" : "other",
    ...(object.special === undefined ? {} : { special: object.special }),
    size: object.bytes.byteLength,
    complete: true,
    etag: object.etag,
    storedAt: object.storedAt,
    hashes: { sha256: object.sha256 },
    ...(object.version === undefined ? {} : { version: object.version }),
    ...(object.link ? { linkTarget: new TextDecoder().decode(object.bytes) } : {}),
  };
}

export function describeMarker(path: string, marker: MemoryObject): Entry {
  return {
    ...marker.attributes,
    path,
    kind: "directory",
    size: 0,
    complete: true,
    etag: marker.etag,
    storedAt: marker.storedAt,
  };
}

/** The attributes that have a value, copied so that the caller's later changes do not reach the store. */
export function given(attributes: Attributes): Attributes {
  const { mtime, mode, contentType, metadata } = attributes;
  const { uid, gid, user, group, xattrs, acl, defaultAcl, hardLink } = attributes;
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    ...(xattrs === undefined ? {} : { xattrs: { ...xattrs } }),
    ...(acl === undefined ? {} : { acl }),
    ...(defaultAcl === undefined ? {} : { defaultAcl }),
    ...(hardLink === undefined ? {} : { hardLink: { ...hardLink } }),
    ...(mtime === undefined ? {} : { mtime }),
    ...(mode === undefined ? {} : { mode }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}
