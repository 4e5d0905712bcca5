/** What a store says about one path. */
import type { HashName } from "./hashes.ts";

/**
 * - `file`: bytes.
 * - `directory`: a real one, or the zero-byte `name/` object that stands for one.
 * - `symlink`: a link; its target is read with `readLink`, never followed by a driver.
 * - `other`: a FIFO, socket or device. Reported, never opened.
 */
export type EntryKind = "file" | "directory" | "symlink" | "other";

/**
 * What travels with the content of a file, from store to store, where both can hold it. A number or a name that
 * is not as is said here is `invalid-argument`.
 */
export interface Attributes {
  /** When the content last changed, milliseconds since 1970, fractions allowed, finite. As its owner set it. */
  readonly mtime?: number | undefined;
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number | undefined;
  /** MIME type. */
  readonly contentType?: string | undefined;
  /**
   * The user's own metadata; names in lower case, as HTTP has them. What omnisync stores for itself is not in it,
   * nor can the user take its names (`lib/check-write.ts`).
   */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Owner and group by number. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Their names, where the store knows names. Written: a name that is known there goes before the number. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Extended attributes: names in full (`user.color`), values in base64. Written: exactly these are there then. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /**
   * Access control list in short text form, ids as numbers:
   * `user::rw-,user:1000:rwx,group::r--,mask::rwx,other::r--`. "": none beyond the permission bits.
   */
  readonly acl?: string | undefined;
  /** What new entries of a directory get, in the same form. */
  readonly defaultAcl?: string | undefined;
  /**
   * Which file this is one of several names of, and how many it has. Kept as it is by stores without
   * hard links; where there are some, `hardLink` makes them and this is only told.
   */
  readonly hardLink?: HardLink | undefined;
}

export interface HardLink {
  /** Equal for the names of one file, within one store. */
  readonly id: string;
  readonly count: number;
}

/** What is told of an entry only if it is asked for, as it costs. A store may tell more than was asked. */
export type AttributeName = "owner" | "hardLink" | "xattrs" | "acl";

/** A FIFO, socket or device. */
export interface Special {
  readonly type: "fifo" | "socket" | "block" | "character";
  /** Of devices. */
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
}

export interface Entry extends Attributes {
  /** Relative to the store's root, without a trailing slash, also for a directory. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Bytes. 0 for directories and `other`; for a link the bytes of its target. */
  readonly size: number;
  /**
   * Whether the attributes are all here. A listing of an object store knows size and etag only and
   * says `false`; `stat` and `read` always say `true`.
   */
  readonly complete: boolean;
  /** When the store took the content in, by its own clock, milliseconds since 1970. */
  readonly storedAt?: number | undefined;
  /** Of what was just written, where the answer does not tell `storedAt`: the store's clock when it answered. */
  readonly storedBy?: number | undefined;
  /**
   * Opaque name of this content at this path: it changes whenever the content does. For an object
   * store the ETag without quotes; for a local file made of inode, size, mtime and ctime.
   */
  readonly etag?: string | undefined;
  /** The id of this content where the store keeps versions and gave it one. */
  readonly version?: string | undefined;
  /** Hashes of the whole content that are known without reading it, lower-case hex. */
  readonly hashes?: Readonly<Partial<Record<HashName, string>>> | undefined;
  /**
   * A hash of the content by parts: the MD5 of the concatenated MD5s of consecutive pieces of `size`
   * bytes (the last may be shorter), hex. Known for objects that were sent in parts of a known size.
   */
  readonly parts?: { readonly size: number; readonly md5: string } | undefined;
  readonly storageClass?: string | undefined;
  /** Present on links where a listing knows it. */
  readonly linkTarget?: string | undefined;
  /** Of a directory that is told where `followLinks` met a link: that link. */
  readonly throughLink?: Entry | undefined;
  /** Of a directory of another file system, which a listing with `oneFileSystem` did not enter: what is in it is not known. */
  readonly notEntered?: true | undefined;
  /** Which kind of `other` it is. */
  readonly special?: Special | undefined;
}
