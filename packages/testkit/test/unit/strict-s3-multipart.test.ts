import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type {
  ChecksumAlgorithm,
  CompleteMultipartUploadCommandInput,
  CompletedPart,
  CreateMultipartUploadCommandInput,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import type { StrictS3Options } from "../../src/index.ts";
import { bucket, codeOf, startWitness } from "./strict-s3/witness.ts";
import type { Witness } from "./strict-s3/witness.ts";

const here = { Bucket: bucket, Key: "key" };
const small: StrictS3Options = { limits: { minPartSize: 5, maxPartSize: 10, maxParts: 100 } };
const md5 = (bytes: string | Buffer) => createHash("md5").update(bytes).digest();

async function begin(
  witness: Witness,
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<string> {
  const { UploadId = "" } = await witness.client.send(
    new CreateMultipartUploadCommand({ ...here, ...input }),
  );
  return UploadId;
}

async function sendPart(
  witness: Witness,
  UploadId: string,
  PartNumber: number,
  Body: string,
): Promise<CompletedPart> {
  const sent = await witness.client.send(
    new UploadPartCommand({ ...here, UploadId, PartNumber, Body }),
  );
  return { PartNumber, ETag: sent.ETag ?? "" };
}

function complete(
  witness: Witness,
  UploadId: string,
  Parts: readonly CompletedPart[],
  input: Partial<CompleteMultipartUploadCommandInput> = {},
) {
  return witness.client.send(
    new CompleteMultipartUploadCommand({
      ...here,
      UploadId,
      MultipartUpload: { Parts: [...Parts] },
      ...input,
    }),
  );
}

async function text(witness: Witness): Promise<string | undefined> {
  return (await witness.client.send(new GetObjectCommand(here))).Body?.transformToString();
}

test("an upload in parts: nothing to see before, ETag of ETags after, parts can be read", async () => {
  await using witness = await startWitness(small);
  const UploadId = await begin(witness, { ContentType: "text/plain", Metadata: { a: "b" } });
  const parts = [
    await sendPart(witness, UploadId, 1, "first"),
    await sendPart(witness, UploadId, 7, "second"),
    await sendPart(witness, UploadId, 9, "end"),
  ];
  expect(await codeOf(text(witness))).toBe("NoSuchKey");
  const { ETag } = await complete(witness, UploadId, parts);
  const hashes = Buffer.concat(["first", "second", "end"].map(md5));
  expect(ETag).toBe(`"${md5(hashes).toString("hex")}-3"`);
  expect(await text(witness)).toBe("firstsecondend");
  const part = await witness.client.send(new HeadObjectCommand({ ...here, PartNumber: 2 }));
  expect([part.ContentLength, part.PartsCount, part.Metadata]).toEqual([6, 3, { a: "b" }]);
  const none = await witness.send({ path: `/${bucket}/key?partNumber=4` });
  expect([none.status, none.code]).toEqual([416, "InvalidPartNumber"]);
});

test("part numbers: 1 to the highest; the size of a part has a limit", async () => {
  await using witness = await startWitness(small);
  const UploadId = await begin(witness);
  const codeAt = (number: number, body = "") => codeOf(sendPart(witness, UploadId, number, body));
  expect(await codeAt(100)).toBe("no error");
  expect(await codeAt(0)).toBe("InvalidArgument");
  expect(await codeAt(101)).toBe("InvalidArgument");
  expect(await codeAt(1, "x".repeat(11))).toBe("EntityTooLarge");
});

test("AWS's limits are the default: 10,000 parts, 5 MiB, judged at Complete only", async () => {
  await using witness = await startWitness();
  const UploadId = await begin(witness);
  const parts = [
    await sendPart(witness, UploadId, 1, "small"),
    await sendPart(witness, UploadId, 10_000, "x"),
  ];
  expect(await codeOf(sendPart(witness, UploadId, 10_001, "x"))).toBe("InvalidArgument");
  expect(await codeOf(complete(witness, UploadId, parts))).toBe("EntityTooSmall");
  await complete(witness, UploadId, parts.slice(1));
  expect(await text(witness)).toBe("x");
});

test("Complete refuses unknown, wrong, unordered and no parts, and the upload goes on", async () => {
  await using witness = await startWitness(small);
  const UploadId = await begin(witness);
  const one = await sendPart(witness, UploadId, 1, "first");
  const two = await sendPart(witness, UploadId, 2, "second");
  const codeWith = (...parts: CompletedPart[]) => codeOf(complete(witness, UploadId, parts));
  expect(await codeWith({ ...one, PartNumber: 3 })).toBe("InvalidPart");
  expect(await codeWith({ ...one, ETag: two.ETag })).toBe("InvalidPart");
  expect(await codeWith(two, one)).toBe("InvalidPartOrder");
  expect(await codeWith(one, one)).toBe("InvalidPartOrder");
  expect(await codeWith()).not.toBe("no error");
  const path = `/${bucket}/key?uploadId=${UploadId}`;
  const raw = await witness.send({ method: "POST", path, body: "<CompleteMultipartUpload>" });
  expect(raw.code).toBe("MalformedXML");
  expect(await codeOf(complete(witness, UploadId, [one, two], { MpuObjectSize: 10 }))).toBe(
    "InvalidRequest",
  );
  const replaced = await sendPart(witness, UploadId, 1, "other");
  expect(await codeWith(one, two)).toBe("InvalidPart");
  expect(await codeWith(replaced, two)).toBe("no error");
});

test("after abort, and for another key, the upload does not exist", async () => {
  await using witness = await startWitness(small);
  const UploadId = await begin(witness);
  const elsewhere = { ...here, Key: "other", UploadId };
  expect(await codeOf(witness.client.send(new ListPartsCommand(elsewhere)))).toBe("NoSuchUpload");
  const abort = () => witness.client.send(new AbortMultipartUploadCommand({ ...here, UploadId }));
  await abort();
  expect(await codeOf(abort())).toBe("NoSuchUpload");
  expect(await codeOf(sendPart(witness, UploadId, 1, "x"))).toBe("NoSuchUpload");
  expect(await codeOf(complete(witness, UploadId, [{ PartNumber: 1, ETag: "x" }]))).toBe(
    "NoSuchUpload",
  );
});

test.each([
  ["same-answer", "no error"],
  ["no-such-upload", "NoSuchUpload"],
] as const)("Complete again, configured as %s", async (completeRepeat, code) => {
  await using witness = await startWitness({ ...small, completeRepeat });
  const UploadId = await begin(witness);
  const part = await sendPart(witness, UploadId, 1, "x");
  const first = await complete(witness, UploadId, [part]);
  const again = complete(witness, UploadId, [part]);
  expect(await codeOf(again)).toBe(code);
  if (code === "no error") expect((await again).ETag).toBe(first.ETag);
  expect(await codeOf(sendPart(witness, UploadId, 1, "x"))).toBe("NoSuchUpload");
});

test("conditions at Complete; a change since the upload began is a conflict", async () => {
  await using witness = await startWitness(small);
  const { client } = witness;
  const etag = `"${md5("old").toString("hex")}"`;
  const put = () => client.send(new PutObjectCommand({ ...here, Body: "old" }));
  const upload = async () => {
    const UploadId = await begin(witness);
    const part = await sendPart(witness, UploadId, 1, "x");
    return (input: Partial<CompleteMultipartUploadCommandInput>) =>
      codeOf(complete(witness, UploadId, [part], input));
  };
  const early = await upload();
  expect(await early({ IfMatch: etag })).toBe("NoSuchKey");
  await put();
  expect(await early({ IfNoneMatch: "*" })).toBe("PreconditionFailed");
  expect(await early({ IfMatch: '"other"' })).toBe("PreconditionFailed");
  expect(await early({ IfMatch: etag })).toBe("ConditionalRequestConflict");
  const late = await upload();
  expect(await late({ IfMatch: etag })).toBe("no error");
});

test("parts and uploads are listed in pages", async () => {
  await using witness = await startWitness(small);
  const { client } = witness;
  const UploadId = await begin(witness);
  for (const number of [3, 1, 2]) await sendPart(witness, UploadId, number, "x".repeat(number));
  const first = await client.send(new ListPartsCommand({ ...here, UploadId, MaxParts: 2 }));
  expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect([first.IsTruncated, first.NextPartNumberMarker]).toEqual([true, "2"]);
  const rest = await client.send(
    new ListPartsCommand({ ...here, UploadId, PartNumberMarker: "2" }),
  );
  expect([rest.Parts?.length, rest.IsTruncated]).toEqual([1, false]);

  const ids = [
    UploadId,
    await begin(witness),
    await begin(witness, { Key: "z/1" }),
    await begin(witness, { Key: "z/2" }),
  ];
  const uploads: (string | undefined)[] = [];
  let markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, MaxUploads: 1, ...markers }),
    );
    uploads.push(...(page.Uploads ?? []).map((upload) => upload.UploadId));
    if (!page.IsTruncated) break;
    const { NextKeyMarker = "", NextUploadIdMarker = "" } = page;
    markers = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
  }
  expect(uploads).toEqual(ids);
  const grouped = await client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket, Delimiter: "/", Prefix: "z" }),
  );
  expect(grouped.CommonPrefixes).toEqual([{ Prefix: "z/" }]);
});

