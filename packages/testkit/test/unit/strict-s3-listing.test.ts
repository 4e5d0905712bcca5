import {
  DeleteObjectsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { bucket, codeOf, startWitness } from "./strict-s3/witness.ts";
import type { Witness } from "./strict-s3/witness.ts";

const Bucket = bucket;

async function fill(witness: Witness, keys: readonly string[]): Promise<void> {
  for (const Key of keys)
    await witness.client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
}

/** Every key and common prefix, page by page. */
async function listAll(
  witness: Witness,
  input: { Prefix?: string; Delimiter?: string; StartAfter?: string },
  pageSize = 1000,
): Promise<{ pages: number; names: string[] }> {
  const names: string[] = [];
  let pages = 0;
  const pager = paginateListObjectsV2({ client: witness.client, pageSize }, { Bucket, ...input });
  for await (const { Contents = [], CommonPrefixes = [], KeyCount } of pager) {
    pages++;
    expect(KeyCount).toBe(Contents.length + CommonPrefixes.length);
    names.push(
      ...Contents.map(({ Key = "" }) => Key),
      ...CommonPrefixes.map(({ Prefix = "" }) => Prefix),
    );
  }
  return { pages, names };
}

test("keys come in the order of their UTF-8 bytes", async () => {
  await using witness = await startWitness();
  const keys = ["a", "a b", "b", "é", "\uff5e", "😀"];
  await fill(witness, keys.toReversed());
  expect((await listAll(witness, {})).names).toEqual(keys);
});

test("a listing shows what was written and removed since the one before", async () => {
  await using witness = await startWitness();
  await fill(witness, ["b"]);
  expect((await listAll(witness, {})).names).toEqual(["b"]);
  await fill(witness, ["a"]);
  expect((await listAll(witness, {})).names).toEqual(["a", "b"]);
  await witness.send({ method: "DELETE", path: `/${bucket}/b` });
  expect((await listAll(witness, {})).names).toEqual(["a"]);
});

test("prefix, delimiter, start-after; common prefixes count towards max-keys", async () => {
  await using witness = await startWitness();
  await fill(witness, ["a", "d/1", "d/2", "d/e/3", "e/1", "f", "g/"]);
  const names = async (
    ...input: Parameters<typeof listAll> extends [unknown, ...infer R] ? R : never
  ) => (await listAll(witness, ...input)).names;
  expect((await names({ Delimiter: "/" })).sort()).toEqual(["a", "d/", "e/", "f", "g/"]);
  expect(await listAll(witness, { Delimiter: "/" }, 2)).toEqual({
    pages: 3,
    names: ["a", "d/", "f", "e/", "g/"],
  });
  expect(await names({ Prefix: "d/", Delimiter: "/" })).toEqual(["d/1", "d/2", "d/e/"]);
  expect(await names({ Prefix: "d" })).toEqual(["d/1", "d/2", "d/e/3"]);
  expect(await names({ StartAfter: "d/1" })).toEqual(["d/2", "d/e/3", "e/1", "f", "g/"]);
  expect((await names({ StartAfter: "d/1", Delimiter: "/" })).sort()).toEqual([
    "d/",
    "e/",
    "f",
    "g/",
  ]);
  expect(await names({ StartAfter: "a", Prefix: "d/e" })).toEqual(["d/e/3"]);
});

test("pages hold at most 1000; max-keys 0 gives none; bad values are refused", async () => {
  await using witness = await startWitness();
  const keys = Array.from({ length: 1001 }, (_, index) => `k${String(index).padStart(5, "0")}`);
  for (const key of keys) await witness.send({ method: "PUT", path: `/${bucket}/${key}` });
  const all = await listAll(witness, {});
  expect(all).toEqual({ pages: 2, names: keys });
  const page = await witness.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5000 }));
  expect([page.KeyCount, page.MaxKeys, page.IsTruncated]).toEqual([1000, 1000, true]);
  const none = await witness.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
  expect([none.KeyCount, none.IsTruncated]).toEqual([0, false]);
  const codeAt = async (query: string) =>
    (await witness.send({ path: `/${bucket}?${query}` })).code;
  expect(await codeAt("list-type=2&max-keys=-1")).toBe("InvalidArgument");
  expect(await codeAt("continuation-token=k00001&list-type=2")).toBe("InvalidArgument");
  expect(await codeAt("encoding-type=xml&list-type=2")).toBe("InvalidArgument");
});

