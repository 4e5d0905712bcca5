export { AttributeCache, type CachedAttributes } from "./attributes/attribute-cache.ts";
export { type CheckEvent, type CheckOptions, type CheckReport, check } from "./check.ts";
export type { EventKind, Reason, Strategy, SyncEvent } from "./events.ts";
export { Filter, type FilterRule, parseFilterRule } from "./filter/filter.ts";
export type { CompareOptions, Place, SyncOptions } from "./options.ts";
export type { ActiveTransfer, Failure, Progress, Report, Withheld } from "./report.ts";
export { type SyncRun, startSync, sync } from "./sync.ts";
