import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { CopyObjectCommandInput, UploadPartCopyCommandInput } from "@aws-sdk/client-s3";
import { beforeEach, expect, test } from "vitest";
import type { StrictS3Options } from "../../src/index.ts";
import { bucket, codeOf, startWitness } from "./strict-s3/witness.ts";
import type { Witness } from "./strict-s3/witness.ts";

const source = { Bucket: bucket, Key: "a b+ü/%" };
const CopySource = `${bucket}/${encodeURIComponent(source.Key)}`;
const target = { Bucket: bucket, Key: "target", CopySource };
const etag = `"${createHash("md5").update("content").digest("hex")}"`;
const options: StrictS3Options = {
  buckets: { [bucket]: {}, other: {} },
  limits: { maxCopySize: 7 },
};

let witness: Witness;

beforeEach(async () => {
  witness = await startWitness(options);
  await witness.client.send(
    new PutObjectCommand({
      ...source,
      Body: "content",
      ContentType: "text/plain",
      Metadata: { a: "1" },
    }),
  );
  return () => witness[Symbol.asyncDispose]();
});

const copy = (input: Partial<CopyObjectCommandInput> = {}) =>
  witness.client.send(new CopyObjectCommand({ ...target, ...input }));
const head = (Key = target.Key) =>
  witness.client.send(new HeadObjectCommand({ Bucket: bucket, Key, ChecksumMode: "ENABLED" }));

test("COPY takes metadata along, REPLACE takes the new; both keep the checksum's algorithm", async () => {
  const result = await copy();
  expect(result.CopyObjectResult?.ETag).toBe(etag);
  expect(await head()).toMatchObject({ Metadata: { a: "1" }, ContentType: "text/plain" });
  await copy({ MetadataDirective: "REPLACE", Metadata: { b: "2" } });
  const replaced = await head();
  expect(replaced).toMatchObject({ Metadata: { b: "2" }, ContentType: "binary/octet-stream" });
  expect(replaced.ChecksumCRC32).toBe((await head(source.Key)).ChecksumCRC32);
  await copy({ ChecksumAlgorithm: "SHA256" });
  expect((await head()).ChecksumSHA256).toBe(
    createHash("sha256").update("content").digest("base64"),
  );
});

test("the source must be encoded, and be there", async () => {
  const codeWith = async (text: string) =>
    (
      await witness.send({
        method: "PUT",
        path: `/${bucket}/target`,
        headers: { "x-amz-copy-source": text },
      })
    ).code;
  expect(await codeWith(`/${CopySource}`)).toBe("");
  expect(await codeWith(`${bucket}/a%20b+%C3%BC/%25`)).toBe("NoSuchKey");
  expect(await codeWith(`nowhere/key`)).toBe("NoSuchBucket");
  expect(await codeWith("key")).toBe("InvalidArgument");
  expect(await codeWith(`${CopySource}?versionId=${"x".repeat(32)}`)).toBe("NoSuchVersion");
});

test("conditions on the source", async () => {
  const past = new Date(Date.now() - 60_000);
  expect(await codeOf(copy({ CopySourceIfMatch: etag }))).toBe("no error");
  expect(await codeOf(copy({ CopySourceIfMatch: '"other"' }))).toBe("PreconditionFailed");
  expect(await codeOf(copy({ CopySourceIfNoneMatch: etag }))).toBe("PreconditionFailed");
  expect(await codeOf(copy({ CopySourceIfUnmodifiedSince: past }))).toBe("PreconditionFailed");
  expect(await codeOf(copy({ CopySourceIfModifiedSince: past }))).toBe("no error");
  expect(await codeOf(copy({ CopySourceIfMatch: etag, CopySourceIfUnmodifiedSince: past }))).toBe(
    "no error",
  );
});

test("conditions on the target", async () => {
  expect(await codeOf(copy({ IfMatch: etag }))).toBe("NoSuchKey");
  expect(await codeOf(copy({ IfNoneMatch: "*" }))).toBe("no error");
  expect(await codeOf(copy({ IfNoneMatch: "*" }))).toBe("PreconditionFailed");
  expect(await codeOf(copy({ IfMatch: etag }))).toBe("no error");
});

test("onto itself only with a change", async () => {
  const self = { Key: source.Key };
  expect(await codeOf(copy(self))).toBe("InvalidRequest");
  expect(await codeOf(copy({ ...self, Bucket: "other" }))).toBe("no error");
  expect(await codeOf(copy({ ...self, StorageClass: "STANDARD_IA" }))).toBe("no error");
  await copy({ ...self, MetadataDirective: "REPLACE", Metadata: { mtime: "5" } });
  expect((await head(source.Key)).Metadata).toEqual({ mtime: "5" });
});

test("a source above the limit must be copied in parts", async () => {
  await witness.client.send(new PutObjectCommand({ ...source, Body: "too long" }));
  expect(await codeOf(copy())).toBe("InvalidRequest");
  const part = await beginPartCopy();
  expect(await codeOf(part({}))).toBe("InvalidRequest");
  expect(await codeOf(part({ CopySourceRange: "bytes=0-6" }))).toBe("no error");
});

async function beginPartCopy() {
  const { UploadId = "" } = await witness.client.send(
    new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: target.Key,
      ChecksumAlgorithm: "CRC32",
    }),
  );
  return (input: Partial<UploadPartCopyCommandInput>) =>
    witness.client.send(
      new UploadPartCopyCommand({ ...target, UploadId, PartNumber: 1, ...input }),
    );
}

test("part copies: ranges are exact, conditions hold, the checksum comes with the answer", async () => {
  const part = await beginPartCopy();
  const result = await part({ CopySourceRange: "bytes=3-6", CopySourceIfMatch: etag });
  const md5 = createHash("md5").update("tent").digest("hex");
  expect(result.CopyPartResult?.ETag).toBe(`"${md5}"`);
  expect(result.CopyPartResult?.ChecksumCRC32).toMatch(/^.{8}$/);
  const codeOfRange = (CopySourceRange: string) => codeOf(part({ CopySourceRange }));
  expect(await codeOfRange("bytes=0-7")).toBe("InvalidArgument");
  expect(await codeOfRange("bytes=7-9")).toBe("InvalidRequest");
  expect(await codeOfRange("bytes=3-")).toBe("InvalidArgument");
  expect(await codeOfRange("bytes=-3")).toBe("InvalidArgument");
  expect(await codeOf(part({ CopySourceIfMatch: '"other"' }))).toBe("PreconditionFailed");
});

test("a copy of an object that was uploaded in parts has a plain ETag", async () => {
  const part = await beginPartCopy();
  const { CopyPartResult: { ETag = "", ChecksumCRC32 = "" } = {} } = await part({});
  const UploadId = witness.server.log.at(-1)?.query["uploadId"] ?? "";
  await witness.client.send(
    new CompleteMultipartUploadCommand({
      Bucket: bucket,
      Key: target.Key,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] },
    }),
  );
  expect((await head()).ETag).toMatch(/^"[0-9a-f]{32}-1"$/);
  await copy({ CopySource: `${bucket}/target`, Key: "again" });
  const again = await witness.client.send(new GetObjectCommand({ Bucket: bucket, Key: "again" }));
  expect([again.ETag, await again.Body?.transformToString()]).toEqual([etag, "content"]);
});
