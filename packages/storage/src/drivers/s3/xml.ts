/**
 * A small reader for the XML that S3 answers with: elements, text, entities, CDATA, comments. Strict
 * where it matters: a document that ends early or does not nest is `corrupt`, never a shorter
 * one. Document types are refused, so no entity can be defined. Listings have a reader of their own.
 */
import { StorageError } from "../../errors.ts";

export interface XmlElement {
  /** Without a namespace prefix. */
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The text directly inside, entities decoded. */
  readonly text: string;
}

interface OpenElement {
  name: string;
  children: XmlElement[];
  text: string;
}

/**
 * The root element of a document.
 * @throws StorageError `corrupt` for what is not one complete element.
 */
export function parseXml(document: string): XmlElement {
  const top: OpenElement = { name: "", children: [], text: "" };
  const open: OpenElement[] = [top];
  let at = document.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < document.length) {
    const current = open.at(-1) as OpenElement;
    const tag = document.indexOf("<", at);
    current.text += decodeXml(document.slice(at, tag < 0 ? undefined : tag));
    if (tag < 0) break;
    at = readMarkup(document, tag, open);
  }
  const [root] = top.children;
  if (
    open.length !== 1 ||
    top.children.length !== 1 ||
    root === undefined ||
    top.text.trim() !== ""
  )
    throw malformed();
  return root;
}

/** The text of a child, or `undefined`. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** Text with its entities decoded. */
export function decodeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x?)?([0-9A-Za-z]+);|&/g, (_, numeric: string, name: string) => {
    if (name === undefined) throw malformed();
    if (numeric !== undefined)
      return decodeNumber(Number.parseInt(name, numeric === "#" ? 10 : 16));
    const character = ENTITIES[name];
    if (character === undefined) throw malformed();
    return character;
  });
}

/** Text as it may stand in an element, white space included. */
export function encodeXml(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (c) => CHARACTERS[c] ?? `&#${c.charCodeAt(0)};`);
}

/** Whether XML 1.0 can hold the text at all, escaped or not. */
export function isXmlText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text) && text.isWellFormed();
}

/** Reads what begins at `<`; gives where it ends. */
function readMarkup(document: string, at: number, open: OpenElement[]): number {
  const current = open.at(-1) as OpenElement;
  if (document.startsWith("<![CDATA[", at)) {
    const end = find(document, "]]>", at);
    current.text += document.slice(at + 9, end);
    return end + 3;
  }
  if (document.startsWith("<!--", at)) return find(document, "-->", at + 4) + 3;
  if (document.startsWith("<?", at)) return find(document, "?>", at) + 2;
  if (document.startsWith("<!", at)) throw malformed();
  const end = find(document, ">", at);
  if (document[at + 1] === "/") {
    if (open.length === 1 || current.name !== localName(document.slice(at + 2, end)))
      throw malformed();
    open.pop();
    return end + 1;
  }
  const empty = document[end - 1] === "/";
  const name = localName(document.slice(at + 1, empty ? end - 1 : end));
  const element: OpenElement = { name, children: [], text: "" };
  current.children.push(element);
  if (!empty) open.push(element);
  return end + 1;
}

function localName(tag: string): string {
  const name = /^([^\s:]+:)?([^\s:]+)/.exec(tag)?.[2];
  if (name === undefined) throw malformed();
  return name;
}

function find(document: string, text: string, from: number): number {
  const at = document.indexOf(text, from);
  if (at < 0) throw malformed();
  return at;
}

function decodeNumber(code: number): string {
  if (!(code >= 0 && code <= 0x10ffff)) throw malformed();
  return String.fromCodePoint(code);
}

function malformed(): StorageError {
  return new StorageError("corrupt", { message: "the store's answer is not complete XML" });
}

const ENTITIES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const CHARACTERS: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
