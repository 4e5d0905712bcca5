/** What takes part in a run, and as what. */
import type { Filter } from "../filter/filter.ts";

export interface WalkOptions {
  /** What takes part, by rules of name, size and age. Default: everything. */
  readonly filter?: Filter | undefined;
  /** Go into directories. Default true. With false only the entries directly inside take part. */
  readonly recursive?: boolean | undefined;
  /** Without `recursive`: directories themselves take part, empty. Default false. */
  readonly directories?: boolean | undefined;
  /**
   * Only these paths (relative to the place) and the directories above them, in any order. A directory
   * comes with all that is in it; without `recursive` alone, or, written with a slash at its end, with what is
   * directly in it. Extras are looked for in such directories only. Nothing else is listed.
   */
  readonly files?: Iterable<string> | AsyncIterable<string> | undefined;
  /** Paths of `files` that the source lacks are no failure. Default false. */
  readonly ignoreMissing?: boolean | undefined;
  /** Paths of `files` that the source lacks are removed from the destination, also without `delete`. Default false. */
  readonly deleteMissing?: boolean | undefined;
  /**
   * Links: `keep` as links; `skip`: left out and counted; `follow`: what they point to; `safe`: kept,
   * except those that point out of the place, which are left out; `follow-unsafe`: kept, except those
   * that point out of the place, which are followed. Default `keep`.
   */
  readonly links?: LinkMode | undefined;
  /** Links to directories are taken for those directories; other links as `links` says. Default false. */
  readonly copyDirLinks?: boolean | undefined;
  /** A link at the destination to a directory that lies there too is taken for that directory. Default false. */
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
