/** Where runs remember transfers that were cut short, so that later runs go on with them. */
import type { Part } from "@omnisync/storage";

/** One transfer that was begun: an upload in parts, or a download by ranges. */
export type TransferRecord = UploadRecord | DownloadRecord;

interface RecordBase {
  /** Both ends as URLs without secrets: the id of the store, and the path. */
  readonly source: string;
  readonly destination: string;
  readonly content: ContentIdentity;
  /** Bytes of every piece but the last. */
  readonly pieceSize: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** What opens the destination's store again, besides credentials and flags. */
  readonly open?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** The source must be the same in all of it, or nothing of the transfer counts any more. */
export interface ContentIdentity {
  readonly size: number;
  /** For a local file it holds inode, size, mtime and ctime. */
  readonly etag: string;
  readonly mtime?: number | undefined;
}

export interface UploadRecord extends RecordBase {
  readonly kind: "upload";
  readonly uploadId: string;
  /** Hash of what the upload was begun with: attributes, hash of the whole content, part size. */
  readonly begunWith: string;
}

export interface DownloadRecord extends RecordBase {
  readonly kind: "download";
}

/** What is known to be done of a transfer. */
export type Progressed = ConfirmedPart | FilledRange | LeftoverName;

/** The store confirmed a part. */
export type ConfirmedPart = Part & { readonly kind: "part" };

/** A range was written, and had this hash then: `blake3:…`. */
export interface FilledRange {
  readonly kind: "range";
  readonly number: number;
  readonly size: number;
  readonly hash: string;
}

/** The temporary file that the ranges lie in; the last one counts. */
export interface LeftoverName {
  readonly kind: "leftover";
  /** As the ends are. */
  readonly path: string;
}

/** A transfer on record that this process has to itself. */
export interface OwnedTransfer {
  readonly record: TransferRecord;
  /** In the order in which it was added. */
  readonly progress: readonly Progressed[];
  /** Never throws: what cannot be written down is told of, and is not remembered. */
  add(progress: Progressed): Promise<void>;
  /** Leaves it for a later run. */
  release(): Promise<void>;
  /** It ended, or nothing is left of it. */
  remove(): Promise<void>;
}

/** A transfer on record, as somebody sees it who only looks. */
export interface KeptTransfer {
  /** What `take` wants. */
  readonly id: string;
  readonly record: TransferRecord;
  readonly progress: readonly Progressed[];
  /** When something was added last, milliseconds since 1970. */
  readonly updatedAt: number;
  /** A living process has it. */
  readonly busy: boolean;
}

/**
 * Its trouble is never a transfer's: methods that a transfer calls do not throw. One that cannot be
 * remembered goes on without.
 */
export interface ResumeStore {
  /** Takes over what earlier runs left of this transfer; what a living process has is not among it. */
  takeAll(source: string, destination: string): Promise<readonly OwnedTransfer[]>;
  /** Takes one over by its id; `undefined` if it is gone, or a living process has it. */
  take(id: string): Promise<OwnedTransfer | undefined>;
  /** Begins a new record, of which this process is the owner; `undefined` if it could not be written. */
  create(record: TransferRecord): Promise<OwnedTransfer | undefined>;
  /** Everything on record, the oldest first. */
  list(): Promise<readonly KeptTransfer[]>;
}

/** Bytes that need not be transferred again. */
export function bytesKept(progress: readonly Progressed[]): number {
  const sizes = new Map<number, number>();
  for (const one of progress) if (one.kind !== "leftover") sizes.set(one.number, one.size);
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** The temporary file of a download; `undefined` for an upload. */
export function leftoverOf(progress: readonly Progressed[]): string | undefined {
  return progress.findLast((one) => one.kind === "leftover")?.path;
}
