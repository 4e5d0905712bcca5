/** What takes part in a run, and as what. */
import type { Filter } from "../filter/filter.ts";

export interface WalkOptions {
  readonly filter?: Filter | undefined;
  /** Go into directories. Default true. With false only the entries directly inside take part. */
  readonly recursive?: boolean | undefined;
  /** Without `recursive`: directories themselves take part, empty. Default false. */
  readonly directories?: boolean | undefined;
  /** Only these paths (relative to the place) and the directories above them, in any order. */
  readonly files?: readonly string[] | undefined;
  /** Paths of `files` that the source lacks are no failure. Default false. */
  readonly ignoreMissing?: boolean | undefined;
  /** Paths of `files` that the source lacks are removed from the destination. Default false. */
  readonly deleteMissing?: boolean | undefined;
  /**
   * Links: `keep` as links; `skip`: left out and counted; `follow`: what they point to; `safe`: kept,
   * except those that point out of the place, which are left out; `follow-unsafe`: kept, except those
   * that point out of the place, which are followed. Default `keep`.
   */
  readonly links?: LinkMode | undefined;
  /** A link to a directory at the destination is taken for that directory. Default false. */
  readonly keepDirLinks?: boolean | undefined;
  /** Do not cross into other file systems. Default false. */
  readonly oneFileSystem?: boolean | undefined;
  /** FIFOs, sockets and (for the super-user) devices are recreated. Default false: they are left out and counted. */
  readonly specials?: boolean | undefined;
  readonly devices?: boolean | undefined;
  /** Directories at the source without any file that takes part are left out. Default false. */
  readonly pruneEmptyDirs?: boolean | undefined;
  /** Empty directories become `name/` objects on stores without directories. Default true. */
  readonly dirMarkers?: boolean | undefined;
  /** A source that vanishes between listing and reading is counted, not failed. Default false. */
  readonly skipVanished?: boolean | undefined;
}

export type LinkMode = "keep" | "skip" | "follow" | "safe" | "follow-unsafe";
