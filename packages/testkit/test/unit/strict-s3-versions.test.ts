import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { bucket, codeOf, startWitness } from "./strict-s3/witness.ts";

const Bucket = bucket;
const Key = "key";

test("versions: old ones stay, a delete is a marker, each can be read and removed", async () => {
  await using witness = await startWitness();
  const { client } = witness;
  const put = async (Body: string) =>
    (await client.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
  const read = async (VersionId?: string) => {
    const input = { Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) };
    return (await client.send(new GetObjectCommand(input))).Body?.transformToString();
  };
  expect(await put("zero")).toBeUndefined();
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
  const first = await put("one");
  expect([await read(), await read(first), await read("null")]).toEqual(["one", "one", "zero"]);

  const marker = await client.send(new DeleteObjectCommand({ Bucket, Key }));
  expect(marker.DeleteMarker).toBe(true);
  expect(await codeOf(read())).toBe("NoSuchKey");
  expect(await codeOf(read(marker.VersionId))).toBe("MethodNotAllowed");
  expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
  expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([first, "null"]);
  expect(listed.DeleteMarkers).toMatchObject([{ VersionId: marker.VersionId, IsLatest: true }]);

  const VersionId = marker.VersionId ?? "";
  await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  expect(await read()).toBe("one");
  expect(await codeOf(read("x".repeat(32)))).toBe("NoSuchVersion");
  expect(await codeOf(read("x"))).toBe("InvalidArgument");
});

test("versions are listed in pages that a marker of key and version joins", async () => {
  await using witness = await startWitness({ buckets: { [bucket]: { versioning: "Enabled" } } });
  const { client } = witness;
  for (const key of ["a", "a", "a", "b"]) {
    await client.send(new PutObjectCommand({ Bucket, Key: key, Body: "x" }));
  }
  const seen: string[] = [];
  let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (;;) {
    const page = await client.send(
      new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...markers }),
    );
    seen.push(...(page.Versions ?? []).map(({ Key: key = "", VersionId = "" }) => key + VersionId));
    if (!page.IsTruncated) break;
    const { NextKeyMarker = "", NextVersionIdMarker = "" } = page;
    markers = { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker };
  }
  expect([seen.length, new Set(seen).size]).toEqual([4, 4]);
});

test("suspended: new objects take the place of the null version", async () => {
  await using witness = await startWitness({ buckets: { [bucket]: { versioning: "Suspended" } } });
  const { client } = witness;
  for (const Body of ["one", "two"]) await client.send(new PutObjectCommand({ Bucket, Key, Body }));
  const gone = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }),
  );
  expect(gone.Deleted).toMatchObject([{ DeleteMarker: true, DeleteMarkerVersionId: "null" }]);
  const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
  expect([listed.Versions, listed.DeleteMarkers?.length]).toEqual([undefined, 1]);
});
