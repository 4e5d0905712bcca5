/**
 * Which attributes an entry is to have at the destination, and which of them it does not have yet. The one
 * place that knows what is kept: writing, comparing and reporting all ask here.
 */
import { type Attributes, type Capabilities, type Entry, takesXattr } from "@omnisync/storage";
import type { Change } from "../events.ts";
import type { IdMapping } from "../options/compare-options.ts";
import { type ChmodChange, applyChmod } from "./chmod-changes.ts";
import { type Id, mapId } from "./map-ids.ts";

export interface AttributeRules {
  /** Nothing is kept but mtimes and modes as they are. */
  readonly isPlain: boolean;
  readonly times: boolean;
  readonly directoryTimes: boolean;
  readonly linkTimes: boolean;
  /** Milliseconds; `undefined`: the destination keeps no mtime. */
  readonly mtimeWindow: number | undefined;
  /** Of the source, or of what is there, or the source's less the umask. */
  readonly mode: boolean;
  readonly executability: boolean;
  readonly chmod: readonly ChmodChange[];
  /** Set-id bits are kept whoever the owner and the group will be. */
  readonly foreignSetIds: boolean;
  /** Of the one who writes; `undefined` where the store gives new entries no mode by itself. */
  readonly umask: number | undefined;
  readonly owner: boolean;
  readonly group: boolean;
  /** Groups that may be given; `undefined`: any. */
  readonly ownGroups: readonly number[] | undefined;
  readonly numericIds: boolean;
  readonly userMap: readonly IdMapping[] | undefined;
  readonly groupMap: readonly IdMapping[] | undefined;
  readonly xattrs: boolean;
  /** Those that the destination takes; the others are left out, as by rsync. */
  readonly xattrNames: Capabilities["xattrNames"];
  readonly acls: boolean;
  /** Which files are one is kept with them, as the destination has no hard links. */
  readonly hardLinkNotes: boolean;
}

const SET_USER_ID = 0o4000;
const SET_GROUP_ID = 0o2000;
export const SET_IDS: number = SET_USER_ID | SET_GROUP_ID;

type Known = Pick<Entry, "kind" | "storedAt" | keyof Attributes>;

/** @param destination what is there and stays, if anything does. */
export function wantedAttributes(
  source: Known,
  destination: Known | undefined,
  rules: AttributeRules,
): Attributes {
  const wanted: { -readonly [K in keyof Attributes]: Attributes[K] } = {};
  const mtime = wantedMtime(source, rules);
  if (mtime !== undefined) wanted.mtime = mtime;
  if (rules.owner) Object.assign(wanted, wantedUser(source, rules));
  if (rules.group) Object.assign(wanted, wantedGroup(source, rules));
  const mode = wantedMode(source, destination, foreignSetIds(source, wanted, rules), rules);
  if (mode !== undefined) wanted.mode = mode;
  if (rules.xattrs && source.xattrs !== undefined) {
    wanted.xattrs = takenXattrs(source.xattrs, rules);
  }
  if (rules.acls && source.kind !== "symlink") {
    if (source.acl !== undefined) wanted.acl = source.acl;
    if (source.defaultAcl !== undefined) wanted.defaultAcl = source.defaultAcl;
  }
  if (rules.hardLinkNotes && source.hardLink !== undefined) wanted.hardLink = source.hardLink;
  return wanted;
}

/** What new content is written with. Without `mode` it has the bits of what was there, but not that owner's leave. */
export function writtenAttributes(
  source: Known,
  previous: Known | undefined,
  rules: AttributeRules,
): Attributes {
  const wanted = wantedAttributes(source, previous, rules);
  if (rules.mode || rules.foreignSetIds || wanted.mode === undefined) return wanted;
  return { ...wanted, mode: wanted.mode & ~SET_IDS };
}

/** Which of the wanted attributes `destination` does not have. */
export function changedAttributes(
  source: Known,
  destination: Known,
  rules: AttributeRules,
): readonly Change[] {
  const wanted = wantedAttributes(source, destination, rules);
  const changes: Change[] = [];
  if (differsInTime(wanted.mtime, destination, rules)) changes.push("mtime");
  if (wanted.mode !== undefined && wanted.mode !== destination.mode) changes.push("mode");
  const owner = { id: wanted.uid, name: wanted.user };
  if (!isSameId(owner, { id: destination.uid, name: destination.user })) changes.push("owner");
  const group = { id: wanted.gid, name: wanted.group };
  if (!isSameId(group, { id: destination.gid, name: destination.group })) changes.push("group");
  const sameAcl = (wanted.acl ?? destination.acl ?? "") === (destination.acl ?? "");
  const sameDefault =
    (wanted.defaultAcl ?? destination.defaultAcl ?? "") === (destination.defaultAcl ?? "");
  if (!sameAcl || !sameDefault) changes.push("acl");
  if (wanted.xattrs !== undefined && !isSameRecord(wanted.xattrs, destination.xattrs ?? {})) {
    changes.push("xattrs");
  }
  return changes;
}

