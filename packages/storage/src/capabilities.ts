/**
 * What a store can do beyond the required methods, and its limits. The facade and the engine look
 * here; at the driver's name only where local paths are meant (whether two places lie within one another,
 * files with filters). Each ability can be switched off (`disable` in
 * `layers/disable.ts`), and the driver suite runs once with each one off.
 */
import type { HashName } from "./hashes.ts";

export interface Capabilities {
  /**
   * A recursive `list` comes in byte order of `orderKey`.
   * Without it the engine sorts the whole listing (on disk when it is long) before it can compare.
   */
  readonly orderedList: boolean;
  /** `list` honours `startAfter` without reading what lies before it. Without it, it reads that and leaves it out. */
  readonly resumableList: boolean;
  /**
   * `list` gives complete entries (mtime and mode known).
   * Without it the engine asks its attribute cache, then `stat`, for entries of equal size only.
   */
  readonly completeList: boolean;
  /** Directories exist by themselves, even empty. Without it `mkdir`, if there, makes `name/` markers. */
  readonly directories: boolean;
  /** A file and a directory may have the same name (`a` and `a/b`). True for stores of plain keys. */
  readonly fileAndDirectory: boolean;
  /**
   * Finest step of a stored mtime, milliseconds. Without it the store keeps no mtime, and comparing
   * falls back to size, or hashes with `--checksum`.
   */
  readonly mtimePrecision: number | undefined;
  /** Permission bits are kept. Without it they are dropped, and never compared. */
  readonly mode: boolean;
  /**
   * Owner and group are kept. Without it they are dropped, and never compared. `group`: only the group,
   * and only if it is one of `ownGroups` (a disk, for all but the super-user).
   */
  readonly owner: "both" | "group" | undefined;
  /** With `owner: "group"`: numbers of the groups that may be given. */
  readonly ownGroups: readonly number[];
  /** Extended attributes are kept. Without it a write that carries some throws `unsupported`. */
  readonly xattrs: boolean;
  /**
   * With `xattrs`: those that can be given, as `takesXattr` has it. `user`: names in `user.` (a disk, for all but the
   * super-user); `not-system`: all but those in `system.`. A write that carries others throws `unsupported`.
   */
  readonly xattrNames: "all" | "not-system" | "user";
  /** Access control lists are kept. Without it a write that carries one throws `unsupported`. */
  readonly acls: boolean;
  /** User metadata is kept. Without it a write that carries some throws `unsupported`. */
  readonly metadata: boolean;
  /** Content type is kept. */
  readonly contentType: boolean;
  /**
   * `A` and `a` are two names, as is usual on the system. A disk may do otherwise, so the engine does not go by it:
   * it looks at what lies there.
   */
  readonly caseSensitive: boolean;
  /** Longest path, bytes of UTF-8. `undefined`: no limit known. */
  readonly maxPathBytes: number | undefined;
  /** Longest single segment, bytes of UTF-8. */
  readonly maxNameBytes: number | undefined;
  /** Largest single object, bytes. */
  readonly maxSize: number | undefined;
  /** Hashes that `stat` may give without reading the content. */
  readonly hashes: readonly HashName[];
  /** Which preconditions the store really honours, by itself, atomically. */
  readonly conditions: Conditions;
  /**
   * `copy` between paths of this store, or from a store that `canCopyFrom` accepts: by the `server`
   * itself, or `local`, by this machine without passing through the program, which counts as traffic
   * for bandwidth limits. Without it content is read and written.
   */
  readonly copy: "server" | "local" | undefined;
  /** Rename without copying. Without it a move is copy, verify, remove. */
  readonly move: boolean;
  /** `setAttributes` changes mtime, mode or metadata without sending the content again. */
  readonly setAttributes: boolean;
  /** Links are kept: `native` by the store, `marked` as a small object. Without it they are reported. */
  readonly symlinks: "native" | "marked" | undefined;
  /** FIFOs, sockets and devices are kept. Without it they are reported. */
  readonly specials: boolean;
  /** Objects can be sent in parts. Without it an upload is one `write`. */
  readonly multipart: MultipartLimits | undefined;
  /** A part can be copied from an object of the store (`multipart.copyPart`). */
  readonly copyPart: boolean;
  /** A file can be put together out of order (`stage`), for parallel downloads. */
  readonly stage: boolean;
  /** Blocks can be read and hashed off the main thread (`readBlock`). Without it `read` is used. */
  readonly readBlock: boolean;
  /** Signed URLs. */
  readonly presign: boolean;
  /** Paths that `removeMany` puts into one request; it takes any number. Without it: one `remove` each. */
  readonly removeMany: number | undefined;
  /** Free and used space are known. */
  readonly about: boolean;
  /**
   * What is replaced or removed is kept as a version that can be listed, read, copied and destroyed.
   * Without it a call that names a version throws `unsupported`. Like a condition, one that nobody has
   * tried yet counts as there: the first use finds out.
   */
  readonly versions: boolean;
  /** The store tells what changes. Without it, look from time to time. */
  readonly watch: boolean;
  /** Bodies leave this machine as `pace` lets them. Without it the caller has to wait before it gives them. */
  readonly paces: boolean;
  /** Transfers that this store likes to have in flight at once; the executor's default. */
  readonly concurrency: number;
}

