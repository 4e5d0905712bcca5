/**
 * Reads one page of ListObjectsV2 (or of the older listing) in one pass over its text. A general XML
 * parser makes a tree of some ten nodes per key and is more than ten times slower; a listing
 * of a million keys is where that shows.
 *
 * Nothing is ever guessed: an answer that ends early, or has a shape not foreseen here, is `corrupt`.
 * A listing that is silently shorter would make a sync delete what it did not see.
 */
import { StorageError } from "../../errors.ts";
import { decodeXml } from "./xml.ts";

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** Without quotes; "" if the store gave none. */
  readonly etag: string;
  /** Milliseconds since 1970; NaN if the store gave none. */
  readonly lastModified: number;
  readonly storageClass: string | undefined;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Common prefixes, each with its delimiter. */
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  readonly nextToken: string | undefined;
  readonly nextMarker: string | undefined;
}

/** @throws StorageError `corrupt` for anything that is not one whole page. */
export function scanListPage(text: string): ListPage {
  const start = text.indexOf("<ListBucketResult");
  if (start < 0 || !/^\ufeff?\s*(?:<\?[^>]*\?>\s*)?$/.test(text.slice(0, start))) throw malformed();
  return new ListScanner(text, start).scan();
}

class ListScanner {
  readonly #text: string;
  #at: number;
  /** The tag read last, without brackets and attributes; `/Name` for a closing one. */
  #tag = "";
  #encoded = false;
  // What one page holds is known only at its end: `EncodingType` may come after the keys.
  readonly #objects: { -readonly [K in keyof ListedObject]: ListedObject[K] }[] = [];
  readonly #prefixes: string[] = [];
  #truncated: boolean | undefined;
  #nextToken: string | undefined;
  #nextMarker: string | undefined;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  scan(): ListPage {
    this.#next();
    while (this.#next() !== "/ListBucketResult") this.#readTop();
    if (this.#truncated === undefined || this.#text.slice(this.#at).trim() !== "")
      throw malformed();
    if (this.#encoded) this.#decodeUrls();
    return {
      objects: this.#objects,
      prefixes: this.#prefixes,
      truncated: this.#truncated,
      nextToken: this.#nextToken,
      nextMarker: this.#nextMarker,
    };
  }

  #readTop(): void {
    switch (this.#tag) {
      case "Contents":
        this.#objects.push(this.#readObject());
        return;
      case "CommonPrefixes":
        this.#readPrefixes();
        return;
      case "IsTruncated":
        this.#truncated = toBoolean(this.#value());
        return;
      case "NextContinuationToken":
        this.#nextToken = decodeXml(this.#value());
        return;
      case "NextMarker":
        this.#nextMarker = decodeXml(this.#value());
        return;
      case "EncodingType":
        this.#encoded = this.#value() === "url";
        return;
      default:
        this.#skip();
    }
  }

  #readPrefixes(): void {
    for (let tag = this.#next(); tag !== "/CommonPrefixes"; tag = this.#next()) {
      if (tag === "Prefix") this.#prefixes.push(decodeXml(this.#value()));
      else this.#skip();
    }
  }

