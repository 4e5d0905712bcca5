/**
 * Which options of a run a plan carries, so that applying it does what the run would have done. The
 * table is total: a new option does not compile until somebody has said what it means to a plan.
 */
import { StorageError } from "@omnisync/storage";
import type { IdMapping } from "../options/compare-options.ts";
import type { Place, SyncOptions } from "../options.ts";
import {
  type CarriedBackup,
  carryBackup,
  parseAppend,
  parseBackup,
  parsePartial,
} from "./carried-write-modes.ts";
import type { Fields } from "./fields.ts";

/**
 * - `boolean`, `number`, `string`, `strings`, `mappings`, `append`, `partial`, `backup`: carried, as a
 *   value of this type.
 * - `decided`: its whole effect is in the actions.
 * - `own`: of the process that makes or applies the plan, given to each anew.
 * - `applier`: of the process that applies the plan. When one is made it is refused: it would change
 *   nothing, and who gave it would take it for carried.
 * - `refused`: no plan can be made with it yet.
 */
type Carriage =
  | "boolean"
  | "number"
  | "string"
  | "strings"
  | "mappings"
  | "append"
  | "partial"
  | "backup"
  | "decided"
  | "own"
  | "applier"
  | "refused"
  /** Refused except for these values. */
  | readonly string[];

const CARRIAGE = {
  checksum: "boolean",
  sizeOnly: "boolean",
  ignoreTimes: "boolean",
  update: "boolean",
  existing: "boolean",
  ignoreExisting: "boolean",
  modifyWindow: "number",
  preserveTimes: "boolean",
  omitDirTimes: "boolean",
  omitLinkTimes: "boolean",
  preserveMode: "boolean",
  foreignSetIds: "boolean",
  preserveExecutability: "boolean",
  preserveOwner: "boolean",
  preserveGroup: "boolean",
  numericIds: "boolean",
  userMap: "mappings",
  groupMap: "mappings",
  chmod: "strings",
  preserveXattrs: "boolean",
  preserveAcls: "boolean",
  preserveHardLinks: "refused",
  filter: "decided",
  recursive: "decided",
  directories: "decided",
  files: "decided",
  ignoreMissing: "decided",
  deleteMissing: "decided",
  links: ["keep", "skip", "safe"],
  copyDirLinks: "refused",
  keepDirLinks: "refused",
  oneFileSystem: "decided",
  specials: "boolean",
  devices: "boolean",
  pruneEmptyDirs: "decided",
  dirMarkers: "decided",
  skipVanished: "decided",
  delete: "boolean",
  deleteTiming: ["after", "delay"],
  deleteExcluded: "decided",
  maxDelete: "decided",
  maxDeleteMode: "decided",
  ignoreErrors: "boolean",
  force: "decided",
  allowEmptySource: "decided",
  move: "boolean",
  backup: "backup",
  trash: "boolean",
  durable: "boolean",
  inplace: "boolean",
  append: "append",
  sparse: "boolean",
  preallocate: "boolean",
  partial: "partial",
  delayUpdates: "boolean",
  tempDirectory: "string",
  alternates: "refused",
  fuzzy: "refused",
  failOnConflict: "own",
  storageClass: "string",
  resume: "own",
  delta: "own",
  wholeFile: "own",
  jobs: "own",
  checkers: "own",
  bandwidth: "own",
  requests: "own",
  attempts: "own",
  order: "own",
  priority: "own",
  maxTransfer: "applier",
  maxDuration: "applier",
  maxErrors: "applier",
  hooks: "applier",
  dryRun: "own",
  attributeCache: "own",
  signal: "own",
  onEvent: "own",
} as const;

/** That it is total. */
const TABLE: Readonly<Record<keyof SyncOptions, Carriage>> = CARRIAGE;

type Table = typeof CARRIAGE;
type NotCarried = "decided" | "own" | "applier" | "refused" | readonly string[];

type CarriedName = {
  [Name in keyof Table]: Table[Name] extends NotCarried ? never : Name;
}[keyof Table];

/** What stands in the header of a plan. */
export type CarriedOptions = Omit<Pick<SyncOptions, CarriedName>, "backup"> & {
  readonly backup?: CarriedBackup | undefined;
};

/** What only the process that applies a plan can say. */
export type OwnOptions = Pick<
  SyncOptions,
  { [Name in keyof Table]: Table[Name] extends "own" | "applier" ? Name : never }[keyof Table]
>;

/**
 * The options that a plan has to carry; those at their default are left out.
 * @throws StorageError `unsupported` naming an option that no plan can carry.
 */
export function carryOptions(options: SyncOptions, destination: Place): CarriedOptions {
  const carried: Record<string, unknown> = {};
  for (const [name, carriage] of Object.entries(TABLE) as [keyof SyncOptions, Carriage][]) {
    const value = options[name];
    if (value === undefined) continue;
    if (isRefused(carriage, value)) throw refuse(name, value, carriage === "applier");
    // Most flags are false unless given; only those that are true by default say something by it.
    if (isCarried(carriage) && (value !== false || name.startsWith("preserve"))) {
      carried[name] = carriage === "backup" ? carryBackup(options, destination) : value;
    }
  }
  return carried;
}

/** The options of a plan's header. @throws StorageError `invalid-argument` for anything unknown. */
export function parseCarriedOptions(fields: Fields): CarriedOptions {
  const options: Record<string, unknown> = {};
  for (const name of fields.names()) {
    const carriage = (TABLE as Readonly<Record<string, Carriage>>)[name];
    if (carriage !== undefined && isCarried(carriage)) {
      options[name] = parseOption(fields, name, carriage);
    }
  }
  fields.end();
  return options;
}

function isRefused(carriage: Carriage, value: unknown): boolean {
  if (typeof carriage !== "string") return !carriage.includes(String(value));
  return carriage === "applier" || (carriage === "refused" && value !== false);
}

function isCarried(carriage: Carriage): carriage is Exclude<Carriage, NotCarried> {
  return (
    typeof carriage === "string" &&
    carriage !== "decided" &&
    carriage !== "own" &&
    carriage !== "applier" &&
    carriage !== "refused"
  );
}

function parseOption(
  fields: Fields,
  name: string,
  carriage: Exclude<Carriage, NotCarried>,
): unknown {
  switch (carriage) {
    case "boolean":
    case "string":
      return fields.optional(name, carriage);
    case "number":
      return fields.amount(name);
    case "strings":
      return fields.strings(name);
    case "mappings":
      return fields.list(name).map(parseMapping);
    case "append":
      return parseAppend(fields, name);
    case "partial":
      return parsePartial(fields, name);
    case "backup":
      return parseBackup(fields, name);
  }
}

function parseMapping(fields: Fields): IdMapping {
  const mapping = { from: fields.string("from"), to: fields.string("to") };
  fields.end();
  return mapping;
}

function refuse(name: string, value: unknown, isOfApplier: boolean): StorageError {
  const given = typeof value === "string" ? `${name} "${value}"` : name;
  return new StorageError("unsupported", {
    message: isOfApplier
      ? `a plan does not carry ${given}: give it to the process that applies the plan`
      : `a plan cannot carry ${given} yet: leave it out, or run sync with it and without a plan`,
  });
}
