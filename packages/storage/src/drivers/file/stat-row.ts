/**
 * What `lstat` says, in the five numbers that an entry is made of, and the entry made of them.
 * Times are doubles: milliseconds with a fraction that is exact to 0.25 µs, which is finer than any
 * time that Node can set.
 */
import type { Stats } from "node:fs";
import { constants } from "node:fs";
import type { Entry, EntryKind } from "../../entry.ts";

/** `st_mode`, `st_size`, mtime and ctime in milliseconds, `st_ino`. */
export type StatRow = readonly [
  mode: number,
  size: number,
  mtime: number,
  ctime: number,
  ino: number,
];

/** Numbers that name a content: inode with size folded in, mtime, ctime. */
const TAG_WORDS = 3;
/** 24 bytes in base64. */
const TAG_CHARACTERS = 32;

export function statRow(stats: Stats): StatRow {
  return [stats.mode, stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino];
}

export function kindOf(mode: number): EntryKind {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return "file";
    case constants.S_IFDIR:
      return "directory";
    case constants.S_IFLNK:
      return "symlink";
    default:
      return "other";
  }
}

/** Whether two looks at one file saw the same content, as far as the file system tells. */
export function sameContent(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

export function rowEtag(row: StatRow): string {
  writeTag(ONE_TAG, 0, row);
  return ONE_TAG_BYTES.toString("base64url");
}

export function rowEntry(path: string, row: StatRow, linkTarget?: string): Entry {
  return buildEntry(path, row[0], row[1], row[2], row[3], rowEtag(row), linkTarget);
}

/** What a copy takes of a mode. Set-id bits are an owner's leave to act in his name, and the copy may be another's. */
export const COPIED_BITS = 0o1777;

/** Every entry has the same shape by kind: a listing makes hundreds of thousands a second. */
export function buildEntry(
  path: string,
  mode: number,
  size: number,
  changedAt: number,
  storedAt: number,
  etag: string,
  linkTarget: string | undefined,
): Entry {
  const kind = kindOf(mode);
  // To the microsecond, which is what can be set: a copy then shows the very time of its source.
  const mtime = Math.round(changedAt * 1000) / 1000;
  const bits = mode & 0o7777;
  switch (kind) {
    case "file":
      return { path, kind, size, complete: true, mtime, mode: bits, storedAt, etag };
    case "directory":
      return { path, kind, size: 0, complete: true, mtime, mode: bits };
    case "other":
      return { path, kind, size: 0, complete: true, mtime, mode: bits };
    case "symlink": {
      const entry = { path, kind, size, complete: true, mtime, storedAt, etag };
      return linkTarget === undefined ? entry : { ...entry, linkTarget };
    }
  }
}

/**
 * Room for the tags of `count` entries. A page's tags become text in one call and are cut apart:
 * writing the numbers of each entry out in digits costs more than reading them from the disk.
 */
export interface Tags {
  readonly words: Float64Array<ArrayBuffer>;
  readonly bits: Uint32Array<ArrayBuffer>;
}

export function createTags(count: number): Tags {
  const words = new Float64Array(count * TAG_WORDS);
  return { words, bits: new Uint32Array(words.buffer) };
}

export function writeTag(tags: Tags, index: number, row: StatRow): void {
  const at = index * TAG_WORDS;
  const size = row[1];
  tags.words[at] = row[4];
  tags.bits[at * 2]! ^= size % 0x1_0000_0000;
  tags.bits[at * 2 + 1]! ^= size / 0x1_0000_0000;
  tags.words[at + 1] = row[2];
  tags.words[at + 2] = row[3];
}

/** The text of the first `count` tags; `tagAt` cuts one out. */
export function tagText(tags: Tags, count: number): string {
  return Buffer.from(tags.words.buffer, 0, count * TAG_WORDS * 8).toString("base64url");
}

export function tagAt(text: string, index: number): string {
  return text.slice(index * TAG_CHARACTERS, (index + 1) * TAG_CHARACTERS);
}

export function tagMtime(tags: Tags, index: number): number {
  return tags.words[index * TAG_WORDS + 1] as number;
}

export function tagCtime(tags: Tags, index: number): number {
  return tags.words[index * TAG_WORDS + 2] as number;
}

/** For one row at a time, as making typed arrays costs more than filling them. */
const ONE_TAG: Tags = createTags(1);
const ONE_TAG_BYTES: Buffer = Buffer.from(ONE_TAG.words.buffer);
