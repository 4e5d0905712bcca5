/** What a run tells while it goes on: one event per path that needed something, or could not be done. */
import type { Entry, StorageError, Upload } from "@omnisync/storage";

/** Why something is done, or left alone. */
export type Reason =
  | "new"
  | "size"
  | "mtime"
  | "checksum"
  | "type"
  | "mode"
  | "owner"
  | "group"
  | "acl"
  | "xattrs"
  /** Equal as far as size and mtime tell, and transferred all the same (`ignoreTimes`). */
  | "forced"
  /** The source has it as another name of a file, the destination had it by itself. */
  | "hard-link"
  | "target"
  | "same"
  | "newer-at-destination"
  | "exists"
  | "not-existing"
  | "limits"
  | "not-shorter"
  | "vanished"
  | "extra"
  | "moved";

/**
 * - `copy`: content was transferred (`reason: "new"` created, else replaced).
 * - `attributes`: content was equal, attributes were set (`changes` says which).
 * - `mkdir`, `link`: a directory, or a link or special file, was created or changed. With `linkedTo` it is
 *   a file that was made another name of that one.
 * - `unchanged`: nothing to do. `skip`: left alone by an option (`reason` says which).
 * - `remove`: an extra was removed from the destination.
 * - `remove-source`: the source was removed after its copy was verified.
 * - `withheld`: would have been removed, but the run's guards forbid it.
 * - `ignored`: a FIFO, socket, device, or a link when links are left out.
 * - `upload-left`: `upload` was to be given up and could not be; `error` says why and what to do. The
 *   path has another event of its own.
 * - `kept`: a transfer was cut short, and `bytes` of it are kept for a later run with the same `resume`.
 * - `failed`: see `error`.
 */
export type EventKind =
  | "copy"
  | "attributes"
  | "mkdir"
  | "link"
  | "unchanged"
  | "skip"
  | "remove"
  | "remove-source"
  | "withheld"
  | "ignored"
  | "upload-left"
  | "kept"
  | "failed";

/** What differed between source and destination. */
export type Change = "content" | "size" | "mtime" | "mode" | "owner" | "group" | "acl" | "xattrs";

export interface SyncEvent {
  readonly kind: EventKind;
  /** Relative to the root of the transfer, without trailing slash. */
  readonly path: string;
  readonly reason?: Reason | undefined;
  /** What lies at the source, where it is known. */
  readonly source?: Entry | undefined;
  /** What lay at the destination when the path was decided. */
  readonly destination?: Entry | undefined;
  /** Bytes of content that went over. 0 where nothing did, also when the store copied by itself. */
  readonly bytes: number;
  /** Bytes of it that an earlier run had brought over; not among `bytes`. */
  readonly resumed?: number | undefined;
  /** Bytes of it that were taken from the copy that was there; neither among `bytes` nor `resumed`. */
  readonly matched?: number | undefined;
  /** Of a file that is large enough for a delta: what became of that. */
  readonly delta?: DeltaUse | undefined;
  /** Why the signature of what lies there now could not be kept: the next transfer of it is a whole one. */
  readonly signatureError?: StorageError | undefined;
  /** How the content went over: by the store itself, whole, in parts, or by ranges. */
  readonly strategy?: Strategy | undefined;
  /** Of `copy`, `link` and `attributes` where the destination had something before. */
  readonly changes?: readonly Change[] | undefined;
  /** The path whose file this is another name of now. */
  readonly linkedTo?: string | undefined;
  readonly error?: StorageError | undefined;
  readonly upload?: Upload | undefined;
  /** Where what was replaced or removed is kept, in the destination's store or the place of backups. */
  readonly backup?: string | undefined;
}

export type Strategy = "server-copy" | "whole" | "stream" | "multipart" | "ranges";

/**
 * - `used`: what the other side had was not transferred.
 * - `appended`: without a signature, by the size of its parts, the old object was found to be the beginning.
 * - `no-signature`: there is none, and none was to be made.
 * - `stale-signature`: there is one, of another content of that path. It was ignored.
 * - `bad-signature`: what lies there is no signature, or a damaged one, or of content that it is not of. It was ignored.
 * - `foreign-signature`: on a disk, it is of somebody who does not own the file, or others may write it. It was ignored.
 * - `different`: nothing worth it is in common.
 * - `refused`: the store or disk does not do what deltas need, or did not this time; the whole was transferred.
 */
export type DeltaUse =
  | "used"
  | "appended"
  | "no-signature"
  | "stale-signature"
  | "bad-signature"
  | "foreign-signature"
  | "different"
  | "refused";
