/**
 * rsync's `--itemize-changes` form: `YXcstpoguax name`, see rsync(1).
 *
 * Y: `<` sent, `>` received, `c` created or changed in place, `h` a hard link, `.` only attributes, `*` a
 * message. X: `f` file, `d` directory, `L` link, `S` special, `D` device. Then one place per attribute:
 * its letter if it differs, `.` if not, `+` throughout if the item is new, blanks if nothing differs.
 */
import { type Entry, printable } from "@omnisync/storage";
import type { Change, SyncEvent, SyncOptions } from "@omnisync/sync";
import { type PathNames, shownPath } from "./shown-path.ts";

export interface ItemizeContext extends PathNames {
  readonly toLocal: boolean;
  /** Milliseconds by which equal times may differ. Default 1000. */
  readonly window?: number | undefined;
  /** Attributes that the run does not keep are not reported. Default: times and modes are kept. */
  readonly kept?: KeptAttributes | undefined;
}

export interface KeptAttributes {
  readonly times: boolean;
  readonly directoryTimes: boolean;
  readonly linkTimes: boolean;
  readonly mode: boolean;
  readonly executability: boolean;
  readonly owner: boolean;
  readonly group: boolean;
  readonly acls: boolean;
  readonly xattrs: boolean;
  /** Content is compared by hash. */
  readonly checksum: boolean;
}

/** What a run keeps, by its options. */
export function keptAttributes(options: SyncOptions): KeptAttributes {
  const times = options.preserveTimes ?? true;
  return {
    times,
    directoryTimes: times && !options.omitDirTimes,
    linkTimes: times && !options.omitLinkTimes,
    mode: options.preserveMode ?? true,
    executability: options.preserveExecutability ?? false,
    owner: options.preserveOwner ?? false,
    group: options.preserveGroup ?? false,
    acls: options.preserveAcls ?? false,
    xattrs: options.preserveXattrs ?? false,
    checksum: options.checksum ?? false,
  };
}

const USUALLY_KEPT: KeptAttributes = {
  times: true,
  directoryTimes: true,
  linkTimes: true,
  mode: true,
  executability: false,
  owner: false,
  group: false,
  acls: false,
  xattrs: false,
  checksum: false,
};

/** The line of an event, or `undefined` for one that rsync prints no line for. */
export function itemizeLine(event: SyncEvent, context: ItemizeContext): string | undefined {
  const code = itemizeCode(event, context);
  if (code === undefined) return undefined;
  const shown = shownPath(context, event.path);
  return `${code} ${printable(isDirectory(event) ? `${shown}/` : shown)}`;
}

/** Whether what an event is about is a directory. */
export function isDirectory(event: SyncEvent): boolean {
  const entry = event.source ?? event.destination;
  return entry === undefined ? isLate(event) || event.kind === "mkdir" : entry.kind === "directory";
}

/**
 * The attributes of directories are set last, when nothing more is written into them, and are told of then,
 * by events without a source.
 */
export function isLate({ kind, source }: SyncEvent): boolean {
  return kind === "attributes" && source === undefined;
}

/** An equal file of `--link-dest` is no change to rsync: only the place it lies in is new. */
export function isFoundElsewhere({ kind, path, linkedTo }: SyncEvent): boolean {
  return kind === "link" && linkedTo === path;
}

/** The 11 characters. */
export function itemizeCode(event: SyncEvent, context: ItemizeContext): string | undefined {
  switch (event.kind) {
    case "copy":
      return (context.toLocal ? ">" : "<") + kindLetter(event, "f") + attributes(event, context);
    case "link":
      if (isFoundElsewhere(event)) return `hf${" ".repeat(9)}`;
      // A second name for a file that came over already.
      if (event.linkedTo !== undefined || event.source?.kind === "file") {
        return `hf${attributes(event, context)}`;
      }
      return `c${kindLetter(event, "L")}${attributes(event, context)}`;
    case "mkdir":
      return `c${kindLetter(event, "d")}${attributes(event, context)}`;
    case "attributes":
      if (isLate(event)) return `.d..${lateChanges(event)}`;
      return `.${kindLetter(event, "f")}${attributes(event, context)}`;
    case "unchanged":
      return `.${kindLetter(event, "f")}${blankIfSame(attributes(event, context))}`;
    case "remove":
      return "*deleting  ";
    case "skip":
    case "remove-source":
    case "withheld":
    case "ignored":
    case "upload-left":
    case "kept":
    case "failed":
      return undefined;
  }
}