async function checksummed(
  witness: Witness,
  ChecksumAlgorithm: ChecksumAlgorithm,
  ChecksumType?: "COMPOSITE" | "FULL_OBJECT",
) {
  const type = ChecksumType === undefined ? {} : { ChecksumType };
  const UploadId = await begin(witness, { ChecksumAlgorithm, ...type });
  const field = `Checksum${ChecksumAlgorithm}` as "ChecksumSHA256";
  const parts: CompletedPart[] = [];
  for (const [index, Body] of ["first", "second"].entries()) {
    const PartNumber = index + 1;
    const sent = await witness.client.send(
      new UploadPartCommand({ ...here, UploadId, PartNumber, Body, ChecksumAlgorithm }),
    );
    parts.push({ PartNumber, ETag: sent.ETag ?? "", [field]: sent[field] ?? "" });
  }
  return { UploadId, parts, field };
}

test("composite checksums: every part's is needed at Complete, the result is over them", async () => {
  await using witness = await startWitness(small);
  const { UploadId, parts, field } = await checksummed(witness, "SHA256");
  const bare = parts.map(({ PartNumber, ETag }) => ({
    PartNumber: PartNumber ?? 0,
    ETag: ETag ?? "",
  }));
  expect(await codeOf(complete(witness, UploadId, bare))).toBe("InvalidRequest");
  const swapped = parts.map((part) => ({ ...part, [field]: parts[0]?.[field] ?? "" }));
  expect(await codeOf(complete(witness, UploadId, swapped))).toBe("InvalidPart");
  expect(await codeOf(complete(witness, UploadId, parts, { ChecksumType: "FULL_OBJECT" }))).toBe(
    "InvalidRequest",
  );
  const result = await complete(witness, UploadId, parts);
  const digests = parts.map((part) => Buffer.from(part[field] ?? "", "base64"));
  const expected = createHash("sha256").update(Buffer.concat(digests)).digest("base64");
  expect([result.ChecksumSHA256, result.ChecksumType]).toEqual([`${expected}-2`, "COMPOSITE"]);
  const attributes = await witness.client.send(
    new GetObjectAttributesCommand({ ...here, ObjectAttributes: ["Checksum", "ObjectParts"] }),
  );
  expect(attributes.Checksum?.ChecksumSHA256).toBe(expected);
  expect(attributes.ObjectParts?.Parts?.map(({ Size }) => Size)).toEqual([5, 6]);
});

