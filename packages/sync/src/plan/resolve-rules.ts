/** The rules of a run from its options and what its two stores can do. Pure. */
import { type Capabilities, StorageError, checkPath } from "@omnisync/storage";
import type { CompareOptions } from "../options/compare-options.ts";
import type { SyncOptions } from "../options.ts";
import { parseChmod } from "./chmod-changes.ts";
import type { CompareRules } from "./compare.ts";
import type { PlanRules } from "./plan-pair.ts";
import type { AttributeRules } from "./wanted-attributes.ts";

/** Least window, milliseconds: what is lost when a time goes through a floating-point number. */
const LEAST_WINDOW = 0.002;

/** Rules that leave nothing open. */
export interface ResolvedRules extends PlanRules {
  readonly attributes: AttributeRules;
}

export function resolvePlanRules(
  options: SyncOptions,
  source: Capabilities,
  destination: Capabilities,
  umask: number = 0o022,
): ResolvedRules {
  refuseLosses(options, destination);
  refuseBadNames(options);
  return {
    ...resolveCompareRules(options, source, destination),
    attributes: resolveAttributeRules(options, source, destination, umask),
    ignoreTimes: options.ignoreTimes ?? false,
    proveContent: options.move ?? false,
    limits: options.filter?.limits,
    delete: options.delete ?? false,
    force: options.force ?? false,
    append: options.append !== undefined && options.append !== false,
    partialDirectory: typeof options.partial === "object" ? options.partial.directory : undefined,
    update: options.update ?? false,
    existing: options.existing ?? false,
    ignoreExisting: options.ignoreExisting ?? false,
    links: options.links === "skip" || options.links === "safe" ? options.links : "keep",
    hidesLinks: source.symlinks === "marked",
    specials: options.specials ?? false,
    devices: options.devices ?? false,
    keepsLinks: destination.symlinks !== undefined,
    directories: destination.directories,
  };
}

export function resolveCompareRules(
  options: CompareOptions,
  source: Capabilities,
  destination: Capabilities,
): CompareRules {
  return {
    checksum: options.checksum ?? false,
    sizeOnly: options.sizeOnly ?? false,
    mtimeWindow: mtimeWindow(options, source, destination),
    compareMode: (options.preserveMode ?? true) && source.mode && destination.mode,
    proveContent: false,
  };
}

/** @throws StorageError `invalid-argument` or `invalid-path` for names that would lead elsewhere. */
function refuseBadNames({ partial, tempDirectory }: SyncOptions): void {
  if (tempDirectory !== undefined) checkPath(tempDirectory, { root: true });
  if (typeof partial !== "object") return;
  checkPath(partial.directory);
  if (!partial.directory.includes("/")) return;
  throw new StorageError("invalid-argument", {
    message: "the directory of parts is a name without a slash",
  });
}

/** What a store cannot keep, and would be lost without a word. */
function refuseLosses(options: SyncOptions, { xattrs, acls, specials }: Capabilities): void {
  const losses: readonly (readonly [asked: boolean | undefined, kept: boolean, what: string])[] = [
    [options.preserveXattrs, xattrs, "extended attributes"],
    [options.preserveAcls, acls, "access control lists"],
    [options.specials, specials, "FIFOs and sockets"],
    [options.devices, specials, "devices"],
  ];
  for (const [asked, kept, what] of losses) {
    if (!asked || kept) continue;
    throw new StorageError("unsupported", { message: `the destination cannot keep ${what}` });
  }
}

/** @param umask of this process, for entries that are new on a disk. */
function resolveAttributeRules(
  options: SyncOptions,
  source: Capabilities,
  destination: Capabilities,
  umask: number,
): AttributeRules {
  const bothModes = source.mode && destination.mode;
  const mode = (options.preserveMode ?? true) && destination.mode;
  const chmod = bothModes ? parseChmod(options.chmod ?? [], umask) : [];
  const owner = (options.preserveOwner ?? false) && destination.owner === "both";
  const group = (options.preserveGroup ?? false) && destination.owner !== undefined;
  const xattrs = options.preserveXattrs ?? false;
  const acls = options.preserveAcls ?? false;
  const times = options.preserveTimes ?? true;
  return {
    isPlain:
      mode &&
      bothModes &&
      times &&
      chmod.length === 0 &&
      ![owner, group, xattrs, acls].includes(true),
    times,
    directoryTimes: !options.omitDirTimes,
    linkTimes: !options.omitLinkTimes,
    mtimeWindow: mtimeWindow(options, source, destination),
    mode,
    executability: options.preserveExecutability ?? false,
    chmod,
    // Between object stores bits are notes, which go along with that of their owner.
    foreignSetIds:
      (options.foreignSetIds ?? false) || !(source.directories || destination.directories),
    umask: destination.mode && destination.directories ? umask : undefined,
    owner,
    group,
    ownGroups: destination.owner === "group" ? destination.ownGroups : undefined,
    numericIds: options.numericIds ?? false,
    userMap: options.userMap,
    groupMap: options.groupMap,
    xattrs,
    xattrNames: destination.xattrNames,
    acls,
    hardLinkNotes:
      (options.preserveHardLinks ?? false) && destination.metadata && !destination.directories,
  };
}

/**
 * A store without mtimes of its own still knows when it took content in, which serves as a source's
 * mtime; a destination must keep what it is given.
 */
function mtimeWindow(
  options: CompareOptions,
  source: Capabilities,
  destination: Capabilities,
): number | undefined {
  if (destination.mtimePrecision === undefined) return undefined;
  const precision = Math.max(source.mtimePrecision ?? 0, destination.mtimePrecision, LEAST_WINDOW);
  return Math.max(precision, options.modifyWindow ?? 0);
}
