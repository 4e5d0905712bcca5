/**
 * Access control lists between the form in which Linux keeps them (`system.posix_acl_access`: a version,
 * then tag, permissions and id of each entry, little-endian) and text as `getfacl --omit-header` has it,
 * in one line, ids as numbers.
 */
import { StorageError } from "../../errors.ts";

const VERSION = 2;
const HEAD = 4;
const ENTRY = 8;
const NO_ID = 0xffff_ffff;

const TAGS: ReadonlyMap<number, string> = new Map([
  [0x01, "user"],
  [0x02, "user"],
  [0x04, "group"],
  [0x08, "group"],
  [0x10, "mask"],
  [0x20, "other"],
]);

/** "" for a list that says no more than permission bits do. @throws StorageError `unsupported` */
export function formatAcl(bytes: Buffer): string {
  if (bytes.length < HEAD || bytes.readUInt32LE(0) !== VERSION) {
    throw new StorageError("unsupported", {
      message: "its access control list has an unknown form",
    });
  }
  const entries: string[] = [];
  for (let at = HEAD; at + ENTRY <= bytes.length; at += ENTRY) {
    const tag = bytes.readUInt16LE(at);
    const id = tag === 0x02 || tag === 0x08 ? String(bytes.readUInt32LE(at + 4)) : "";
    entries.push(`${TAGS.get(tag) ?? "unknown"}:${id}:${formatBits(bytes.readUInt16LE(at + 2))}`);
  }
  return entries.length <= 3 ? "" : entries.join(",");
}

/** @throws StorageError `invalid-argument` for what is no such text. */
export function parseAcl(text: string): Buffer {
  const entries = text.split(",").map(parseEntry);
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  const bytes = Buffer.alloc(HEAD + entries.length * ENTRY);
  bytes.writeUInt32LE(VERSION, 0);
  for (const [index, { tag, bits, id }] of entries.entries()) {
    const at = HEAD + index * ENTRY;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(bits, at + 2);
    bytes.writeUInt32LE(id, at + 4);
  }
  return bytes;
}

function parseEntry(text: string): {
  readonly tag: number;
  readonly bits: number;
  readonly id: number;
} {
  const [, name, id, bits] = /^(user|group|mask|other):(\d*):([r-][w-][x-])$/.exec(text) ?? [];
  const named = id !== "";
  const tag = [...TAGS].find(([value, kind]) => kind === name && isNamed(value) === named)?.[0];
  if (tag === undefined || bits === undefined || Number(id) >= NO_ID) {
    throw new StorageError("invalid-argument", {
      message: `"${text}" is no entry of an access control list`,
    });
  }
  return { tag, bits: parseBits(bits), id: named ? Number(id) : NO_ID };
}

function isNamed(tag: number): boolean {
  return tag === 0x02 || tag === 0x08;
}

function formatBits(bits: number): string {
  return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
}

function parseBits(text: string): number {
  return (text[0] === "r" ? 4 : 0) | (text[1] === "w" ? 2 : 0) | (text[2] === "x" ? 1 : 0);
}
