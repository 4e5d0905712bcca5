/**
 * What is to be done about one path. Pure: a pair of entries and the rules of the run go in, one step
 * with its reason comes out. `run/` performs steps and decides nothing.
 */
import { type Entry, type ErrorCode, leadsOut } from "@omnisync/storage";
import type { Change, Reason } from "../events.ts";
import { type FileLimits, isWithinLimits } from "../filter/limits.ts";
import type { Pair } from "../merge/merge-join.ts";
import { type BackupNames, isBackup, leadsToBackups } from "./backup-names.ts";
import {
  type CompareRules,
  type Comparison,
  type Question,
  compareFiles,
  effectiveMtime,
  reasonOf,
} from "./compare.ts";
import { changedInMarker } from "./directory-markers.ts";
import { mayBeLink } from "./hidden-link.ts";
import { changedAttributes, wantedAttributes } from "./wanted-attributes.ts";

/** The options of a run and what its stores can do, as far as planning needs them. */
export interface PlanRules extends CompareRules {
  /** Files outside are left alone on both sides. */
  readonly limits: FileLimits | undefined;
  readonly delete: boolean;
  /** A directory in the way of a file goes with all it holds, also without `delete`. */
  readonly force: boolean;
  /** Only files that are shorter at the destination are changed. */
  readonly append: boolean;
  /** Name of the directories in which parts of files wait: no side's are looked at. */
  readonly partialDirectory?: string | undefined;
  /** What is put aside, and so no extra. */
  readonly backups?: BackupNames | undefined;
  readonly update: boolean;
  readonly existing: boolean;
  readonly ignoreExisting: boolean;
  /** `safe`: those that lead out of the source are left out. */
  readonly links: "keep" | "skip" | "safe";
  /** A listing of the source shows links as small files. */
  readonly hidesLinks: boolean;
  /** FIFOs and sockets take part; devices do. */
  readonly specials?: boolean | undefined;
  readonly devices?: boolean | undefined;
  /** Whether the destination can keep links. */
  readonly keepsLinks: boolean;
  /** Whether the destination has real directories. */
  readonly directories: boolean;
}

export type Step =
  | { readonly kind: "copy"; readonly reason: Reason; readonly when: "now" | "after-deletes" }
  /** A link, or a special file. */
  | { readonly kind: "link"; readonly reason: Reason }
  | { readonly kind: "mkdir"; readonly reason: Reason }
  | { readonly kind: "attributes"; readonly reason: Reason }
  | { readonly kind: "unchanged" }
  | { readonly kind: "skip"; readonly reason: Reason }
  | { readonly kind: "ignored" }
  /** An extra at the destination: removed at the end, at once (it is in the way), or kept. */
  | { readonly kind: "remove"; readonly when: "end" | "now" }
  | { readonly kind: "keep" }
  /** Not enough is known; find out and plan again. */
  | { readonly kind: "ask"; readonly what: Question }
  | { readonly kind: "fail"; readonly code: ErrorCode; readonly message: string };

/** Decides one path. */
export function planPair(pair: Pair, rules: PlanRules): Step {
  const { source, destination } = pair;
  if (source === undefined) return planExtra(pair, rules);
  if (source.kind === "other" && !takesSpecial(source, rules)) return IGNORED;
  if (source.kind === "symlink" && rules.links !== "keep") {
    if (rules.links === "skip") return IGNORED;
    if (source.linkTarget === undefined) return { kind: "ask", what: "source" };
    if (leadsOut(pair.path, source.linkTarget)) return IGNORED;
  }
  if (isPartial(pair.path, rules)) return IGNORED;
  if (source.kind === "directory") return planDirectory(source, destination, rules);
  const within = rules.limits === undefined || isWithinLimits(source, rules.limits);
  if (within === "unknown") return { kind: "ask", what: "source" };
  if (!within) return { kind: "skip", reason: "limits" };
  if (rules.links !== "keep" && rules.hidesLinks && mayBeLink(source)) {
    return { kind: "ask", what: "source" };
  }
  if (pair.obstacle === "twin-at-source") return fail("already-exists", TWIN);
  if (pair.obstacle === "directory-at-destination") return planReplaceDirectory(source, rules);
  return destination === undefined
    ? planNew(source, rules)
    : planExisting(source, destination, rules);
}

function takesSpecial({ special }: Entry, { specials, devices }: PlanRules): boolean {
  if (special === undefined) return false;
  const isDevice = special.type === "block" || special.type === "character";
  return (isDevice ? devices : specials) ?? false;
}

function planExtra(pair: Pair, rules: PlanRules): Step {
  if (pair.obstacle === "implied") return UNCHANGED;
  if (pair.obstacle === "directory-at-source") {
    return rules.existing || rules.ignoreExisting ? KEEP : { kind: "remove", when: "now" };
  }
  if (isPartial(pair.path, rules)) return KEEP;
  if (pair.unwanted) return { kind: "remove", when: "end" };
  if (rules.backups !== undefined && isOfBackups(pair, rules.backups)) return KEEP;
  return rules.delete ? { kind: "remove", when: "end" } : KEEP;
}

function isOfBackups({ path, destination }: Pair, backups: BackupNames): boolean {
  if (isBackup(path, backups)) return true;
  return destination !== undefined && leadsToBackups(destination, backups);
}

