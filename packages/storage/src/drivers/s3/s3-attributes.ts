/**
 * How an entry's attributes lie with an object, and how they are read from the headers of its answer.
 *
 * - mtime: `x-amz-meta-mtime`, decimal seconds, as rclone writes it; microseconds are kept.
 * - mode: `x-amz-meta-mode`, octal with the bits of the file type (`0100644`), as rclone writes it.
 *   A link is an object of mode `0120777` whose content is its target; a directory `name/` of `040755`.
 * - `x-amz-meta-omnisync-blake3`: the content's hash. `x-amz-meta-omnisync-part-size`: bytes of each
 *   part but the last, which together with the ETag gives `Entry.parts`.
 *
 * - Owner, extended attributes, access lists, hard links, devices: see `further-attributes.ts`. A FIFO, socket
 *   or device is an object without content whose mode says so.
 *
 * These are hidden from `Entry.metadata`. Text that no header can hold is written as RFC 2047 has it, which
 * is also how S3 itself gives back what is not ASCII.
 *
 * An MD5 is told from an ETag only where the encryption is known, so by `stat` and `read` and never by a
 * listing: with KMS an ETag has the same 32 digits and is no MD5. The etag of a listing is still good
 * for "the same as before", and one that equals the MD5 of local content proves that it is the same.
 */
import type { WriteOptions } from "../../driver.ts";
import type { Attributes, Entry, EntryKind, Special } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import type { HashName } from "../../hashes.ts";
import { OWN_METADATA } from "../../lib/check-write.ts";
import { type Hashes, isMd5, wholeChecksums } from "./checksums.ts";
import {
  type FurtherAttributes,
  checkMetadataSize,
  furtherPairs,
  parseDevice,
  parseFurther,
  pickFurther,
} from "./further-attributes.ts";
import { bareEtag } from "./list-scanner.ts";
import { type ResponseHeaders, text } from "./s3-errors.ts";
import { hidesMd5 } from "./s3-headers.ts";

const META = "x-amz-meta-";
const MTIME = `${META}mtime`;
const MODE = `${META}mode`;
const BLAKE3 = `${META}omnisync-blake3`;
const PART_SIZE = `${META}omnisync-part-size`;
const OWN: ReadonlySet<string> = new Set(OWN_METADATA.map((name) => META + name));

const TYPE_BITS = 0o170000;
const TYPES: Readonly<Record<"file" | "directory" | "symlink", number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
};
const SPECIAL_TYPES: Readonly<Record<Special["type"], number>> = {
  fifo: 0o010000,
  character: 0o020000,
  block: 0o060000,
  socket: 0o140000,
};
const DEFAULT_CONTENT_TYPE = "application/octet-stream";

/** What can be written with an object. */
export interface ObjectAttributes extends Attributes {
  readonly kind: "file" | "directory" | "symlink";
  /** Then it has no content. */
  readonly special?: Special | undefined;
  readonly blake3?: string | undefined;
  readonly partSize?: number | undefined;
}

/** What is true of a store's ETags. */
export interface EtagFacts {
  readonly etagIsMd5: boolean;
  readonly multipartEtagIsMd5: boolean;
}

/** What of a write's options lies with the object. */
export function attributesOf(
  options: Pick<WriteOptions, keyof Attributes | "hashes">,
  { kind, special }: Pick<ObjectAttributes, "kind" | "special"> = { kind: "file" },
): ObjectAttributes {
  const { mtime, mode, contentType, metadata, hashes } = options;
  const blake3 = hashes?.blake3;
  return { kind, special, mtime, mode, contentType, metadata, blake3, ...pickFurther(options) };
}

/**
 * The headers that hold attributes, names and values in turn.
 * @throws StorageError `invalid-argument` for a content type that no header can hold.
 */