test("encoding-type=url: a space is a plus, a slash stays; without it odd keys break XML parsers", async () => {
  await using witness = await startWitness();
  await fill(witness, ["a b/c+d", "x\u0001y", "ü*~"]);
  const xml = async (query: string) =>
    (await witness.send({ path: `/${bucket}?${query}` })).body.toString();
  const encoded = await xml("encoding-type=url&list-type=2&prefix=");
  const keys = [...encoded.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
  expect(keys).toEqual(["a+b/c%2Bd", "x%01y", "%C3%BC*%7E"]);
  expect(await xml("list-type=2&prefix=x")).toContain("<Key>x&#x1;y</Key>");
  expect(await xml("list-type=2&prefix=a")).toContain("<Key>a b/c+d</Key>");
});

test("short pages lose nothing", async () => {
  await using witness = await startWitness({ shortPages: true });
  const keys = ["a", "b", "c/1", "c/2", "d", "e", "f", "g"];
  await fill(witness, keys);
  const all = await listAll(witness, {});
  expect(all.names).toEqual(keys);
  const paged = await listAll(witness, { Delimiter: "/" }, 4);
  expect([paged.pages > 2, paged.names.sort()]).toEqual([
    true,
    ["a", "b", "c/", "d", "e", "f", "g"],
  ]);
});

test("version 1: markers, and NextMarker only with a delimiter", async () => {
  await using witness = await startWitness();
  await fill(witness, ["a", "d/1", "d/2", "e"]);
  const list = (input: { Delimiter?: string; Marker?: string }) =>
    witness.client.send(new ListObjectsCommand({ Bucket, MaxKeys: 2, ...input }));
  const plain = await list({});
  expect([plain.Contents?.map(({ Key }) => Key), plain.NextMarker]).toEqual([
    ["a", "d/1"],
    undefined,
  ]);
  const grouped = await list({ Delimiter: "/" });
  expect(grouped.NextMarker).toBe("d/");
  const rest = await list({ Delimiter: "/", Marker: "d/" });
  expect([rest.Contents?.map(({ Key }) => Key), rest.CommonPrefixes]).toEqual([["e"], undefined]);
});

test("DeleteObjects: outcomes, quiet, conditions, and a digest is a must", async () => {
  await using witness = await startWitness();
  const { client } = witness;
  await fill(witness, ["a", "b", "c&<d"]);
  const Objects = [{ Key: "a" }, { Key: "gone" }, { Key: "b", ETag: '"other"' }];
  const loud = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(loud.Deleted?.map(({ Key }) => Key)).toEqual(["a", "gone"]);
  expect(loud.Errors).toMatchObject([{ Key: "b", Code: "PreconditionFailed" }]);
  const quiet = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects: [{ Key: "c&<d" }] } }),
  );
  expect([quiet.Deleted, quiet.Errors]).toEqual([undefined, undefined]);
  expect((await listAll(witness, {})).names).toEqual(["b"]);

  const raw = (body: string, headers: Record<string, string> = {}) =>
    witness.send({ method: "POST", path: `/${bucket}?delete`, body, headers });
  const body = "<Delete><Object><Key>b</Key></Object></Delete>";
  expect((await raw(body)).code).toBe("InvalidRequest");
  const many = Array.from({ length: 1001 }, (_, index) => ({ Key: `k${index}` }));
  expect(
    await codeOf(client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: many } }))),
  ).toBe("MalformedXML");
});
