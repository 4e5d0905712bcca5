import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { startStrictS3 } from "../../src/index.ts";
import { bucket, codeOf, startWitness } from "./strict-s3/witness.ts";
import type { RawRequest, Witness } from "./strict-s3/witness.ts";

const Key = "key";
const path = `/${bucket}/key`;
const here = { Bucket: bucket, Key };
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

function put(witness: Witness, headers: Record<string, string>, body = "content") {
  return witness.send({ method: "PUT", path, headers, body });
}

test("buckets: create, head, locate, list, refuse to delete a full one, delete", async () => {
  await using witness = await startWitness({ region: "eu-west-1", buckets: {} });
  const { client } = witness;
  const create = () =>
    client.send(
      new CreateBucketCommand({
        Bucket: bucket,
        CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
      }),
    );
  await create();
  expect(await codeOf(create())).toBe("BucketAlreadyOwnedByYou");
  const unspecified = await witness.send({ method: "PUT", path: "/other" });
  expect(unspecified.code).toBe("IllegalLocationConstraintException");
  expect((await witness.send({ method: "PUT", path: "/Upper_case" })).code).toBe(
    "InvalidBucketName",
  );
  expect((await client.send(new HeadBucketCommand({ Bucket: bucket }))).BucketRegion).toBe(
    "eu-west-1",
  );
  expect(
    (await client.send(new GetBucketLocationCommand({ Bucket: bucket }))).LocationConstraint,
  ).toBe("eu-west-1");
  expect((await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual([
    bucket,
  ]);
  await client.send(new PutObjectCommand({ ...here, Body: "x" }));
  const drop = () => client.send(new DeleteBucketCommand({ Bucket: bucket }));
  expect(await codeOf(drop())).toBe("BucketNotEmpty");
  await client.send(new DeleteObjectCommand(here));
  await drop();
  expect(await codeOf(drop())).toBe("NoSuchBucket");
});

test("what AWS's client puts it gets back: bytes, headers, metadata, checksum, attributes", async () => {
  await using witness = await startWitness();
  const { client } = witness;
  const written = await client.send(
    new PutObjectCommand({
      ...here,
      Body: "content",
      ContentType: "text/plain",
      ContentEncoding: "gzip",
      CacheControl: "no-store",
      Metadata: { mtime: "1700000000.5" },
      StorageClass: "STANDARD_IA",
    }),
  );
  expect(written.ETag).toBe(`"${md5("content")}"`);
  const read = await client.send(new GetObjectCommand({ ...here, ChecksumMode: "ENABLED" }));
  expect(await read.Body?.transformToString()).toBe("content");
  expect(read).toMatchObject({
    ETag: `"${md5("content")}"`,
    ContentLength: 7,
    ContentType: "text/plain",
    ContentEncoding: "gzip",
    CacheControl: "no-store",
    Metadata: { mtime: "1700000000.5" },
    StorageClass: "STANDARD_IA",
    ChecksumType: "FULL_OBJECT",
    ChecksumCRC32: written.ChecksumCRC32,
    ServerSideEncryption: "AES256",
  });
  const attributes = await client.send(
    new GetObjectAttributesCommand({
      ...here,
      ObjectAttributes: ["ETag", "ObjectSize", "Checksum"],
    }),
  );
  expect(attributes).toMatchObject({
    ETag: md5("content"),
    ObjectSize: 7,
    Checksum: { ChecksumCRC32: written.ChecksumCRC32 },
  });
  const again = await client.send(
    new GetObjectCommand({ ...here, ResponseContentType: "text/html" }),
  );
  expect(again.ContentType).toBe("text/html");
});

test("bucket names in the host name work like those in the path", async () => {
  await using witness = await startWitness();
  await put(witness, {});
  const host = `${bucket}.localhost:${witness.server.port}`;
  const read = await witness.send({ path: "/key", headers: { host } });
  expect(read.body.toString()).toBe("content");
});

test("streams come as aws-chunked with a checksum behind them, which is verified", async () => {
  await using witness = await startWitness();
  const content = "x".repeat(200_000);
  await witness.client.send(
    new PutObjectCommand({
      ...here,
      Body: Readable.from([content]),
      ContentLength: content.length,
    }),
  );
  const [logged] = witness.server.log;
  expect(logged?.headers["x-amz-content-sha256"]).toBe("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  const read = await witness.client.send(new GetObjectCommand(here));
  expect([read.ContentEncoding, await read.Body?.transformToString()]).toEqual([
    undefined,
    content,
  ]);

  const chunked = (body: string, length = 3, trailer = "x-amz-checksum-crc32") =>
    put(
      witness,
      {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": String(length),
        "x-amz-trailer": trailer,
      },
      body,
    );
  const crc = "x-amz-checksum-crc32:NSRBwg=="; // of "abc"
  const codes = async (...bodies: string[]) =>
    Promise.all(bodies.map(async (body) => (await chunked(body)).code));
  expect((await chunked(`3\r\nabc\r\n0\r\n${crc}\r\n\r\n`)).status).toBe(200);
  expect(
    await codes(
      `3\r\nabd\r\n0\r\n${crc}\r\n\r\n`,
      `3\r\nabc\r\n0\r\n\r\n`,
      `3\r\nabc\r\n0\r\n${crc}\r\n`,
      `4\r\nabc\r\n0\r\n${crc}\r\n\r\n`,
      `1\r\na\r\n2\r\nbc\r\n0\r\n${crc}\r\n\r\n`,
      `2\r\nab\r\n0\r\nx-amz-checksum-crc32:nomZlA==\r\n\r\n`,
    ),
  ).toEqual([
    "BadDigest",
    "MalformedTrailerError",
    "IncompleteBody",
    "IncompleteBody",
    "InvalidChunkSizeError",
    "IncompleteBody",
  ]);
});

test("a body without a length is refused: 411, or 501 if it is chunked", async () => {
  await using witness = await startWitness();
  const request: RawRequest = { method: "PUT", path };
  const chunked = await witness.send({
    ...request,
    tamper: ({ "content-length": _length, ...rest }) => ({
      ...rest,
      "transfer-encoding": "chunked",
    }),
  });
  expect([chunked.status, chunked.code]).toEqual([501, "NotImplemented"]);
  const neither = await witness.send({
    ...request,
    headers: { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
  });
  expect([neither.status, neither.code]).toEqual([411, "MissingContentLength"]);
});

test.each([["crc32"], ["crc32c"], ["sha1"], ["sha256"]])(
  "x-amz-checksum-%s: wrong or malformed values are refused",
  async (name) => {
    await using witness = await startWitness();
    const algorithm = name.toUpperCase() as "CRC32" | "CRC32C" | "SHA1" | "SHA256";
    const field = `Checksum${algorithm}` as const;
    const written = await witness.client.send(
      new PutObjectCommand({ ...here, Body: "content", ChecksumAlgorithm: algorithm }),
    );
    const right = written[field] ?? "";
    const header = `x-amz-checksum-${name}`;
    expect((await put(witness, { [header]: right })).headers[header]).toBe(right);
    const wrong = await put(witness, { [header]: right }, "other");
    expect([wrong.status, wrong.code]).toEqual([400, "BadDigest"]);
    expect((await put(witness, { [header]: "abc" })).code).toBe("InvalidRequest");
    const read = await witness.client.send(
      new HeadObjectCommand({ ...here, ChecksumMode: "ENABLED" }),
    );
    expect(read[field]).toBe(right);
  },
);

test("an object without a checksum gets CRC64NVME; two at once and unknown ones are refused", async () => {
  await using witness = await startWitness();
  const { headers } = await put(witness, {}, "123456789");
  const value = headers["x-amz-checksum-crc64nvme"];
  expect(Buffer.from(String(value), "base64").toString("hex")).toBe("ae8b14860a799888");
  const right = { "x-amz-checksum-crc64nvme": String(value) };
  expect((await put(witness, right, "123456789")).status).toBe(200);
  expect((await put(witness, right, "123456780")).code).toBe("BadDigest");
  const two = { ...right, "x-amz-checksum-crc32": "y/Q5Jg==" };
  expect((await put(witness, two, "123456789")).code).toBe("InvalidRequest");
  expect((await put(witness, { "x-amz-checksum-foo": "AA==" })).code).toBe("InvalidRequest");
  expect((await put(witness, { "x-amz-sdk-checksum-algorithm": "CRC32" })).code).toBe(
    "InvalidRequest",
  );
});

test("Content-MD5: right, wrong, malformed", async () => {
  await using witness = await startWitness();
  const of = (text: string) => createHash("md5").update(text).digest("base64");
  expect((await put(witness, { "content-md5": of("content") })).status).toBe(200);
  expect((await put(witness, { "content-md5": of("other") })).code).toBe("BadDigest");
  expect((await put(witness, { "content-md5": "MTIz" })).code).toBe("InvalidDigest");
});

test("limits: key 1024 bytes, metadata 2 KiB, object size", async () => {
  await using witness = await startWitness({ limits: { maxPutSize: 10 } });
  const at = async (key: string) =>
    (await witness.send({ method: "PUT", path: `/${bucket}/${encodeURIComponent(key)}` })).code;
  expect(await at("ü".repeat(512))).toBe("");
  expect(await at(`${"ü".repeat(512)}x`)).toBe("KeyTooLongError");
  expect((await put(witness, { "x-amz-meta-a": "x".repeat(2047) })).status).toBe(200);
  expect((await put(witness, { "x-amz-meta-a": "x".repeat(2048) })).code).toBe("MetadataTooLarge");
  expect((await put(witness, {}, "x".repeat(11))).code).toBe("EntityTooLarge");
});

test("metadata that is not ASCII does not come back as it was sent", async () => {
  await using witness = await startWitness();
  const bytes = Buffer.from("ü").toString("latin1");
  expect((await put(witness, { "x-amz-meta-a": bytes })).status).toBe(200);
  const read = await witness.client.send(new HeadObjectCommand(here));
  expect(read.Metadata).toEqual({ a: "=?UTF-8?B?w7w=?=" });
});

test("what this server does not have is refused, not dropped", async () => {
  await using witness = await startWitness();
  expect((await put(witness, { "x-amz-tagging": "a=b" })).status).toBe(501);
  expect((await put(witness, { "x-amz-acl": "public-read" })).code).toBe(
    "AccessControlListNotSupported",
  );
  expect((await put(witness, { "x-amz-storage-class": "OUTPOSTS" })).code).toBe(
    "InvalidStorageClass",
  );
  expect((await witness.send({ path: `${path}?acl` })).code).toBe("NotImplemented");
});

test.each([
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=8-100", 206, "89", "bytes 8-9/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-2", 206, "89", "bytes 8-9/10"],
  ["bytes=-20", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=3-1", 200, "0123456789", undefined],
  ["bytes=0-1,3-4", 200, "0123456789", undefined],
  ["lines=0-1", 200, "0123456789", undefined],
  ["bytes=10-", 416, undefined, "bytes */10"],
  ["bytes=-0", 416, undefined, "bytes */10"],
])("range %s gives %i", async (range, status, body, contentRange) => {
  await using witness = await startWitness();
  await put(witness, {}, "0123456789");
  const read = await witness.send({ path, headers: { range, "x-amz-checksum-mode": "ENABLED" } });
  expect([read.status, read.headers["content-range"]]).toEqual([status, contentRange]);
  if (body !== undefined) expect(read.body.toString()).toBe(body);
  const whole = status === 200;
  expect(read.headers["x-amz-checksum-crc64nvme"] !== undefined).toBe(whole);
});

test("a range of an empty object cannot be satisfied", async () => {
  await using witness = await startWitness();
  await put(witness, {}, "");
  expect((await witness.send({ path, headers: { range: "bytes=0-" } })).code).toBe("InvalidRange");
});

test("conditions on reads, with and without quotes", async () => {
  await using witness = await startWitness({ now: () => Date.now() + 2000 });
  await put(witness, {});
  const etag = `"${md5("content")}"`;
  const ago = new Date(Date.now() - 60_000).toUTCString();
  const modified = String((await witness.send({ path })).headers["last-modified"]);
  const statusWith = async (headers: Record<string, string>) =>
    (await witness.send({ path, headers })).status;
  expect(await statusWith({ "if-match": etag })).toBe(200);
  expect(await statusWith({ "if-match": md5("content") })).toBe(200);
  expect(await statusWith({ "if-match": '"other"' })).toBe(412);
  expect(await statusWith({ "if-none-match": etag })).toBe(304);
  expect(await statusWith({ "if-none-match": '"other"' })).toBe(200);
  expect(await statusWith({ "if-modified-since": modified })).toBe(304);
  expect(await statusWith({ "if-modified-since": ago })).toBe(200);
  expect(await statusWith({ "if-unmodified-since": ago })).toBe(412);
  expect(await statusWith({ "if-unmodified-since": modified })).toBe(200);
  expect(await statusWith({ "if-match": etag, "if-unmodified-since": ago })).toBe(200);
  expect(await statusWith({ "if-none-match": '"other"', "if-modified-since": modified })).toBe(200);
  expect(await statusWith({ "if-match": '"other"', range: "bytes=0-1" })).toBe(412);
  expect(await statusWith({ "if-range": '"other"', range: "bytes=0-1" })).toBe(200);
});

test("conditions on writes", async () => {
  await using witness = await startWitness();
  const with_ = async (headers: Record<string, string>) => {
    const { status, code } = await put(witness, headers);
    return code === "" ? status : `${status} ${code}`;
  };
  const etag = `"${md5("content")}"`;
  expect(await with_({ "if-match": etag })).toBe("404 NoSuchKey");
  expect(await with_({ "if-none-match": "*" })).toBe(200);
  expect(await with_({ "if-none-match": "*" })).toBe("412 PreconditionFailed");
  expect(await with_({ "if-match": etag })).toBe(200);
  expect(await with_({ "if-match": '"other"' })).toBe("412 PreconditionFailed");
  expect(await with_({ "if-match": "*" })).toBe("501 NotImplemented");
  expect(await with_({ "if-none-match": etag })).toBe("501 NotImplemented");
  expect(await with_({ "if-match": etag, "if-none-match": "*" })).toBe("501 NotImplemented");
});

test("of many writers who want to be the first, one is", async () => {
  await using witness = await startWitness();
  const answers = await Promise.all(
    Array.from({ length: 24 }, () => put(witness, { "if-none-match": "*" })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

test("conditions on deletes", async () => {
  await using witness = await startWitness();
  const { client } = witness;
  const drop = (IfMatch?: string) =>
    codeOf(client.send(new DeleteObjectCommand({ ...here, ...(IfMatch ? { IfMatch } : {}) })));
  expect(await drop()).toBe("no error");
  expect(await drop("*")).toBe("NoSuchKey");
  await put(witness, {});
  expect(await drop('"other"')).toBe("PreconditionFailed");
  expect(await drop(`"${md5("content")}"`)).toBe("no error");
  await put(witness, {});
  expect(await drop("*")).toBe("no error");
});

test("a missing key is NoSuchKey for GET and a bare 404 for HEAD", async () => {
  await using witness = await startWitness();
  const read = await witness.send({ path });
  expect([read.status, read.code]).toEqual([404, "NoSuchKey"]);
  const head = await witness.send({ method: "HEAD", path });
  expect([head.status, head.body.byteLength]).toEqual([404, 0]);
  expect((await witness.send({ path: "/nowhere/key" })).code).toBe("NoSuchBucket");
});

test("HEAD tells the length and sends nothing", async () => {
  await using witness = await startWitness();
  await put(witness, {});
  const head = await witness.send({ method: "HEAD", path });
  expect([head.headers["content-length"], head.body.byteLength]).toEqual(["7", 0]);
});

test("a bucket elsewhere is a redirect that names region and endpoint, also for HEAD", async () => {
  await using real = await startStrictS3({ region: "eu-west-1", buckets: { [bucket]: {} } });
  const movedTo = { region: real.region, endpoint: real.endpoint };
  await using witness = await startWitness({ buckets: { [bucket]: { movedTo } } });
  const read = await witness.send({ path });
  expect([read.status, read.code]).toEqual([301, "PermanentRedirect"]);
  expect(read.body.toString()).toContain(`<Endpoint>${real.endpoint}</Endpoint>`);
  const head = await witness.send({ method: "HEAD", path });
  expect([head.status, head.body.byteLength]).toEqual([301, 0]);
  expect(head.headers["x-amz-bucket-region"]).toBe("eu-west-1");
});

test("requester pays: refused without the header", async () => {
  await using witness = await startWitness({ buckets: { [bucket]: { requesterPays: true } } });
  expect((await put(witness, {})).code).toBe("AccessDenied");
  const paid = await put(witness, { "x-amz-request-payer": "requester" });
  expect([paid.status, paid.headers["x-amz-request-charged"]]).toEqual([200, "requester"]);
});

test("an archived object cannot be read", async () => {
  await using witness = await startWitness();
  await put(witness, { "x-amz-storage-class": "GLACIER" });
  const read = await witness.send({ path });
  expect([read.status, read.code]).toEqual([403, "InvalidObjectState"]);
  expect((await witness.send({ method: "HEAD", path })).status).toBe(200);
});

test("discardBodies keeps size and ETag, and says so when asked for bytes", async () => {
  await using witness = await startWitness({ discardBodies: true });
  await put(witness, {});
  const head = await witness.client.send(new HeadObjectCommand(here));
  expect([head.ETag, head.ContentLength]).toEqual([`"${md5("content")}"`, 7]);
  expect((await witness.send({ path })).status).toBe(501);
});
