/** What makes a file at the source and one at the destination different, and what is kept of their attributes. */

export interface CompareOptions {
  /** Compare content by hash instead of size and mtime. Default false. */
  readonly checksum?: boolean | undefined;
  /** Files of equal size are equal. Default false. */
  readonly sizeOnly?: boolean | undefined;
  /** Equal size and mtime do not make files equal: everything is transferred again. Default false. */
  readonly ignoreTimes?: boolean | undefined;
  /** Leave files alone whose destination is newer than the source. Default false. */
  readonly update?: boolean | undefined;
  /** Never create, only replace. Default false. */
  readonly existing?: boolean | undefined;
  /** Never replace, only create. Default false. */
  readonly ignoreExisting?: boolean | undefined;
  /** Mtimes that differ by no more are equal, milliseconds. Default: the coarser store's precision. */
  readonly modifyWindow?: number | undefined;
  /** Keep and compare mtimes. Without them files of equal size still differ unless `sizeOnly` or `checksum`. Default true. */
  readonly preserveTimes?: boolean | undefined;
  /** Do not keep the mtimes of directories. Default false. */
  readonly omitDirTimes?: boolean | undefined;
  /** Do not keep the mtimes of links. Default false. */
  readonly omitLinkTimes?: boolean | undefined;
  /** Keep and compare permission bits where both stores have them. Default true. */
  readonly preserveMode?: boolean | undefined;
  /** Keep set-id bits also where the owner or the group is not kept, as rsync does: they are another's then. Default false. */
  readonly foreignSetIds?: boolean | undefined;
  /** Without `preserveMode`: keep whether a file is executable. Default false. */
  readonly preserveExecutability?: boolean | undefined;
  /** Keep and compare the owner where both stores have one (super-user only on a disk). Default false. */
  readonly preserveOwner?: boolean | undefined;
  /** Keep and compare the group. Default false. */
  readonly preserveGroup?: boolean | undefined;
  /** Owner and group by number, never by name. Default false. */
  readonly numericIds?: boolean | undefined;
  /** Owners and groups are renamed on the way: rsync's `--usermap`, `--groupmap`. The first rule that matches decides. */
  readonly userMap?: readonly IdMapping[] | undefined;
  readonly groupMap?: readonly IdMapping[] | undefined;
  /** Changes to permission bits on the way, in chmod's syntax with rsync's `D` and `F` prefixes: `["D755", "Fgo-w"]`. */
  readonly chmod?: readonly string[] | undefined;
  /** Keep and compare extended attributes (`user.*`; all namespaces for the super-user). Default false. */
  readonly preserveXattrs?: boolean | undefined;
  /** Keep and compare POSIX access control lists. Default false. */
  readonly preserveAcls?: boolean | undefined;
  /** Files that share an inode at the source share one at the destination. Default false. */
  readonly preserveHardLinks?: boolean | undefined;
}

/** `from`: a name or pattern with `*?[]`, a number, a range `100-199`, or "" for ids without a name. `to`: a name or number. */
export interface IdMapping {
  readonly from: string;
  readonly to: string;
}