test("a part of a composite upload must come with a checksum, of its algorithm", async () => {
  await using witness = await startWitness(small);
  const UploadId = await begin(witness, { ChecksumAlgorithm: "SHA256" });
  const path = `/${bucket}/key?partNumber=1&uploadId=${UploadId}`;
  const part = (headers: Record<string, string>) =>
    witness.send({ method: "PUT", path, headers, body: "abc" });
  expect((await part({})).code).toBe("InvalidRequest");
  expect((await part({ "x-amz-checksum-crc32": "NSRBwg==" })).code).toBe("InvalidRequest");
  expect((await part({ "x-amz-checksum-sha256": "NSRBwg==" })).code).toBe("InvalidRequest");
});

test("full-object checksums: computed over everything, and checked if the client says one", async () => {
  await using witness = await startWitness(small);
  const { UploadId, parts } = await checksummed(witness, "CRC32", "FULL_OBJECT");
  expect(await codeOf(complete(witness, UploadId, parts, { ChecksumCRC32: "AAAAAA==" }))).toBe(
    "BadDigest",
  );
  const result = await complete(witness, UploadId, parts);
  const whole = await witness.client.send(new PutObjectCommand({ ...here, Body: "firstsecond" }));
  expect([result.ChecksumCRC32, result.ChecksumType]).toEqual([whole.ChecksumCRC32, "FULL_OBJECT"]);
});

test("checksum algorithms and types that do not go together are refused at once", async () => {
  await using witness = await startWitness(small);
  const codeWith = async (headers: Record<string, string>) =>
    (await witness.send({ method: "POST", path: `/${bucket}/key?uploads`, headers })).code;
  const algorithm = "x-amz-checksum-algorithm";
  const type = "x-amz-checksum-type";
  expect(await codeWith({ [type]: "COMPOSITE" })).toBe("InvalidRequest");
  expect(await codeWith({ [algorithm]: "SHA256", [type]: "FULL_OBJECT" })).toBe("InvalidRequest");
  expect(await codeWith({ [algorithm]: "CRC64NVME", [type]: "COMPOSITE" })).toBe("InvalidRequest");
  expect(await codeWith({ [algorithm]: "MD4" })).toBe("InvalidRequest");
  expect(await codeWith({ [algorithm]: "CRC64NVME" })).toBe("");
});

test("an upload without an algorithm takes no checksums of parts at Complete", async () => {
  await using witness = await startWitness(small);
  const UploadId = await begin(witness);
  const part = await sendPart(witness, UploadId, 1, "x");
  const ChecksumCRC32 = "jdcSXA==";
  expect(await codeOf(complete(witness, UploadId, [{ ...part, ChecksumCRC32 }]))).toBe(
    "InvalidPart",
  );
  const result = await complete(witness, UploadId, [part]);
  expect([result.ChecksumType, result.ChecksumCRC64NVME !== undefined]).toEqual([
    "FULL_OBJECT",
    true,
  ]);
});
