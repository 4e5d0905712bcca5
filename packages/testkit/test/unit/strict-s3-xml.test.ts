import { expect, test } from "vitest";
import { childText, readXml } from "../../src/strict-s3/xml-read.ts";
import { xmlDocument } from "../../src/strict-s3/xml-write.ts";

test("what is written is read back, special characters included", () => {
  const text = `a<b>&"c'\r\n\u0001 ü😀]]>`;
  const root = readXml(
    xmlDocument(["Root", [["Key", text], undefined, ["Empty", ""], ["Size", 5]]]),
  );
  expect(childText(root, "Key")).toBe(text);
  expect([childText(root, "Empty"), childText(root, "Size"), childText(root, "None")]).toEqual([
    "",
    "5",
    undefined,
  ]);
});

test("attributes, comments and declarations are passed over", () => {
  const root = readXml(
    '<?xml version="1.0"?>\n<!-- x --><A xmlns="urn:x" b=\'1\'><C>1&amp;&#x32;&#51;</C></A>\n',
  );
  expect([root.name, childText(root, "C")]).toEqual(["A", "1&23"]);
});

test.each([
  "",
  "text",
  "<A>",
  "<A></B>",
  "<A/><B/>",
  "</A>",
  "<A>&nbsp;</A>",
  "<A>a & b</A>",
  "<A",
  "<A>x</A>y",
  "<!DOCTYPE a><A/>",
  "<A><C>1</C><C>2</C></A>",
])("malformed: %s", (source) => {
  expect(() => childText(readXml(source), "C")).toThrow(
    expect.objectContaining({ code: "MalformedXML" }),
  );
});
