/** How content gets to its destination. */
import type { ResumeStore } from "../resume/resume-store.ts";
import type { Place } from "../options.ts";
import type { DeltaOptions } from "./delta-options.ts";

export interface WriteModeOptions {
  /** Wait for stable storage after each file. Default false; always so when sources are removed. */
  readonly durable?: boolean | undefined;
  /**
   * Write into the existing file instead of beside it. A run that is interrupted leaves a mixture: only for
   * files that must keep their inode or that there is no room for twice. Default false. Object stores change
   * nothing in place: there this and `append` are ordinary transfers.
   */
  readonly inplace?: boolean | undefined;
  /** Files that are shorter at the destination get the rest appended; others are left alone. `verify`: the old part must be equal, else the whole is sent. */
  readonly append?: boolean | "verify" | undefined;
  /** Long runs of zeros become holes. Default false. */
  readonly sparse?: boolean | undefined;
  /** Space is allocated before the first byte is written. Default false. */
  readonly preallocate?: boolean | undefined;
  /**
   * What was transferred of a file above 1 MiB when it failed stays, for the next run to go on; on disks only.
   * `true`: under its own name, if nothing lies there. A directory: one of this name beside each file.
   */
  readonly partial?: boolean | { readonly directory: string } | undefined;
  /** New content is put beside, and all of it renamed into place at the end. Default false. */
  readonly delayUpdates?: boolean | undefined;
  /** Where temporary files are written, on disks; relative to the destination. Default: beside the file. */
  readonly tempDirectory?: string | undefined;
  /** A file missing at the destination but equal in one of these is not transferred (`compare`), copied from there (`copy`), or hard-linked (`link`; copied by the store where it has no links). */
  readonly alternates?: Alternates | undefined;
  /** A file missing at the destination may be moved or copied from one there of equal size and mtime. Default false. */
  readonly fuzzy?: boolean | undefined;
  /** Refuse a destination that changed since it was listed, instead of planning that path again. Default false. */
  readonly failOnConflict?: boolean | undefined;
  /** Storage class of new objects. Default: the store's own. */
  readonly storageClass?: string | undefined;
  /**
   * Uploads in parts and downloads by ranges that are cut short are remembered here, and gone on with. What nobody
   * went on with for seven days is given up. Default: nothing is kept.
   */
  readonly resume?: ResumeStore | undefined;
  /** How large files are sent and fetched as deltas. Default: as the fields of `DeltaOptions` say. */
  readonly delta?: DeltaOptions | undefined;
  /**
   * `true`: no deltas, content is always transferred whole. `false`, said outright, is for disks too: with `inplace`
   * only blocks that differ are written, and of a large file that was signed (`signObject`) only what differs is
   * read, as of a disk at the other end of a network. Default: deltas for other stores than disks.
   */
  readonly wholeFile?: boolean | undefined;
}

export interface Alternates {
  readonly kind: "compare" | "copy" | "link";
  /** Looked through in order. */
  readonly places: readonly Place[];
}