export function attributeHeaders(
  path: string,
  attributes: ObjectAttributes,
  noMetadata: boolean,
): string[] {
  const { kind, mtime, mode, contentType, metadata, blake3, partSize } = attributes;
  const headers = ["content-type", checkContentType(path, contentType ?? DEFAULT_CONTENT_TYPE)];
  for (const name in metadata) headers.push(META + name, encodeMetadata(metadata[name] as string));
  if (noMetadata) {
    refuseWithoutMetadata(path, attributes);
    return headers;
  }
  if (blake3 !== undefined) headers.push(BLAKE3, blake3);
  if (partSize !== undefined) headers.push(PART_SIZE, String(partSize));
  const { special } = attributes;
  if (special !== undefined) headers.push(MODE, formatSpecialMode(special, mode));
  else if (mode !== undefined || kind === "symlink") headers.push(MODE, formatMode(kind, mode));
  if (mtime !== undefined) headers.push(MTIME, formatMtime(mtime));
  const further = furtherPairs(attributes, special);
  if (further.length === 0) return headers;
  for (const [name, value] of further) headers.push(META + name, encodeMetadata(value));
  const names = headers.filter((text, i) => i % 2 === 1 || text.startsWith(META)).slice(1);
  checkMetadataSize(path, names.map(withoutMeta));
  return headers;
}

/** The entry that a GET or HEAD describes. `size` is that of the whole object. */
export function entryOf(
  path: string,
  headers: ResponseHeaders,
  size: number,
  facts: EtagFacts,
): Entry {
  const etag = etagOf(headers);
  const storedAt = Date.parse(text(headers, "last-modified") ?? "");
  const mode = parseMode(text(headers, MODE));
  const special = specialOf(mode, text(headers, `${META}rdev`));
  const kind = special === undefined ? kindOf(mode) : "other";
  return {
    path,
    kind,
    size,
    complete: true,
    ...parseFurther((name) => decoded(text(headers, META + name))),
    ...optional("special", special),
    ...(etag === undefined ? {} : { etag }),
    ...(Number.isNaN(storedAt) ? {} : { storedAt }),
    ...optional("version", versionOf(headers)),
    ...optional("mtime", parseMtime(text(headers, MTIME))),
    ...optional("mode", mode === undefined ? undefined : mode & 0o7777),
    ...optional("contentType", text(headers, "content-type")),
    ...optional("metadata", userMetadata(headers)),
    ...optional("storageClass", text(headers, "x-amz-storage-class")),
    ...optional("hashes", hashesOf(headers, etag, facts)),
    ...optional("parts", partsOf(headers, etag, size, facts)),
  };
}

/**
 * The entry of an object that was just written, which is what `stat` will say of it, except for
 * `storedAt`, which the answer to a write does not tell: `storedBy` stands for it.
 */
export function writtenEntry(
  path: string,
  size: number,
  attributes: ObjectAttributes,
  answer: ResponseHeaders,
  facts: EtagFacts & { readonly noMetadata: boolean; readonly storageClass: string | undefined },
): Entry {
  const { kind, mtime, mode, contentType, metadata, blake3 } = attributes;
  const etag = etagOf(answer);
  const kept = !facts.noMetadata;
  const hashes = hashesOf(kept && blake3 ? { ...answer, [BLAKE3]: blake3 } : answer, etag, facts);
  const version = versionOf(answer);
  const { special } = attributes;
  const { storageClass } = facts;
  const entry: { -readonly [name in keyof Entry]: Entry[name] } = {
    path,
    kind: special === undefined ? kind : "other",
    size,
    complete: true,
    contentType: contentType ?? DEFAULT_CONTENT_TYPE,
    ...(kept ? withoutEmpty(attributes) : undefined),
  };
  if (kept) {
    const writtenMode = mode ?? (kind === "symlink" ? 0o777 : undefined);
    if (special !== undefined) entry.special = special;
    if (mtime !== undefined) entry.mtime = roundMtime(mtime);
    if (writtenMode !== undefined) entry.mode = writtenMode;
  }
  const answered = Date.parse(text(answer, "date") ?? "");
  if (!Number.isNaN(answered)) entry.storedBy = answered;
  if (etag !== undefined) entry.etag = etag;
  if (version !== undefined) entry.version = version;
  if (metadata !== undefined && Object.keys(metadata).length > 0) entry.metadata = { ...metadata };
  if (storageClass !== undefined && storageClass !== "STANDARD") entry.storageClass = storageClass;
  if (hashes !== undefined) entry.hashes = hashes;
  return entry;
}

