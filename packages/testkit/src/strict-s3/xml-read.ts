/** Reads the small XML documents that clients send. Anything not well-formed is `MalformedXML`. */
import { S3Error } from "./s3-error.ts";

export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The text directly in it, decoded. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const token =
  /<\?[^]*?\?>|<!--[^]*?-->|<(?<close>\/?)(?<name>[\w:.-]+)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(?<empty>\/?)>|(?<text>[^<]+)|(?<bad><)/g;

export function readXml(source: string): XmlElement {
  const top: OpenElement = { name: "", children: [], text: "" };
  const open = [top];
  for (const { groups = {} } of source.matchAll(token)) {
    const parent = open.at(-1) as OpenElement;
    if (groups["bad"] !== undefined) throw new S3Error("MalformedXML");
    if (groups["text"] !== undefined) parent.text += decode(groups["text"]);
    else if (groups["name"] !== undefined) step(open, parent, groups);
  }
  const [root] = top.children;
  if (open.length !== 1 || root === undefined || top.children.length !== 1 || top.text.trim()) {
    throw new S3Error("MalformedXML");
  }
  return root;
}

/** The text of the child of that name, or `undefined`. Twice the same child is malformed here. */
export function childText(parent: XmlElement, name: string): string | undefined {
  const found = parent.children.filter((child) => child.name === name);
  if (found.length > 1) throw new S3Error("MalformedXML");
  return found[0]?.text;
}

function step(
  open: OpenElement[],
  parent: OpenElement,
  groups: Record<string, string | undefined>,
): void {
  if (groups["close"] === "/") {
    if (open.length === 1 || parent.name !== groups["name"]) throw new S3Error("MalformedXML");
    open.pop();
    return;
  }
  const element = { name: groups["name"] as string, children: [], text: "" };
  parent.children.push(element);
  if (groups["empty"] !== "/") open.push(element);
}

function decode(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, entity: string) => {
    const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
    const found = named[entity] ?? character(entity);
    if (found === undefined || !whole.endsWith(";")) throw new S3Error("MalformedXML");
    return found;
  });
}

function character(entity: string): string | undefined {
  const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(entity);
  if (number === null) return undefined;
  const point = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
  return point > 0x10ffff ? undefined : String.fromCodePoint(point);
}
