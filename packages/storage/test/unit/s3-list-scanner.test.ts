import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isStorageError } from "../../src/errors.ts";
import { bareEtag, decodeUrl, scanListPage } from "../../src/drivers/s3/list-scanner.ts";

interface Listed {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly owner: boolean;
}

/** A page as a store might write it: any order of elements, with or without white space. */
function page(
  objects: readonly Listed[],
  prefixes: readonly string[],
  options: { readonly encoded?: boolean; readonly space?: string; readonly token?: string } = {},
): string {
  const { encoded = false, space = "", token } = options;
  const name = (key: string): string => escape(encoded ? encodeURIComponent(key) : key);
  const contents = objects.map(({ key, size, etag, owner }) =>
    [
      "<Contents>",
      `<Key>${name(key)}</Key>`,
      owner ? "<Owner><ID>7</ID><DisplayName>ü &lt;Key&gt;</DisplayName></Owner>" : "",
      "<LastModified>2026-11-20T13:14:15.678Z</LastModified>",
      `<ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size>`,
      "<StorageClass>STANDARD</StorageClass><ChecksumAlgorithm/></Contents>",
    ].join(space),
  );
  const common = prefixes.map(
    (key) => `<CommonPrefixes><Prefix>${name(key)}</Prefix></CommonPrefixes>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    "<Name>bucket</Name><Prefix></Prefix><Delimiter/>",
    ...contents,
    ...common,
    `<IsTruncated>${token !== undefined}</IsTruncated>`,
    token === undefined ? "" : `<NextContinuationToken>${escape(token)}</NextContinuationToken>`,
    encoded ? "<EncodingType>url</EncodingType>" : "",
    "</ListBucketResult>",
  ].join(space);
}

function escape(text: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"\r]/g, (c) => named[c] ?? `&#x${c.charCodeAt(0).toString(16)};`);
}

const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const listed = fc.record({
  key,
  size: fc.maxSafeNat(),
  etag: fc.stringMatching(/^[0-9a-f]{32}(-[1-9])?$/),
  owner: fc.boolean(),
});

describe("a page", () => {
  test("gives what is in it, whatever the keys", () => {
    const space = fc.constantFrom("", "\n  ", "\r\n\t");
    fc.assert(
      fc.property(
        fc.array(listed, { maxLength: 8 }),
        fc.array(key, { maxLength: 4 }),
        fc.boolean(),
        space,
        fc.option(key),
        (objects, prefixes, encoded, gap, token) => {
          const options = { encoded, space: gap, ...(token === null ? {} : { token }) };
          const read = scanListPage(page(objects, prefixes, options));
          expect(read).toEqual({
            objects: objects.map((object) => ({
              key: object.key,
              size: object.size,
              etag: object.etag,
              lastModified: Date.UTC(2026, 10, 20, 13, 14, 15, 678),
              storageClass: "STANDARD",
            })),
            prefixes,
            truncated: token !== null,
            nextToken: token ?? undefined,
            nextMarker: undefined,
          });
        },
      ),
    );
  });

  test("[ST-41] that ends at any byte is corrupt, never shorter", () => {
    const objects = ["a", "b&c", "d"].map((name) => ({
      key: name,
      size: 1,
      etag: "e",
      owner: true,
    }));
    const whole = page(objects, ["p/"], { token: "more", space: "\n" });
    expect(scanListPage(whole).objects.length).toBe(3);
    for (let end = 0; end < whole.length; end++) expectCorrupt(whole.slice(0, end));
  });

  test("[ST-41] whose bytes are changed is corrupt or has as many entries", () => {
    const objects = ["a", "b", "c"].map((name) => ({ key: name, size: 1, etag: "e", owner: true }));
    const whole = page(objects, ["p/"]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.constantFrom("<", ">", "/", "&", "\0"), (at, c) => {
        const text = whole.slice(0, at) + c + whole.slice(at + 1);
        try {
          const { objects: found, prefixes } = scanListPage(text);
          expect(found.length + prefixes.length).toBe(4);
        } catch (error) {
          if (!isStorageError(error, "corrupt")) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["without IsTruncated", page([], []).replace(/<IsTruncated>.*<\/IsTruncated>/, "")],
    [
      "with a key without size",
      page([{ key: "a", size: 1, etag: "", owner: false }], []).replace("<Size>1</Size>", ""),
    ],
    [
      "with a size that is none",
      page([{ key: "a", size: 1, etag: "", owner: false }], []).replace("<Size>1", "<Size>1x"),
    ],
    [
      "with CDATA",
      page([], [])
        .replace("<Name>bucket", "<Name><![CDATA[x]]>")
        .replace("<Delimiter/>", "<![CDATA[x]]>"),
    ],
    ["with something behind it", `${page([], [])}<more/>`],
    ["that is another document", "<Error><Code>InternalError</Code></Error>"],
    ["that is HTML", "<html><ListBucketResult></html>"],
    ["that is nothing", ""],
  ])("%s is corrupt", (_, text) => expectCorrupt(text));

  test("has keys decoded only if the store says that it encoded them", () => {
    const object = { key: "a%2Fb+c", size: 1, etag: "e", owner: false };
    expect(scanListPage(page([object], [])).objects[0]?.key).toBe("a%2Fb+c");
    expect(scanListPage(page([object], [], { encoded: true })).objects[0]?.key).toBe("a%2Fb+c");
  });

  test("with a self-closing element that has attributes", () => {
    const text = page([], []).replace(
      "<Delimiter/>",
      '<Delimiter xml:space="preserve" /><Empty />',
    );
    expect(scanListPage(text).truncated).toBe(false);
  });
});

test("encoded keys: %XX, + for a space, and bytes that are no UTF-8 become no path", () => {
  expect(decodeUrl("a+b%2Bc%20d%C3%BC")).toBe("a b+c dü");
  expect(decodeUrl("a%FFb").isWellFormed()).toBe(false);
});

test("etags with and without quotes", () => {
  for (const text of ['"abc"', "&quot;abc&quot;", "abc", 'W/"abc"', "&#34;abc&#34;"]) {
    expect(bareEtag(text)).toBe("abc");
  }
});

function expectCorrupt(text: string): void {
  try {
    scanListPage(text);
  } catch (error) {
    if (isStorageError(error, "corrupt")) return;
    throw error;
  }
  expect.fail(`was taken for a page: ${text}`);
}
