/** One line of a plan: what is to be done about one path, and what must be so for it to be done. */
import type { Attributes, Entry, EntryKind, HashName } from "@omnisync/storage";
import type { Reason, Strategy } from "../events.ts";

/**
 * Phases follow one another; within one the actions may be performed at the same time, except that a
 * file that is in the way goes before what takes its place, and the content of a directory before it.
 * - `transfer`: everything that creates or replaces, and the removal of files in the way of directories.
 * - `remove`: extras.
 * - `replace`: files that go to where directories were.
 * - `directories`: times and modes of directories, last, because writing into one changes them.
 */
export const PHASES = ["transfer", "remove", "replace", "directories"] as const;

export type Phase = (typeof PHASES)[number];

/**
 * - `copy`: content. `link`: a link is created or changed. `mkdir`: a directory.
 * - `attributes`: content stays, its attributes are set.
 * - `remove`: an extra, or (reason `type`) a file that stands where a directory is to be.
 * - `remove-source`: of a move, where the destination holds the content already.
 */
export const ACTION_KINDS = [
  "mkdir",
  "copy",
  "link",
  "attributes",
  "remove",
  "remove-source",
] as const;

export type ActionKind = (typeof ACTION_KINDS)[number];

export interface PlannedAction {
  readonly phase: Phase;
  readonly action: ActionKind;
  /** Relative to both places, without trailing slash. */
  readonly path: string;
  /** Absent where a directory is only set back to its own times, after something in it was changed. */
  readonly reason?: Reason | undefined;
  /** Bytes of content that go over, or are removed. */
  readonly size: number;
  /** How content goes over, as far as is known now. */
  readonly strategy?: Strategy | undefined;
  /** What a directory is given, in phase `directories`. */
  readonly attributes?: Attributes | undefined;
  readonly preconditions: Preconditions;
}

/** What the plan saw. A side that does not matter to the action is left out. */
export interface Preconditions {
  readonly source?: PlannedEntry | "absent" | undefined;
  readonly destination?: PlannedEntry | "absent" | undefined;
}

/** As much of an entry as tells whether it is still the same. Of a directory only that it is one. */
export interface PlannedEntry {
  readonly kind: EntryKind;
  readonly size: number;
  readonly mtime?: number | undefined;
  readonly storedAt?: number | undefined;
  readonly mode?: number | undefined;
  readonly etag?: string | undefined;
  readonly hashes?: Readonly<Partial<Record<HashName, string>>> | undefined;
  readonly linkTarget?: string | undefined;
  /** `false`: a listing that knows no attributes; what shows as a small file may be a link. */
  readonly complete?: false | undefined;
}

/** The same fields in the same order always, so that equal plans are equal text. */
export function plannedEntry(entry: Entry): PlannedEntry {
  const { kind, size, mtime, storedAt, mode, etag, hashes, linkTarget, complete } = entry;
  if (kind === "directory") return { kind, size: 0 };
  return {
    kind,
    size,
    // The store's own clock only counts where there is no mtime, and HEAD and LIST tell it differently.
    ...(mtime === undefined ? { storedAt } : { mtime }),
    mode,
    etag,
    hashes: hashes === undefined ? undefined : sortedHashes(hashes),
    linkTarget,
    ...(complete ? {} : { complete }),
  };
}

function sortedHashes(hashes: NonNullable<Entry["hashes"]>): PlannedEntry["hashes"] {
  return Object.fromEntries(Object.entries(hashes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function isDirectory(side: PlannedEntry | "absent" | undefined): boolean {
  return side !== undefined && side !== "absent" && side.kind === "directory";
}
