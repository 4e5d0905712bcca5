/**
 * What the flags of one command line say. A field that is `undefined` was not said: each command has a
 * default of its own for it (`engine-options.ts`).
 */
import type { FilterStyle, IdMapping, TransferOrder } from "@omnisync/sync";

export interface FlagValues
  extends
    TakePartValues,
    CompareValues,
    AttributeValues,
    DeleteValues,
    ContentValues,
    LimitValues,
    OutputValues {}

interface TakePartValues {
  /** `archive`: through `-a`, which `--files-from` takes back. */
  recursive?: boolean | "archive";
  dirs?: boolean;
  relative?: boolean;
  impliedDirs?: boolean;
  links?: boolean;
  copyLinks?: boolean;
  copyUnsafeLinks?: boolean;
  safeLinks?: boolean;
  copyDirlinks?: boolean;
  keepDirlinks?: boolean;
  skipLinks?: boolean;
  oneFileSystem?: boolean;
  devices?: boolean;
  specials?: boolean;
  /** Include, exclude and filter flags of every kind, in their order. */
  rules?: RuleGiven[];
  filterStyle?: FilterStyle;
  filesFrom?: string;
  from0?: boolean;
  pruneEmptyDirs?: boolean;
  ignoreMissingArgs?: boolean;
  deleteMissingArgs?: boolean;
  /** Bytes. */
  minSize?: number;
  maxSize?: number;
  /** Milliseconds. */
  minAge?: number;
  maxAge?: number;
  dirMarkers?: boolean;
  skipVanished?: boolean;
}

/** One filter flag as it was given. */
export interface RuleGiven {
  readonly kind:
    | "include"
    | "exclude"
    | "filter"
    | "include-from"
    | "exclude-from"
    | "filter-from"
    | "ignore-file"
    | "cvs-exclude"
    | "F";
  /** Pattern, rule or file; "" for the last two kinds. */
  readonly text: string;
}

interface CompareValues {
  checksum?: boolean;
  sizeOnly?: boolean;
  ignoreTimes?: boolean;
  update?: boolean;
  existing?: boolean;
  ignoreExisting?: boolean;
  /** Milliseconds. */
  modifyWindow?: number;
}

interface AttributeValues {
  times?: boolean;
  omitDirTimes?: boolean;
  omitLinkTimes?: boolean;
  perms?: boolean;
  /** No flag: rsync's way. */
  foreignSetIds?: boolean;
  executability?: boolean;
  owner?: boolean;
  group?: boolean;
  numericIds?: boolean;
  usermap?: MapGiven;
  groupmap?: MapGiven;
  chmod?: string[];
  xattrs?: boolean;
  acls?: boolean;
  hardLinks?: boolean;
}

/** A map of names, and the flag that gave it: only one may. */
export interface MapGiven {
  readonly by: "--usermap" | "--groupmap" | "--chown";
  readonly rules: readonly IdMapping[];
}

export interface DeleteValues {
  delete?: boolean;
  deleteTimings?: ("before" | "during" | "delay" | "after")[];
  deleteExcluded?: boolean;
  maxDelete?: number;
  ignoreErrors?: boolean;
  force?: boolean;
  allowEmptySource?: boolean;
  removeSourceFiles?: boolean;
  backup?: boolean;
  backupDir?: string;
  suffix?: string;
  trash?: boolean;
}

interface ContentValues {
  dryRun?: boolean;
  fsync?: boolean;
  inplace?: boolean;
  append?: boolean | "verify";
  sparse?: boolean;
  preallocate?: boolean;
  partial?: boolean;
  partialDir?: string;
  delayUpdates?: boolean;
  tempDir?: string;
  wholeFile?: boolean;
  /** Bytes. */
  deltaThreshold?: number;
  blockSize?: number;
  sidecar?: boolean;
  noSidecar?: boolean;
  deltaGenerate?: boolean;
  compareDest?: string[];
  copyDest?: string[];
  linkDest?: string[];
  fuzzy?: boolean;
  resume?: boolean;
  failOnConflict?: boolean;
  storageClass?: string;
  mkpath?: boolean;
}

interface LimitValues {
  jobs?: number;
  checkers?: number;
  /** A timetable as text, or bytes per second. */
  bwlimit?: number | string | undefined;
  order?: TransferOrder;
  /** Calls per second, and at once after a pause, of each store. */
  tpslimit?: number;
  tpslimitBurst?: number;
  hookBefore?: string;
  hookAfter?: string;
  /** Milliseconds. */
  hookTimeout?: number;
  adaptive?: boolean;
  /** Patterns of files that go first. */
  priority?: string[];
  /** Bytes. */
  maxTransfer?: number;
  /** Milliseconds. */
  maxDuration?: number;
  maxErrors?: number;
  /** Milliseconds. */
  timeout?: number;
  contimeout?: number;
  attributeCache?: boolean;
}

interface OutputValues {
  quiet?: boolean;
  verbose?: number;
  json?: boolean;
  /** How often `-i` was given. */
  itemizeChanges?: number;
  progress?: boolean;
  stats?: boolean;
  humanReadable?: number;
  outFormat?: string;
  logFile?: string;
  logFileFormat?: string;
  info?: string[];
  debug?: string[];
  eightBitOutput?: boolean;
  listOnly?: boolean;
}
