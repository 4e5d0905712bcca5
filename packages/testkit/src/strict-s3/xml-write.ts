/** Writes XML documents the way S3 does. */

/** An element: its name and its text or its children; a child that is `undefined` is left out. */
export type XmlNode = readonly [
  name: string,
  content: string | number | boolean | readonly (XmlNode | undefined)[],
];

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document with S3's namespace on its root; errors have none. */
export function xmlDocument(root: XmlNode): string {
  const namespace = root[0] === "Error" ? "" : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return xmlDeclaration + element(root, namespace);
}

function element([name, content]: XmlNode, attributes = ""): string {
  const inner =
    typeof content === "object"
      ? content.map((child) => (child === undefined ? "" : element(child))).join("")
      : escape(String(content));
  return inner === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;
}

/**
 * Control characters become character references even where XML 1.0 forbids them: that is what S3
 * sends to a client that lists odd keys without `encoding-type=url`, and what breaks its parser.
 */
function escape(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[&<>"\u0000-\u0008\u000b-\u001f]/g, (character) => {
    const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
    return named[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
  });
}