function planDirectory(source: Entry, destination: Entry | undefined, rules: PlanRules): Step {
  if (destination === undefined)
    return rules.existing
      ? { kind: "skip", reason: "not-existing" }
      : { kind: "mkdir", reason: "new" };
  const { attributes, directories } = rules;
  // Real ones get their attributes when all else is done.
  if (directories || attributes === undefined) return UNCHANGED;
  const isKept = Object.keys(wantedAttributes(source, destination, attributes)).length > 0;
  if (isKept && !destination.complete) return { kind: "ask", what: "destination" };
  return fromChanges(changedInMarker(source, destination, attributes));
}

function planReplaceDirectory(source: Entry, rules: PlanRules): Step {
  if (rules.ignoreExisting) return { kind: "skip", reason: "exists" };
  if (!rules.delete && !rules.force) return fail("is-a-directory", IN_THE_WAY);
  const step = planNew(source, { ...rules, existing: false });
  return step.kind === "copy" ? { ...step, reason: "type", when: "after-deletes" } : step;
}

function planNew(source: Entry, rules: PlanRules): Step {
  if (rules.existing) return { kind: "skip", reason: "not-existing" };
  if (source.kind === "symlink") {
    if (!rules.keepsLinks) return fail("unsupported", NO_LINKS);
    // That a target cannot be read is known before a dry run says that the link would be made.
    if (source.linkTarget === undefined) return { kind: "ask", what: "source" };
    return { kind: "link", reason: "new" };
  }
  if (source.kind === "other") return { kind: "link", reason: "new" };
  return { kind: "copy", reason: "new", when: "now" };
}

function planExisting(source: Entry, destination: Entry, rules: PlanRules): Step {
  if (rules.ignoreExisting) return { kind: "skip", reason: "exists" };
  if (source.kind === "other") return planSpecial(source, destination, rules);
  if (source.kind === "symlink" || destination.kind === "symlink" || destination.kind === "other") {
    return planLink(source, destination, rules);
  }
  return fromComparison(compareFiles(source, destination, rules), source, destination, rules);
}

/** A link on either side. A listing that is not complete may hide one behind a small object. */
function planLink(source: Entry, destination: Entry, rules: PlanRules): Step {
  if (source.kind !== "symlink")
    return source.complete ? copy("type") : { kind: "ask", what: "source" };
  if (!rules.keepsLinks) return fail("unsupported", NO_LINKS);
  if (source.linkTarget === undefined) return { kind: "ask", what: "source" };
  if (!destination.complete && destination.size === source.size)
    return { kind: "ask", what: "destination" };
  if (destination.kind !== "symlink") return { kind: "link", reason: "type" };
  if (destination.linkTarget === undefined) return { kind: "ask", what: "destination" };
  return source.linkTarget === destination.linkTarget
    ? planAttributes(source, destination, rules)
    : { kind: "link", reason: "target" };
}

function planSpecial(source: Entry, destination: Entry, rules: PlanRules): Step {
  if (!destination.complete) return { kind: "ask", what: "destination" };
  const [a, b] = [source.special, destination.special];
  if (a?.type !== b?.type) return { kind: "link", reason: "type" };
  if (a?.major !== b?.major || a?.minor !== b?.minor) return { kind: "link", reason: "target" };
  return planAttributes(source, destination, rules);
}

/** Of what is the same otherwise. */
function planAttributes(source: Entry, destination: Entry, rules: PlanRules): Step {
  if (rules.attributes === undefined) return UNCHANGED;
  return fromChanges(changedAttributes(source, destination, rules.attributes));
}

function fromChanges([first]: readonly Change[]): Step {
  return first === undefined ? UNCHANGED : { kind: "attributes", reason: reasonOf(first) };
}

function fromComparison(
  comparison: Comparison,
  source: Entry,
  destination: Entry,
  rules: PlanRules,
): Step {
  switch (comparison.kind) {
    case "same":
      return UNCHANGED;
    case "ask":
      return comparison;
    case "attributes":
    case "different":
      if (rules.update) {
        if (!destination.complete) return { kind: "ask", what: "destination" };
        if (!source.complete) return { kind: "ask", what: "source" };
        if (isNewer(destination, source, rules))
          return { kind: "skip", reason: "newer-at-destination" };
      }
      if (comparison.kind !== "different") return comparison;
      // What has the size of its source, or more, has nothing that could be appended.
      return rules.append && destination.size >= source.size
        ? { kind: "skip", reason: "not-shorter" }
        : copy(comparison.reason);
  }
}

function isNewer(destination: Entry, source: Entry, rules: PlanRules): boolean {
  const a = effectiveMtime(destination);
  const b = effectiveMtime(source);
  return a !== undefined && b !== undefined && a - b > (rules.mtimeWindow ?? 0);
}

function isPartial(path: string, { partialDirectory }: PlanRules): boolean {
  return partialDirectory !== undefined && path.split("/").includes(partialDirectory);
}

function copy(reason: Reason): Step {
  return { kind: "copy", reason, when: "now" };
}

function fail(code: ErrorCode, message: string): Step {
  return { kind: "fail", code, message };
}

const UNCHANGED: Step = { kind: "unchanged" };
const IGNORED: Step = { kind: "ignored" };
const KEEP: Step = { kind: "keep" };
const TWIN = "the source has a file and a directory of this name; the destination cannot hold both";
const IN_THE_WAY =
  "a directory is in the way at the destination; sync, copy and move replace it with --force";
const NO_LINKS = "the destination cannot keep links; --skip-links leaves them out";