/** A source without an mtime of its own counts with the time at which its store took it in. */
function wantedMtime(source: Known, rules: AttributeRules): number | undefined {
  if (!rules.times || rules.mtimeWindow === undefined) return undefined;
  if (source.kind === "directory") return rules.directoryTimes ? source.mtime : undefined;
  if (source.kind === "symlink") return rules.linkTimes ? source.mtime : undefined;
  return source.mtime ?? source.storedAt;
}

/**
 * As rsync: with `mode` the source's; without it a new entry gets those bits that the umask leaves, others keep theirs.
 * @param without bits that only `chmod` can give.
 */
function wantedMode(
  source: Known,
  destination: Known | undefined,
  without: number,
  { mode, executability, chmod, umask }: AttributeRules,
): number | undefined {
  if (source.kind === "symlink" || source.mode === undefined) return undefined;
  if (!mode && umask === undefined) return undefined;
  const changed = applyChmod(source.mode & ~without, source.kind === "directory", chmod);
  if (mode) return changed;
  if (destination?.kind !== source.kind) return changed & 0o777 & ~umask!;
  const { mode: there } = destination;
  if (there === undefined || !executability || source.kind !== "file") return there;
  if ((changed & 0o111) === 0) return there & ~0o111;
  return (there & 0o111) === 0 ? there | ((there & 0o444) >> 2) : there;
}

/**
 * The set-id bits that do not go along: they are an owner's or group's leave to act in their name, and would
 * become that of whoever owns the copy.
 */
function foreignSetIds(source: Known, wanted: Attributes, rules: AttributeRules): number {
  if (rules.foreignSetIds || ((source.mode ?? 0) & SET_IDS) === 0) return 0;
  const sameUser = isKept(
    { id: wanted.uid, name: wanted.user },
    { id: source.uid, name: source.user },
  );
  const sameGroup = isKept(
    { id: wanted.gid, name: wanted.group },
    { id: source.gid, name: source.group },
  );
  return (sameUser ? 0 : SET_USER_ID) | (sameGroup ? 0 : SET_GROUP_ID);
}

function isKept(wanted: Id, source: Id): boolean {
  return (wanted.id ?? wanted.name) !== undefined && isSameId(wanted, source);
}

function takenXattrs(
  xattrs: Readonly<Record<string, string>>,
  { xattrNames }: AttributeRules,
): Readonly<Record<string, string>> {
  if (xattrNames === "all") return xattrs;
  return Object.fromEntries(
    Object.entries(xattrs).filter(([name]) => takesXattr(xattrNames, name)),
  );
}

function wantedUser(source: Known, { userMap, numericIds }: AttributeRules): Attributes {
  if (source.uid === undefined && source.user === undefined) return {};
  const known: Id = { id: source.uid, name: numericIds ? undefined : source.user };
  const { id: uid, name: user } = mapId(known, userMap);
  return { uid, user };
}

function wantedGroup(
  source: Known,
  { groupMap, numericIds, ownGroups }: AttributeRules,
): Attributes {
  if (source.gid === undefined && source.group === undefined) return {};
  const known: Id = { id: source.gid, name: numericIds ? undefined : source.group };
  const { id: gid, name: group } = mapId(known, groupMap);
  // Who is not the super-user can give only groups of his own.
  if (ownGroups !== undefined && gid !== undefined && !ownGroups.includes(gid)) return {};
  return { gid, group };
}

function isSameId(wanted: Id, there: Id): boolean {
  if (wanted.id === undefined && wanted.name === undefined) return true;
  if (wanted.id !== undefined && wanted.id === there.id) return true;
  return wanted.name !== undefined && wanted.name === there.name;
}

function differsInTime(
  wanted: number | undefined,
  destination: Known,
  { mtimeWindow = 0 }: AttributeRules,
): boolean {
  if (wanted === undefined) return false;
  if (destination.mtime === undefined) return destination.kind === "file";
  return Math.abs(wanted - destination.mtime) > mtimeWindow;
}

function isSameRecord(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