const LATE: readonly (readonly [Change, string] | undefined)[] = [
  ["mtime", "t"],
  ["mode", "p"],
  ["owner", "o"],
  ["group", "g"],
  undefined,
  ["acl", "a"],
  ["xattrs", "x"],
];

/** An event that does not say what differed is of the time. */
function lateChanges({ changes = ["mtime"] }: SyncEvent): string {
  return LATE.map((one) => (one !== undefined && changes.includes(one[0]) ? one[1] : ".")).join("");
}

const LETTERS: Readonly<Record<Entry["kind"], string>> = {
  file: "f",
  directory: "d",
  symlink: "L",
  other: "S",
};

function kindLetter(event: SyncEvent, otherwise: string): string {
  const type = event.source?.special?.type;
  if (type === "block" || type === "character") return "D";
  return event.source === undefined ? otherwise : LETTERS[event.source.kind];
}

/** An event of a path that both sides have. */
type Both = SyncEvent & { readonly source: Entry; readonly destination: Entry };

function attributes(event: SyncEvent, context: ItemizeContext): string {
  const { source, destination, reason } = event;
  if (destination === undefined || reason === "new" || source?.kind !== destination.kind) {
    return "+".repeat(9);
  }
  const kept = context.kept ?? USUALLY_KEPT;
  const both: Both = { ...event, source, destination };
  const isFile = source.kind === "file";
  const flags = [
    contentDiffers(event, kept) ? "c" : ".",
    isFile && source.size !== destination.size ? "s" : ".",
    timeLetter(both, context),
    modeDiffers(both, kept) ? "p" : ".",
  ];
  return `${flags.join("")}${owners(both, kept)}.${extras(both, kept)}`;
}

function owners(event: Both, kept: KeptAttributes): string {
  const user = kept.owner && changed(event, "owner", ({ uid }) => uid);
  const group = kept.group && changed(event, "group", ({ gid }) => gid);
  return `${user ? "o" : "."}${group ? "g" : "."}`;
}

function extras(event: Both, kept: KeptAttributes): string {
  const acl = kept.acls && changed(event, "acl", (entry) => entry.acl);
  const xattrs = kept.xattrs && changed(event, "xattrs", (entry) => named(entry.xattrs));
  return `${acl ? "a" : "."}${xattrs ? "x" : "."}`;
}

/** As the engine found it out; else as the entries have it. */
function changed(
  { changes, source, destination }: Both,
  change: Change,
  value: (entry: Entry) => number | string | undefined,
): boolean {
  return changes?.includes(change) ?? differs(value(source), value(destination));
}

/** What one side does not know is no difference. */
function differs<Value>(one: Value | undefined, other: Value | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function named(xattrs: Entry["xattrs"]): string | undefined {
  return xattrs && JSON.stringify(Object.entries(xattrs).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function contentDiffers({ kind, reason }: SyncEvent, kept: KeptAttributes): boolean {
  return reason === "checksum" || reason === "target" || (kind === "copy" && kept.checksum);
}

/** `T`: the time is not kept, and so becomes that of the transfer. */
function timeLetter(event: Both, context: ItemizeContext): string {
  const { kind, source, destination, changes } = event;
  const kept = context.kept ?? USUALLY_KEPT;
  const keeps =
    kept.times &&
    (source.kind !== "directory" || kept.directoryTimes) &&
    (source.kind !== "symlink" || kept.linkTimes);
  if (keeps) {
    const window = context.window ?? 1000;
    return (changes?.includes("mtime") ?? timesDiffer(source, destination, window)) ? "t" : ".";
  }
  return kind === "copy" || kind === "link" ? "T" : ".";
}

function timesDiffer(source: Entry, destination: Entry, window: number): boolean {
  if (source.mtime === undefined || destination.mtime === undefined) return false;
  return Math.abs(source.mtime - destination.mtime) > window;
}

const EXECUTE = 0o111;

function modeDiffers(
  { changes, reason, source, destination }: Both,
  kept: KeptAttributes,
): boolean {
  if (source.kind === "symlink") return false;
  if (kept.mode && changes !== undefined) return changes.includes("mode");
  if (kept.mode && reason === "mode") return true;
  if (source.mode === undefined || destination.mode === undefined) return false;
  if (kept.mode) return source.mode !== destination.mode;
  if (!kept.executability || source.kind !== "file") return false;
  return (source.mode & EXECUTE) === 0
    ? (destination.mode & EXECUTE) !== 0
    : (destination.mode & EXECUTE) === 0;
}

function blankIfSame(flags: string): string {
  return /^[.+]*$/.test(flags) ? " ".repeat(flags.length) : flags;
}
