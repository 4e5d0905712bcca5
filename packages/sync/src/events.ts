/** What a run tells while it goes on: one event per path that needed something, or could not be done. */
import type { Entry, StorageError } from "@omnisync/storage";

/** Why something is done, or left alone. */
export type Reason =
  | "new"
  | "size"
  | "mtime"
  | "checksum"
  | "type"
  | "mode"
  | "target"
  | "same"
  | "newer-at-destination"
  | "exists"
  | "not-existing"
  | "extra"
  | "moved";

/**
 * - `copy`: content was transferred (`reason: "new"` created, else replaced).
 * - `attributes`: content was equal, mtime or mode were set.
 * - `mkdir`, `link`: a directory or link was created or changed.
 * - `unchanged`: nothing to do. `skip`: left alone by an option (`reason` says which).
 * - `remove`: an extra was removed from the destination.
 * - `remove-source`: the source was removed after its copy was verified.
 * - `withheld`: would have been removed, but the run's guards forbid it.
 * - `ignored`: a FIFO, socket, device, or a link when links are left out.
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
  | "failed";

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
  /** How the content went over: by the store itself, whole, in parts, or by ranges. */
  readonly strategy?: Strategy | undefined;
  readonly error?: StorageError | undefined;
}

export type Strategy = "server-copy" | "whole" | "stream" | "multipart" | "ranges";