  #readObject(): ListedObject {
    let key: string | undefined;
    let size = NaN;
    let etag = "";
    let lastModified = NaN;
    let storageClass: string | undefined;
    while (this.#next() !== "/Contents") {
      switch (this.#tag) {
        case "Key":
          key = decodeXml(this.#value());
          break;
        case "Size":
          size = toSize(this.#value());
          break;
        case "ETag":
          etag = bareEtag(this.#value());
          break;
        case "LastModified":
          lastModified = toTime(this.#value());
          break;
        case "StorageClass":
          storageClass = this.#value() || undefined;
          break;
        default:
          this.#skip();
      }
    }
    if (key === undefined || Number.isNaN(size)) throw malformed();
    return { key, size, etag, lastModified, storageClass };
  }

  /** Moves behind the next tag and gives its name. Between tags there may be white space only. */
  #next(): string {
    const text = this.#text;
    let at = this.#at;
    let code = text.charCodeAt(at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      code = text.charCodeAt(++at);
    }
    if (code !== LESS) throw malformed();
    const end = text.indexOf(">", at);
    if (end < 0) throw malformed();
    this.#at = end + 1;
    code = text.charCodeAt(at + 1);
    if (code === BANG || code === QUESTION) throw malformed();
    const tag = text.slice(at + 1, end);
    const space = tag.indexOf(" ");
    if (space < 0) return (this.#tag = tag);
    return (this.#tag = tag.endsWith("/") ? `${tag.slice(0, space)}/` : tag.slice(0, space));
  }

  /** The text of the element that was just opened, and moves behind its closing tag. */
  #value(): string {
    const text = this.#text;
    const name = this.#tag;
    if (name.endsWith("/")) return "";
    const from = this.#at;
    const end = text.indexOf("<", from);
    // An element inside, a CDATA section or a comment: none of them belongs here.
    if (end < 0 || !text.startsWith(name, end + 2) || text.charCodeAt(end + 1) !== SLASH)
      throw malformed();
    this.#at = end + name.length + 3;
    if (text.charCodeAt(this.#at - 1) !== GREATER) throw malformed();
    return text.slice(from, end);
  }

  /**
   * Moves behind an element that is of no interest, tag by tag: its closing tag looked up as text
   * could be another one's, with entries in between.
   */
  #skip(): void {
    const name = this.#tag;
    if (name.startsWith("/")) throw malformed();
    if (name.endsWith("/")) return;
    const closing = `/${name}`;
    for (;;) {
      this.#at = this.#text.indexOf("<", this.#at);
      if (this.#at < 0) throw malformed();
      if (this.#next() === closing) return;
      this.#skip();
    }
  }

  #decodeUrls(): void {
    for (const object of this.#objects) object.key = decodeUrl(object.key);
    for (let i = 0; i < this.#prefixes.length; i++) {
      this.#prefixes[i] = decodeUrl(this.#prefixes[i] as string);
    }
    if (this.#nextMarker !== undefined) this.#nextMarker = decodeUrl(this.#nextMarker);
  }
}

/** What `encoding-type=url` did: %XX, and from some stores `+` for a space. */
export function decodeUrl(text: string): string {
  const plain = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!plain.includes("%")) return plain;
  try {
    return decodeURIComponent(plain);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    // Bytes that are no UTF-8. Left encoded it would name another key; a lone surrogate makes it no
    // path at all, so that it is reported and never used.
    return `${plain}\udc00`;
  }
}

/** An ETag without quotes and without the mark of a weak one, from a header or from XML. */
export function bareEtag(text: string): string {
  const length = text.length;
  if (text.charCodeAt(0) === AMPERSAND && text.startsWith("&quot;") && text.endsWith("&quot;"))
    return text.slice(6, length - 6);
  if (text.charCodeAt(0) === QUOTE && text.charCodeAt(length - 1) === QUOTE)
    return text.slice(1, length - 1);
  if (text.startsWith("W/")) return bareEtag(text.slice(2));
  return text.includes("&") ? bareEtag(decodeXml(text)) : text;
}

let lastDay = "";
let lastDayTime = NaN;

/** `2026-11-20T13:00:00.000Z`. The day is remembered: most keys of a page share it. */
function toTime(text: string): number {
  if (text.length !== 24 || text.charCodeAt(10) !== 0x54 || text.charCodeAt(23) !== 0x5a)
    return Date.parse(text);
  const day = text.slice(0, 10);
  if (day !== lastDay) {
    lastDay = day;
    lastDayTime = Date.parse(day);
  }
  return (
    lastDayTime +
    digits(text, 11) * 3_600_000 +
    digits(text, 14) * 60_000 +
    digits(text, 17) * 1000 +
    digits(text, 20) * 10 +
    (text.charCodeAt(22) - 0x30)
  );
}

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30;
}

function toSize(text: string): number {
  const size = Number(text);
  if (text === "" || !Number.isSafeInteger(size) || size < 0) throw malformed();
  return size;
}

function toBoolean(text: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw malformed();
}

function malformed(): StorageError {
  return new StorageError("corrupt", { message: "the store's listing is not a complete page" });
}

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const QUOTE = 0x22;
const AMPERSAND = 0x26;
