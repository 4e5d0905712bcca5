import fc from "fast-check";
import { expect, test } from "vitest";
import { isStorageError } from "../../src/errors.ts";
import { childText, encodeXml, isXmlText, parseXml } from "../../src/drivers/s3/xml.ts";

function parseError(text: string): unknown {
  try {
    return parseXml(text);
  } catch (error) {
    return isStorageError(error, "corrupt") ? "corrupt" : error;
  }
}

test("elements, namespaces, attributes, entities, CDATA and comments", () => {
  const root = parseXml(
    '\ufeff<?xml version="1.0"?>\n<!-- x > y --><s3:A xmlns:s3="u"><B a="1">&lt;&#65;&#x1F600;&quot;</B>' +
      "<C/><C /><D><![CDATA[<x>&amp;]]></D></s3:A>\n",
  );
  expect(root.name).toBe("A");
  expect(childText(root, "B")).toBe('<A😀"');
  expect(childText(root, "D")).toBe("<x>&amp;");
  expect(root.children.map(({ name }) => name)).toEqual(["B", "C", "C", "D"]);
  expect(childText(root, "E")).toBeUndefined();
});

test("any text comes back as it was written", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }).filter(isXmlText), (text) => {
      expect(childText(parseXml(`<A><B>${encodeXml(text)}</B></A>`), "B")).toBe(text);
    }),
  );
});

test("what ends early is corrupt", () => {
  const whole = "<A><B>x&amp;y</B><C><D/></C></A>";
  expect(parseXml(whole).children.length).toBe(2);
  for (let end = 0; end < whole.length; end++)
    expect(parseError(whole.slice(0, end))).toBe("corrupt");
});

test.each([
  "<A></B>",
  "<A/><B/>",
  "<A/>text",
  "text<A/>",
  "</A>",
  "<A>&nope;</A>",
  "<A>&</A>",
  "<A>&#x110000;</A>",
  "<A>&constructor;</A>",
  "< A/>",
  '<!DOCTYPE A [<!ENTITY a "b">]><A>&a;</A>',
])("%s is refused", (text) => expect(parseError(text)).toBe("corrupt"));

test("control characters cannot stand in XML", () => {
  for (const text of ["\u0001", "\u001f", "\ufffe", "\uffff", "\ud800"])
    expect(isXmlText(text)).toBe(false);
  for (const text of ["a\t\n\rb", "ü😀\u0085", ""]) expect(isXmlText(text)).toBe(true);
});
