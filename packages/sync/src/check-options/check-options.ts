/** What each option of a run may be. Whatever takes `SyncOptions` asks here before it looks at anything. */
import { checkBlockSize } from "@omnisync/delta";
import { StorageError } from "@omnisync/storage";
import type { BandwidthChange, BandwidthSchedule } from "../limits/bandwidth-schedule.ts";
import type { IdMapping } from "../options/compare-options.ts";
import type { BackupOptions } from "../options/delete-options.ts";
import type { DeltaOptions } from "../options/delta-options.ts";
import type { FileHooks, RequestLimits, SideLimits } from "../options/limit-options.ts";
import type { Alternates } from "../options/write-options.ts";
import type { Place, SyncOptions } from "../options.ts";
import { refuseContradictions } from "../plan/contradictions.ts";
import {
  AMOUNT,
  COUNT,
  type Check,
  type Checks,
  FLAG,
  FUNCTION,
  LIMIT,
  NUMBER,
  OBJECT,
  PATHS,
  RATE,
  TEXT,
  checkFields,
  fields,
  fieldsOr,
  listOf,
  oneOf,
} from "./checks.ts";

/** @throws StorageError `invalid-argument` that names an option that is none, or two that contradict each other. */
export function checkOptions(options: SyncOptions): void {
  checkFields(options, SYNC);
  refuseContradictions(options);
}

/** The same for what is told to deltas alone. */
export function checkDeltaOptions(options: DeltaOptions): void {
  checkFields(options, DELTA, "delta.");
}

const BLOCK_SIZE: Check = (value, name) => {
  try {
    checkBlockSize(value as number);
  } catch (cause) {
    const message = `the option ${name}: ${(cause as Error).message}`;
    throw new StorageError("invalid-argument", { message, cause });
  }
};

const DELTA: Checks<DeltaOptions> = {
  threshold: AMOUNT,
  blockSize: BLOCK_SIZE,
  signatures: oneOf("reserved", "sidecar", "none"),
  generate: FLAG,
};

const PLACE: Checks<Place> = { driver: OBJECT, path: TEXT };
const ID_MAPS: Check = listOf(fields<IdMapping>({ from: TEXT, to: TEXT }));
const REQUESTS: Check = fields<RequestLimits>({ perSecond: RATE, burst: COUNT, adaptive: FLAG });
const RATES: Check = fields<BandwidthChange>({ minute: AMOUNT, bytesPerSecond: RATE });

const SYNC: Checks<SyncOptions> = {
  checksum: FLAG,
  sizeOnly: FLAG,
  ignoreTimes: FLAG,
  update: FLAG,
  existing: FLAG,
  ignoreExisting: FLAG,
  modifyWindow: NUMBER,
  preserveTimes: FLAG,
  omitDirTimes: FLAG,
  omitLinkTimes: FLAG,
  preserveMode: FLAG,
  foreignSetIds: FLAG,
  preserveExecutability: FLAG,
  preserveOwner: FLAG,
  preserveGroup: FLAG,
  numericIds: FLAG,
  userMap: ID_MAPS,
  groupMap: ID_MAPS,
  chmod: listOf(TEXT),
  preserveXattrs: FLAG,
  preserveAcls: FLAG,
  preserveHardLinks: FLAG,
  filter: OBJECT,
  recursive: FLAG,
  directories: FLAG,
  files: PATHS,
  ignoreMissing: FLAG,
  deleteMissing: FLAG,
  links: oneOf("keep", "skip", "follow", "safe", "follow-unsafe"),
  copyDirLinks: FLAG,
  keepDirLinks: FLAG,
  oneFileSystem: FLAG,
  specials: FLAG,
  devices: FLAG,
  pruneEmptyDirs: FLAG,
  dirMarkers: FLAG,
  skipVanished: FLAG,
  delete: FLAG,
  deleteTiming: oneOf("before", "during", "delay", "after"),
  deleteExcluded: FLAG,
  maxDelete: LIMIT,
  maxDeleteMode: oneOf("refuse", "stop"),
  ignoreErrors: FLAG,
  force: FLAG,
  allowEmptySource: FLAG,
  move: FLAG,
  backup: fields<BackupOptions>({ suffix: TEXT, directory: fieldsOr(TEXT, PLACE) }),
  trash: FLAG,
  durable: FLAG,
  inplace: FLAG,
  append: oneOf(true, false, "verify"),
  sparse: FLAG,
  preallocate: FLAG,
  partial: fieldsOr<{ readonly directory: string }>(FLAG, { directory: TEXT }),
  delayUpdates: FLAG,
  tempDirectory: TEXT,
  alternates: fields<Alternates>({
    kind: oneOf("compare", "copy", "link"),
    places: listOf(fields(PLACE)),
  }),
  fuzzy: FLAG,
  failOnConflict: FLAG,
  storageClass: TEXT,
  resume: OBJECT,
  delta: fields(DELTA),
  wholeFile: FLAG,
  jobs: COUNT,
  checkers: COUNT,
  bandwidth: fieldsOr<BandwidthSchedule>(RATE, { changes: listOf(RATES) }),
  requests: fields<SideLimits>({ source: REQUESTS, destination: REQUESTS }),
  attempts: COUNT,
  order: oneOf("listed", "smallest", "largest", "oldest", "newest"),
  priority: OBJECT,
  maxTransfer: AMOUNT,
  maxDuration: AMOUNT,
  maxErrors: LIMIT,
  hooks: fields<FileHooks>({ before: FUNCTION, after: FUNCTION }),
  dryRun: FLAG,
  attributeCache: OBJECT,
  signal: OBJECT,
  onEvent: FUNCTION,
};
