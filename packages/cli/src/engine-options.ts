/** What the engine is told, from what the flags say; and what it is told where they say nothing. */
import type {
  Alternates,
  BackupOptions,
  DeltaOptions,
  LinkMode,
  Place,
  RequestLimits,
  SyncOptions,
} from "@omnisync/sync";
import type { DeltaFlags } from "./flags/delta-flags.ts";
import type { FlagValues } from "./flags/flag-values.ts";

/** Everything but the filter and what lies in other places, which have to be opened first. */
export function engineOptions(values: Readonly<FlagValues>): SyncOptions {
  return {
    ...walkOptions(values),
    ...compareOptions(values),
    ...attributeOptions(values),
    ...deleteOptions(values),
    ...writeOptions(values),
    ...limitOptions(values),
    dryRun: values.dryRun,
  };
}

/** What rsync does where nothing is said, put in words for `engineOptions`. */
export function withRsyncDefaults(values: Readonly<FlagValues>): FlagValues {
  return {
    ...values,
    recursive: values.recursive ?? false,
    links: values.links ?? false,
    times: values.times ?? false,
    perms: values.perms ?? false,
    foreignSetIds: true,
    // Backups beside the originals change the times of directories in every run.
    omitDirTimes: values.omitDirTimes ?? (values.backup === true && values.backupDir === undefined),
    allowEmptySource: true,
    deleteTimings: values.deleteTimings ?? ["during"],
  };
}

function walkOptions(values: Readonly<FlagValues>): SyncOptions {
  const { recursive = !values.dirs, filesFrom } = values;
  return {
    // A list of files says itself what is taken, so that only a plain -r recurses with it.
    recursive: filesFrom === undefined ? recursive !== false : values.recursive === true,
    directories: values.dirs ?? filesFrom !== undefined,
    ignoreMissing: values.ignoreMissingArgs,
    deleteMissing: values.deleteMissingArgs,
    links: linkMode(values),
    copyDirLinks: values.copyDirlinks,
    keepDirLinks: values.keepDirlinks,
    oneFileSystem: values.oneFileSystem,
    specials: values.specials,
    devices: values.devices,
    pruneEmptyDirs: values.pruneEmptyDirs,
    dirMarkers: values.dirMarkers,
    skipVanished: values.skipVanished,
  };
}

function linkMode(values: Readonly<FlagValues>): LinkMode {
  if (values.copyLinks) return "follow";
  if (values.copyUnsafeLinks) return "follow-unsafe";
  if (values.skipLinks || values.links === false) return "skip";
  return values.safeLinks ? "safe" : "keep";
}

function compareOptions(values: Readonly<FlagValues>): SyncOptions {
  return {
    checksum: values.checksum,
    sizeOnly: values.sizeOnly,
    ignoreTimes: values.ignoreTimes,
    update: values.update,
    existing: values.existing,
    ignoreExisting: values.ignoreExisting,
    modifyWindow: values.modifyWindow,
  };
}

function attributeOptions(values: Readonly<FlagValues>): SyncOptions {
  return {
    preserveTimes: values.times,
    omitDirTimes: values.omitDirTimes,
    omitLinkTimes: values.omitLinkTimes,
    preserveMode: values.perms,
    foreignSetIds: values.foreignSetIds,
    preserveExecutability: values.executability,
    preserveOwner: values.owner,
    preserveGroup: values.group,
    numericIds: values.numericIds,
    userMap: values.usermap?.rules,
    groupMap: values.groupmap?.rules,
    chmod: values.chmod,
    preserveXattrs: values.xattrs,
    preserveAcls: values.acls,
    preserveHardLinks: values.hardLinks,
  };
}

function deleteOptions(values: Readonly<FlagValues>): SyncOptions {
  return {
    delete: values.delete,
    deleteTiming: values.deleteTimings?.at(-1),
    deleteExcluded: values.deleteExcluded,
    maxDelete: values.maxDelete,
    ignoreErrors: values.ignoreErrors,
    force: values.force,
    allowEmptySource: values.allowEmptySource,
    move: values.removeSourceFiles,
    trash: values.trash,
  };
}

function writeOptions(values: Readonly<FlagValues>): SyncOptions {
  const partialDirectory = values.partialDir;
  return {
    durable: values.fsync,
    inplace: values.inplace,
    append: values.append,
    sparse: values.sparse,
    preallocate: values.preallocate,
    partial: partialDirectory === undefined ? values.partial : { directory: partialDirectory },
    delayUpdates: values.delayUpdates,
    tempDirectory: values.tempDir,
    fuzzy: values.fuzzy,
    failOnConflict: values.failOnConflict,
    storageClass: values.storageClass,
    ...deltaOptions(values),
  };
}

/** Whether and how large files go over as what differs. */
export function deltaOptions(values: DeltaFlags): Pick<SyncOptions, "wholeFile" | "delta"> {
  const { wholeFile, deltaThreshold, blockSize, deltaGenerate } = values;
  const signatures = values.sidecar ? "sidecar" : values.noSidecar ? "none" : undefined;
  const delta: DeltaOptions = {
    threshold: deltaThreshold,
    blockSize,
    signatures,
    generate: deltaGenerate,
  };
  return { wholeFile, delta };
}

/** How much a run does; what it asks of each store is for `requestLimits`. */
export function limitOptions(
  values: Readonly<FlagValues>,
): Pick<
  SyncOptions,
  "jobs" | "checkers" | "bandwidth" | "order" | "maxTransfer" | "maxDuration" | "maxErrors"
> {
  return {
    jobs: values.jobs,
    checkers: values.checkers,
    bandwidth: typeof values.bwlimit === "number" ? values.bwlimit : undefined,
    order: values.order,
    maxTransfer: values.maxTransfer,
    maxDuration: values.maxDuration,
    maxErrors: values.maxErrors,
  };
}

/** What is asked of each store, where it is no disk of this machine: that one answers at its own pace. */
export function requestLimits(
  values: Readonly<FlagValues>,
  { source, destination }: { readonly source: Place; readonly destination: Place },
): SyncOptions["requests"] {
  const { tpslimit: perSecond, tpslimitBurst: burst, adaptive = true } = values;
  const limits = ({ driver }: Place): RequestLimits | undefined =>
    driver.name === "file" ? undefined : { perSecond, burst, adaptive };
  return { source: limits(source), destination: limits(destination) };
}

/** What is kept of replaced files, where `directory` is the opened `--backup-dir`. */
export function backupOptions(
  values: Readonly<FlagValues>,
  directory: BackupOptions["directory"],
): BackupOptions | undefined {
  return values.backup ? { suffix: values.suffix, directory } : undefined;
}

/** The flag of the directories to look in, and those directories as they were given. */
export function alternatesGiven(
  values: Readonly<FlagValues>,
): { readonly kind: Alternates["kind"]; readonly directories: readonly string[] } | undefined {
  if (values.compareDest) return { kind: "compare", directories: values.compareDest };
  if (values.copyDest) return { kind: "copy", directories: values.copyDest };
  if (values.linkDest) return { kind: "link", directories: values.linkDest };
  return undefined;
}
