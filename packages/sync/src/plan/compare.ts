/**
 * Whether two files are the same, from what is known about them. Pure: what is not known is asked for
 * in the answer, and the question put again when it is.
 */
import type { Entry, HashName } from "@omnisync/storage";
import type { Change, Reason } from "../events.ts";
import { type AttributeRules, SET_IDS, changedAttributes } from "./wanted-attributes.ts";

/** The comparison options with every default filled in. */
export interface CompareRules {
  readonly checksum: boolean;
  readonly sizeOnly: boolean;
  /** `undefined`: one of the stores keeps no mtime. Milliseconds. */
  readonly mtimeWindow: number | undefined;
  readonly compareMode: boolean;
  /** What is kept of the attributes. Default: mtime, and the mode if `compareMode`. */
  readonly attributes?: AttributeRules | undefined;
  /** Equal size and mtime count for nothing. */
  readonly ignoreTimes?: boolean | undefined;
  /** Equal size and mtime, or size alone, are not enough: the source will be removed. */
  readonly proveContent: boolean;
}

export type Comparison =
  | { readonly kind: "same" }
  /** The content is the same, but mtime or mode is not. */
  | { readonly kind: "attributes"; readonly reason: Reason }
  | { readonly kind: "different"; readonly reason: Reason }
  /**
   * `source`, `destination`: complete the entry by `stat`. `hashes`: both must have a hash in common. `md5`: the source
   * must have its MD5.
   */
  | { readonly kind: "ask"; readonly what: Question };

export type Question = "source" | "destination" | "hashes" | "md5";

const HASHES_BY_STRENGTH: readonly HashName[] = ["blake3", "sha256", "sha1", "md5"];

/** Compares a file with a file, or a link with a link. Neither entry is changed. */
export function compareFiles(source: Entry, destination: Entry, rules: CompareRules): Comparison {
  if (source.kind !== destination.kind && destination.complete && source.complete)
    return different("type");
  if (source.size !== destination.size) return different("size");
  if (rules.sizeOnly) return compareOfOneSize(source, destination, rules);
  if (rules.ignoreTimes) return different("forced");
  const hash = compareHashes(source, destination);
  if (hash === "different") return different("checksum");
  if (rules.checksum && hash === "unknown") return askForHashes(source, destination);
  // Content that is known to be equal, between two listings that know no attributes: let it be.
  if (hash === "equal" && !source.complete && !destination.complete) return SAME;
  if (!destination.complete) return { kind: "ask", what: "destination" };
  if (!source.complete) return { kind: "ask", what: "source" };
  return compareComplete(source, destination, rules, hash);
}

/** The size is all that counts, unless the source will be removed. */
function compareOfOneSize(source: Entry, destination: Entry, rules: CompareRules): Comparison {
  if (rules.proveContent) {
    const hash = compareHashes(source, destination);
    if (hash === "different") return different("checksum");
    if (hash === "unknown") return askForHashes(source, destination);
  }
  const both = source.complete && destination.complete;
  return both ? compareAttributes(source, destination, rules) : SAME;
}

/** A store may know a hash that its listing did not tell: asking costs less than reading. */
function askForHashes(source: Entry, destination: Entry): Comparison {
  if (!destination.complete) return { kind: "ask", what: "destination" };
  if (!source.complete) return { kind: "ask", what: "source" };
  return { kind: "ask", what: mayTellMd5(source, destination) ? "md5" : "hashes" };
}

/** The strongest hash that both know, compared. CRC32 proves nothing here. */
function compareHashes(source: Entry, destination: Entry): "equal" | "different" | "unknown" {
  for (const name of HASHES_BY_STRENGTH) {
    const a = source.hashes?.[name];
    const b = destination.hashes?.[name];
    if (a !== undefined && b !== undefined) return a === b ? "equal" : "different";
  }
  const md5 = source.hashes?.md5;
  return md5 !== undefined && md5 === destination.etag ? "equal" : "unknown";
}

/**
 * Whether the destination's ETag may be an MD5, and the source's would show it. Equal to it, the ETag proves that the content is the
 * same, whatever ETags are there in general; any other says nothing.
 */
function mayTellMd5({ hashes }: Entry, { etag }: Entry): boolean {
  return hashes?.md5 === undefined && /^[0-9a-f]{32}$/.test(etag ?? "");
}

/**
 * The hash to compute so that both entries have one in common: what one of them knows already, else
 * BLAKE3.
 */
export function commonHash(source: Entry, destination: Entry): HashName {
  const known = HASHES_BY_STRENGTH.find(
    (name) => destination.hashes?.[name] ?? source.hashes?.[name],
  );
  return known ?? "blake3";
}

/** When the content last changed: as its owner says, else when the store took it in. */
export function effectiveMtime(entry: Entry): number | undefined {
  return entry.mtime ?? entry.storedAt;
}

function compareComplete(
  source: Entry,
  destination: Entry,
  rules: CompareRules,
  hash: "equal" | "unknown",
): Comparison {
  if (sameMtime(source, destination, rules)) {
    if (rules.proveContent && hash === "unknown") return askForHashes(source, destination);
    return compareAttributes(source, destination, rules);
  }
  if (hash === "equal") return compareAttributes(source, destination, rules);
  const hashKnown = Object.keys(destination.hashes ?? {}).some((name) =>
    HASHES_BY_STRENGTH.includes(name as HashName),
  );
  if (hashKnown) return { kind: "ask", what: "hashes" };
  return mayTellMd5(source, destination) ? { kind: "ask", what: "md5" } : different("mtime");
}

function sameMtime(
  source: Entry,
  destination: Entry,
  rules: Pick<CompareRules, "mtimeWindow">,
): boolean {
  if (rules.mtimeWindow === undefined) return true;
  const from = effectiveMtime(source);
  // A destination's own clock says nothing about the content's age: only an mtime that was set counts.
  if (from === undefined || destination.mtime === undefined) return false;
  return Math.abs(from - destination.mtime) <= rules.mtimeWindow;
}

/** Files whose content is the same. */
function compareAttributes(source: Entry, destination: Entry, rules: CompareRules): Comparison {
  const { attributes, compareMode } = rules;
  if (attributes === undefined) {
    if (!rules.sizeOnly && !sameMtime(source, destination, rules))
      return { kind: "attributes", reason: "mtime" };
    return compareMode && !sameMode(source, destination, rules)
      ? { kind: "attributes", reason: "mode" }
      : SAME;
  }
  // Most are equal, and most runs keep no more than these.
  const { mtimeWindow } = attributes;
  if (
    attributes.isPlain &&
    source.mode === destination.mode &&
    ((source.mode ?? 0) & SET_IDS) === 0 &&
    sameMtime(source, destination, { mtimeWindow })
  ) {
    return SAME;
  }
  const [first] = changedAttributes(source, destination, attributes);
  return first === undefined ? SAME : { kind: "attributes", reason: reasonOf(first) };
}

/** The reason that a change is, if it is the first. */
export function reasonOf(change: Change): Reason {
  return change === "content" ? "checksum" : change;
}

/** Whose set-id bits the source has is not known here: a copy may lack them. */
function sameMode(source: Entry, destination: Entry, rules: CompareRules): boolean {
  const { mode } = source;
  if (!rules.compareMode || source.kind === "symlink" || mode === undefined) return true;
  return destination.mode !== undefined && ((mode ^ destination.mode) & ~(mode & SET_IDS)) === 0;
}

function different(reason: Reason): Comparison {
  return { kind: "different", reason };
}

const SAME: Comparison = { kind: "same" };