/** Names of what can be switched off. */
export type AbilityName =
  | "orderedList"
  | "resumableList"
  | "completeList"
  | "copy"
  | "move"
  | "setAttributes"
  | "symlinks"
  | "specials"
  | "multipart"
  | "copyPart"
  | "stage"
  | "readBlock"
  | "presign"
  | "removeMany"
  | "about"
  | "versions"
  | "watch"
  | "conditions";

export const ABILITY_NAMES: readonly AbilityName[] = [
  "orderedList",
  "resumableList",
  "completeList",
  "copy",
  "move",
  "setAttributes",
  "symlinks",
  "specials",
  "multipart",
  "copyPart",
  "stage",
  "readBlock",
  "presign",
  "removeMany",
  "about",
  "versions",
  "watch",
  "conditions",
];

/**
 * Preconditions. A method that is given one that the store does not honour throws `unsupported`
 * before it changes anything; the engine then looks first and accepts the small gap.
 */
export interface Conditions {
  /** `write` with `ifNoneMatch: "*"`. */
  readonly create: boolean;
  /** `write` with `ifMatch`. */
  readonly replace: boolean;
  /** `remove` with `ifMatch`. */
  readonly remove: boolean;
  /** The source's `ifMatch` of `copy`. */
  readonly copySource: boolean;
  /** The source's `ifMatch` of `copyPart`. A store may honour the one and ignore the other. */
  readonly partSource: boolean;
  /** `copy` with either. A store may honour them for what it is sent, and not for what it copies itself. */
  readonly copyTarget: boolean;
  /** `multipart.complete` with either. */
  readonly complete: boolean;
}

export interface MultipartLimits {
  /** Smallest part except the last, bytes. */
  readonly minPartSize: number;
  /** Largest part, bytes. */
  readonly maxPartSize: number;
  readonly maxParts: number;
  /** All parts but the last have to be of one size. Default false. */
  readonly equalPartSizes?: boolean | undefined;
}

/** Conditions are honoured nowhere. */
export const NO_CONDITIONS: Capabilities["conditions"] = {
  create: false,
  replace: false,
  remove: false,
  copySource: false,
  partSource: false,
  copyTarget: false,
  complete: false,
};

/** The capabilities of a store that has none: the base from which drivers spread. */
export const NO_CAPABILITIES: Capabilities = {
  orderedList: false,
  resumableList: false,
  completeList: false,
  directories: false,
  fileAndDirectory: false,
  mtimePrecision: undefined,
  mode: false,
  owner: undefined,
  ownGroups: [],
  xattrs: false,
  xattrNames: "all",
  acls: false,
  metadata: false,
  contentType: false,
  caseSensitive: true,
  maxPathBytes: undefined,
  maxNameBytes: undefined,
  maxSize: undefined,
  hashes: [],
  conditions: NO_CONDITIONS,
  copy: undefined,
  move: false,
  setAttributes: false,
  symlinks: undefined,
  specials: false,
  multipart: undefined,
  copyPart: false,
  stage: false,
  readBlock: false,
  presign: false,
  removeMany: undefined,
  about: false,
  versions: false,
  watch: false,
  paces: false,
  concurrency: 4,
};
