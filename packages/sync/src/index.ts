export { AttributeCache, type CachedAttributes } from "./attributes/attribute-cache.ts";
export {
  type CheckEvent,
  type CheckInProgress,
  type CheckOptions,
  type CheckReport,
  check,
  startCheck,
} from "./check.ts";
export { type Copy, KEEP_POLICIES, type KeepPolicy } from "./dedupe/copy-table.ts";
export {
  type DuplicateEvent,
  type DuplicateSet,
  Duplicates,
  type SettleOptions,
  type SettleReport,
} from "./dedupe/duplicates.ts";
export {
  type DuplicateSearch,
  type FindDuplicatesOptions,
  findDuplicates,
  startFindDuplicates,
} from "./dedupe/find-duplicates.ts";
export { type DiffEntry, type DiffOptions, diff } from "./diff.ts";
export type { Change, DeltaUse, EventKind, Reason, Strategy, SyncEvent } from "./events.ts";
export {
  type Decision,
  type ExplainOptions,
  type Explanation,
  type Outcome,
  type SideExplanation,
  explain,
} from "./explain.ts";
export { type SimpleFilter, createFilter } from "./filter/create-filter.ts";
export {
  type DirectoryMerge,
  type FilterItem,
  type FilterRule,
  type RuleOrigin,
  originText,
} from "./filter/filter-rule.ts";
export { Filter, type FilterParts } from "./filter/filter.ts";
export type { FileLimits, LimitValues } from "./filter/limits.ts";
export {
  type FilterSettings,
  type FilterStyle,
  type GivenKind,
  type GivenRule,
  loadFilter,
} from "./filter/load-filter.ts";
export { parseAge } from "./filter/parse-age.ts";
export type { CvsSources, RuleFile } from "./filter/rule-file.ts";
export { copyFromPath, copyToPath } from "./helpers/copy-streams.ts";
export { copyPathWithHash } from "./helpers/copy-with-hash.ts";
export {
  type CopyOptions,
  copy,
  copyDir,
  copyFile,
  copyWithProgress,
  move,
  moveFile,
  mustCopy,
} from "./helpers/copy.ts";
export {
  type CopyProgress,
  type Result,
  type ResultError,
  progressOf,
  resultOf,
  succeeded,
} from "./helpers/result.ts";
export {
  type IntegrityOptions,
  verifyAllIntegrity,
  verifyIntegrity,
} from "./helpers/verify-integrity.ts";
export {
  type VerifyDetails,
  quickVerify,
  verify,
  verifyAndReport,
  verifyChecksum,
  verifyFile,
  verifyWithDetails,
} from "./helpers/verify.ts";
export {
  type BandwidthChange,
  type BandwidthSchedule,
  parseBandwidthSchedule,
} from "./limits/bandwidth-schedule.ts";
export type { EndReason } from "./limits/run-end.ts";
export type { LimitsReport, StoreRefusals } from "./limits/run-limits.ts";
export type { Timings } from "./limits/time-breakdown.ts";
export type { CompareOptions, IdMapping } from "./options/compare-options.ts";
export type { BackupOptions, DeleteOptions } from "./options/delete-options.ts";
export type {
  FileAhead,
  FileHooks,
  LimitOptions,
  RequestLimits,
  SideLimits,
  TransferOrder,
} from "./options/limit-options.ts";
export type { LinkMode, WalkOptions } from "./options/walk-options.ts";
export type { Alternates, WriteModeOptions } from "./options/write-options.ts";
export type { DeltaOptions, SignaturePlacement } from "./options/delta-options.ts";
export {
  type DeltaExplanation,
  type DeltaReason,
  type DeltaStep,
  explainDelta,
} from "./delta/explain-delta.ts";
export { forgetSignatures } from "./delta/forget-signatures.ts";
export { type SignedObject, type SignOptions, signObject } from "./delta/sign-object.ts";
export { DELTA_THRESHOLD } from "./delta/deltas.ts";
export { SIGNATURE_SUFFIX, signedPath } from "./delta/signature-path.ts";
export type { Place, SyncOptions } from "./options.ts";
export {
  CONTRADICTIONS,
  type ContradictingOption,
  type Contradiction,
} from "./plan/contradictions.ts";
export {
  type ApplyOptions,
  type ApplyReport,
  type ApplyRun,
  applyPlan,
  startApply,
} from "./plan-file/apply-plan.ts";
export type { CarriedOptions } from "./plan-file/carried-options.ts";
export type { RequestCounts } from "./plan-file/count-requests.ts";
export type { PlanHeader, PlanTotals, PlannedPlace } from "./plan-file/plan-header.ts";
export { type NewPlan, type Plan, type PlanOptions, plan } from "./plan-file/plan.ts";
export type {
  ActionKind,
  Phase,
  PlannedAction,
  PlannedEntry,
  Preconditions,
} from "./plan-file/planned-action.ts";
export { type Cost, type Priceable, type SideCost, priceOf } from "./plan-file/price-of.ts";
export {
  DEFAULT_PRICES,
  type PriceEntry,
  type PriceTable,
  parsePriceTable,
} from "./plan-file/price-table.ts";
export { readPlan } from "./plan-file/read-plan.ts";
export { writePlan } from "./plan-file/write-plan.ts";
export {
  DirectoryResumeStore,
  type DirectoryResumeStoreOptions,
} from "./resume/directory-store.ts";
export { KEPT_FOR } from "./resume/expire.ts";
export { forgetTransfer, unknownUploads } from "./resume/forget.ts";
export {
  type ContentIdentity,
  type DownloadRecord,
  type KeptTransfer,
  type OwnedTransfer,
  type Progressed,
  type ResumeStore,
  type TransferRecord,
  type UploadRecord,
  bytesKept,
} from "./resume/resume-store.ts";
export type { ActiveTransfer, Failure, Progress, Report, Withheld } from "./report.ts";
export { rootEvent } from "./run/root-event.ts";
export { type SyncRun, startSync, sync } from "./sync.ts";
export {
  type EmptyOptions,
  type RestoreOptions,
  type TrashEvent,
  type TrashOptions,
  type TrashReport,
  type TrashRun,
  type TrashedEntry,
  emptyTrash,
  listTrash,
  listTrashRuns,
  restoreTrash,
} from "./trash/trash.ts";
export { type FileSum, type HashPlaceOptions, hashPlace } from "./verify/hash-place.ts";
export type { KnownContent } from "./verify/known-content.ts";
export { type Sum, formatSum, parseSums } from "./verify/sums.ts";
export {
  type VerifyEvent,
  type VerifyInProgress,
  type VerifyPlaceOptions,
  type VerifyReport,
  startVerifyPlace,
  verifyPlace,
} from "./verify/verify-place.ts";
