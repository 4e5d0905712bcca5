/** Entries as people and programs read them. Pure. */
import { type Entry, formatSize, printable } from "@omnisync/storage";
import type { Palette } from "./palette.ts";

export interface LineStyle {
  /** With mode, size and time. */
  readonly long?: boolean | undefined;
  /** Sizes as `1.5 MiB`. */
  readonly human?: boolean | undefined;
  readonly palette: Palette;
}

/** One entry in one line: `name`, or with `long` its mode, size and time before it. */
export function entryLine(entry: Entry, name: string, style: LineStyle): string {
  const shown = nameText(entry, name, style);
  if (!style.long) return shown;
  return `${modeText(entry)} ${sizeText(entry, style.human)} ${timeText(entry.mtime ?? entry.storedAt)} ${shown}`;
}

/** An entry as JSON; `path` as the caller shows it. */
export function entryJson(entry: Entry, path: string): object {
  const { kind, size, mode, storedAt, mtime, etag, version, hashes, storageClass } = entry;
  return {
    path,
    kind,
    size,
    mtime: isoTime(mtime),
    storedAt: isoTime(storedAt),
    mode: mode === undefined ? undefined : octal(mode),
    etag,
    version,
    hashes,
    storageClass,
    contentType: entry.contentType,
    metadata: entry.metadata,
    target: entry.linkTarget,
  };
}

/** `-rw-r--r--`; where permission bits are not known, only what it is. */
function modeText(entry: Entry): string {
  const kind = KIND_LETTERS[entry.kind];
  if (entry.mode === undefined) return `${kind}         `;
  const { mode } = entry;
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-";
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`;
  };
  return (
    kind +
    triple(6, (mode & 0o4000) !== 0, "s") +
    triple(3, (mode & 0o2000) !== 0, "s") +
    triple(0, (mode & 0o1000) !== 0, "t")
  );
}

/** `2026-11-20 13:01:02` in local time; blanks if not known. */
function timeText(time: number | undefined): string {
  if (time === undefined) return " ".repeat(19);
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "?".padEnd(19);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** ISO 8601 in UTC, for JSON. */
export function isoTime(time: number | undefined): string | undefined {
  if (time === undefined) return undefined;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** `0644`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

const KIND_LETTERS: Readonly<Record<Entry["kind"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  other: "?",
};

function sizeText(entry: Entry, human: boolean | undefined): string {
  if (entry.kind === "directory") return "-".padStart(human ? 8 : 13);
  return human ? formatSize(entry.size).padStart(8) : String(entry.size).padStart(13);
}

function nameText(entry: Entry, name: string, style: LineStyle): string {
  const shown = printable(name);
  switch (entry.kind) {
    case "directory":
      return `${style.palette.blue(shown)}/`;
    case "symlink": {
      const target = entry.linkTarget === undefined ? "" : ` -> ${printable(entry.linkTarget)}`;
      return style.palette.cyan(shown) + (style.long ? target : "");
    }
    case "file":
    case "other":
      return shown;
  }
}