/** A directory's entry from that of its marker. */
export function directoryEntry(path: string, marker?: Entry | undefined): Entry {
  const entry: Entry = { path, kind: "directory", size: 0, complete: true };
  if (marker === undefined) return entry;
  const { mtime, mode, etag, storedAt } = marker;
  return {
    ...entry,
    ...pickFurther(marker),
    ...optional("mtime", mtime),
    ...optional("mode", mode),
    ...optional("etag", etag),
    ...optional("storedAt", storedAt),
  };
}

export function etagOf(headers: ResponseHeaders): string | undefined {
  const etag = text(headers, "etag");
  return etag === undefined ? undefined : bareEtag(etag);
}

/** The hash that omnisync keeps with the object. */
export function blake3Of(headers: ResponseHeaders): string | undefined {
  const value = text(headers, BLAKE3);
  return value !== undefined && /^[0-9a-f]{64}$/.test(value) ? value : undefined;
}

export function withoutBlake3(headers: ResponseHeaders): ResponseHeaders {
  const { [BLAKE3]: _, ...others } = headers;
  return others;
}

/** Decimal seconds, at most six digits behind the point. */
export function formatMtime(milliseconds: number): string {
  const micros = Math.abs(Math.round(milliseconds * 1000));
  const digits = String(micros).padStart(7, "0");
  const fraction = digits.slice(-6).replace(/0+$/, "");
  const sign = milliseconds < 0 && micros > 0 ? "-" : "";
  return `${sign}${digits.slice(0, -6)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Milliseconds; `undefined` for anything that is no such time. */
export function parseMtime(value: string | undefined): number | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(value ?? "");
  if (match === null) return undefined;
  const nanos = Number((match[3] ?? "").padEnd(9, "0"));
  const micros = Number(match[2]) * 1_000_000 + Math.round(nanos / 1000);
  return (match[1] === "-" && micros > 0 ? -micros : micros) / 1000;
}

/** As it will be read back. */
export function roundMtime(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** Text of user metadata as it can stand in a header. */
export function encodeMetadata(value: string): string {
  if (/^(?! )[\x20-\x7e]+(?<! )$/.test(value) && !/ {2}|=\?/.test(value)) return value;
  return `=?UTF-8?B?${Buffer.from(value, "utf8").toString("base64")}?=`;
}

/** What a header says, whoever wrote it: encoded words decoded, bytes taken as UTF-8 if they are. */
export function decodeMetadata(value: string): string {
  if (!/[^\x20-\x7e]|=\?/.test(value)) return value;
  const words = value.replace(/(\?=)\s+(?==\?)/g, "$1");
  const decoded = words.replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, form: string, body: string) =>
    form.toLowerCase() === "b" ? fromBase64(body) : fromQuoted(body),
  );
  return decoded === value ? fromLatin1(value) : decoded;
}

function formatMode(kind: ObjectAttributes["kind"], mode: number | undefined): string {
  const bits = TYPES[kind] | (kind === "symlink" ? 0o777 : (mode as number) & 0o7777);
  return `0${bits.toString(8)}`;
}

function refuseWithoutMetadata(path: string, { xattrs, acl, defaultAcl }: ObjectAttributes): void {
  if (Object.keys(xattrs ?? {}).length === 0 && !acl && !defaultAcl) return;
  const message = "no attributes are stored here (noMetadata), and these would be lost";
  throw new StorageError("unsupported", { path, message });
}

function formatSpecialMode({ type }: Special, mode = 0o600): string {
  return `0${(SPECIAL_TYPES[type] | (mode & 0o7777)).toString(8)}`;
}

function specialOf(mode: number | undefined, rdev: string | undefined): Special | undefined {
  const types = Object.keys(SPECIAL_TYPES) as Special["type"][];
  const type = types.find((each) => SPECIAL_TYPES[each] === ((mode ?? 0) & TYPE_BITS));
  if (type === undefined) return undefined;
  return type === "block" || type === "character" ? { type, ...parseDevice(rdev) } : { type };
}

/** As it will be read back: nothing is stored of what is empty. */
function withoutEmpty(attributes: ObjectAttributes): FurtherAttributes {
  const { uid, gid, xattrs, acl, defaultAcl, hardLink } = attributes;
  return pickFurther({
    uid,
    gid,
    xattrs: xattrs !== undefined && Object.keys(xattrs).length > 0 ? xattrs : undefined,
    acl: acl || undefined,
    defaultAcl: defaultAcl || undefined,
    hardLink,
  });
}

function withoutMeta(text: string): string {
  return text.startsWith(META) ? text.slice(META.length) : text;
}

function decoded(value: string | undefined): string | undefined {
  return value === undefined ? undefined : decodeMetadata(value);
}

function parseMode(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-7]{1,7}$/.test(value) ? Number.parseInt(value, 8) : undefined;
}

function kindOf(mode: number | undefined): EntryKind {
  return mode !== undefined && (mode & TYPE_BITS) === TYPES.symlink ? "symlink" : "file";
}

function checkContentType(path: string, contentType: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(contentType)) return contentType;
  throw new StorageError("invalid-argument", { path, message: "the content type is not valid" });
}

function userMetadata(headers: ResponseHeaders): Record<string, string> | undefined {
  let found: Record<string, string> | undefined;
  for (const name in headers) {
    if (!name.startsWith(META) || OWN.has(name)) continue;
    found ??= {};
    // Own property whatever the name, `__proto__` too.
    Object.defineProperty(found, name.slice(META.length), {
      value: decodeMetadata(text(headers, name) ?? ""),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return found;
}

function hashesOf(
  headers: ResponseHeaders,
  etag: string | undefined,
  facts: EtagFacts,
): Hashes | undefined {
  const hashes: Partial<Record<HashName, string>> = wholeChecksums(headers);
  const blake3 = blake3Of(headers);
  if (blake3 !== undefined) hashes.blake3 = blake3;
  if (etag !== undefined && facts.etagIsMd5 && isMd5(etag) && !hidesMd5(headers)) hashes.md5 = etag;
  for (const _ in hashes) return hashes;
  return undefined;
}

function partsOf(
  headers: ResponseHeaders,
  etag: string | undefined,
  size: number,
  facts: EtagFacts,
): Entry["parts"] {
  const [, md5, count] = /^([0-9a-f]{32})-(\d+)$/.exec(etag ?? "") ?? [];
  const partSize = Number(text(headers, PART_SIZE) ?? NaN);
  const known = facts.multipartEtagIsMd5 && !hidesMd5(headers) && partSize > 0;
  if (!known || md5 === undefined || Math.ceil(size / partSize) !== Number(count)) return undefined;
  return { size: partSize, md5 };
}

function versionOf(headers: ResponseHeaders): string | undefined {
  const version = text(headers, "x-amz-version-id");
  return version === "null" ? undefined : version;
}

function optional<K extends keyof Entry>(
  name: K,
  value: Entry[K] | undefined,
): { [P in K]?: NonNullable<Entry[K]> } {
  if (value === undefined) return {};
  return { [name]: value } as { [P in K]?: NonNullable<Entry[K]> };
}

function fromBase64(body: string): string {
  return Buffer.from(body, "base64").toString("utf8");
}

function fromQuoted(body: string): string {
  const bytes = body
    .replaceAll("_", " ")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return fromLatin1(bytes);
}

function fromLatin1(bytes: string): string {
  const decoded = Buffer.from(bytes, "latin1").toString("utf8");
  return decoded.includes("\ufffd") ? bytes : decoded;
}
