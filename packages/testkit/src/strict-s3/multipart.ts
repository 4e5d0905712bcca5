/** CreateMultipartUpload, UploadPart, UploadPartCopy, AbortMultipartUpload. */
import { randomBytes } from "node:crypto";
import type { Bucket, Upload } from "./bucket.ts";
import { bucketOf, emptyResponse, isoTime, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { checksumFields, requestedAlgorithm } from "./checksum-headers.ts";
import { checksumOf } from "./checksums.ts";
import type { Checksum, ChecksumType } from "./checksums.ts";
import { quote } from "./conditions.ts";
import { sliceContent } from "./content.ts";
import type { Content } from "./content.ts";
import { findCopySource, md5Of, sourceVersionHeader } from "./copy.ts";
import {
  checkPartEncryption,
  encryptionHeaders,
  etagOf,
  requestedEncryption,
} from "./encryption.ts";
import { readObjectHeaders, readStorageClass } from "./object-headers.ts";
import { bytesOf } from "./objects.ts";
import { readCopyRange } from "./range.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error, invalidArgument } from "./s3-error.ts";
import type { XmlNode } from "./xml-write.ts";

export function createMultipartUpload(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const upload: Upload = {
    id: randomBytes(48).toString("base64url"),
    key: request.key,
    initiated: server.now(),
    order: bucket.nextOrder(),
    headers: readObjectHeaders(request),
    storageClass: readStorageClass(request),
    encryption: requestedEncryption(request),
    checksum: readUploadChecksum(request),
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  const { checksum } = upload;
  return xmlResponse(
    [
      "InitiateMultipartUploadResult",
      [
        ["Bucket", bucket.name],
        ["Key", upload.key],
        ["UploadId", upload.id],
      ],
    ],
    {
      ...encryptionHeaders(upload.encryption),
      ...(checksum === undefined
        ? {}
        : {
            "x-amz-checksum-algorithm": checksum.algorithm,
            "x-amz-checksum-type": checksum.type,
          }),
    },
  );
}

export function uploadPart(call: Call): S3Response {
  const { request, payload } = call;
  const upload = findUpload(bucketOf(call), request);
  const number = readPartNumber(call);
  checkPartEncryption(request, upload.encryption);
  const expected = upload.checksum?.algorithm;
  const actual = payload.checksum?.algorithm;
  const optional = upload.checksum?.type === "FULL_OBJECT" && actual === undefined;
  if (expected !== undefined && expected !== actual && !optional) {
    throw new S3Error("InvalidRequest", {
      message: `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual?.toLowerCase() ?? "null"}`,
    });
  }
  const { etag } = storePart(call, upload, { number, content: payload.content, md5: payload.md5 });
  return emptyResponse(200, {
    etag: quote(etag),
    ...encryptionHeaders(upload.encryption),
    ...withoutType(payload.checksum),
  });
}

export function uploadPartCopy(call: Call): S3Response {
  const { server, request } = call;
  const upload = findUpload(bucketOf(call), request);
  const number = readPartNumber(call);
  checkPartEncryption(request, upload.encryption);
  const source = findCopySource(call);
  const { size } = source.object.content;
  const text = header(request, "x-amz-copy-source-range");
  const range = text === undefined ? { start: 0, end: size } : readCopyRange(text, size);
  if (range.end - range.start > server.limits.maxCopySize) {
    throw new S3Error("InvalidRequest", {
      message: `The specified copy source is larger than the maximum allowable size for a copy source: ${server.limits.maxCopySize}`,
    });
  }
  const chunks = bytesOf(source.object, range.start, range.end);
  const content = sliceContent(
    { size: range.end - range.start, chunks },
    0,
    range.end - range.start,
  );
  const part = storePart(call, upload, { number, content, md5: md5Of(chunks) });
  const checksum: XmlNode | undefined =
    upload.checksum === undefined || part.checksum === undefined
      ? undefined
      : [`Checksum${upload.checksum.algorithm}`, part.checksum];
  return xmlResponse(
    [
      "CopyPartResult",
      [["LastModified", isoTime(part.lastModified)], ["ETag", quote(part.etag)], checksum],
    ],
    { ...encryptionHeaders(upload.encryption), ...sourceVersionHeader(source) },
  );
}

export function abortMultipartUpload(call: Call): S3Response {
  const bucket = bucketOf(call);
  bucket.uploads.delete(findUpload(bucket, call.request).id);
  return emptyResponse(204);
}

/** @throws `NoSuchUpload`, also if the upload is of another key. */
export function findUpload(bucket: Bucket, { query, key }: S3Request): Upload {
  const id = query.get("uploadId") ?? "";
  const upload = bucket.uploads.get(id);
  if (upload !== undefined && upload.key === key) return upload;
  throw new S3Error("NoSuchUpload", { details: { UploadId: id } });
}

function storePart(
  { server }: Call,
  upload: Upload,
  { number, content, md5 }: { number: number; content: Content; md5: Buffer },
) {
  const part = {
    number,
    content,
    md5,
    etag: etagOf(md5, upload.encryption),
    lastModified: server.now(),
    checksum:
      upload.checksum === undefined || content.chunks === undefined
        ? undefined
        : checksumOf(upload.checksum.algorithm, content.chunks),
  };
  upload.parts.set(number, part);
  return part;
}

function readPartNumber({ server, request }: Call): number {
  const text = request.query.get("partNumber") ?? "";
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= server.limits.maxParts) return number;
  throw invalidArgument(
    "partNumber",
    text,
    `Part number must be an integer between 1 and ${server.limits.maxParts}, inclusive`,
  );
}

function readUploadChecksum(request: S3Request): Upload["checksum"] {
  const refuse = (message: string): never => {
    throw new S3Error("InvalidRequest", { message });
  };
  const algorithm = requestedAlgorithm(request);
  const type = header(request, "x-amz-checksum-type")?.toUpperCase();
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    return refuse(
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const allowed: Record<string, readonly ChecksumType[]> = {
    CRC64NVME: ["FULL_OBJECT"],
    SHA1: ["COMPOSITE"],
    SHA256: ["COMPOSITE"],
  };
  const types = allowed[algorithm] ?? ["COMPOSITE", "FULL_OBJECT"];
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT") {
    return refuse("Value for x-amz-checksum-type header is invalid.");
  }
  const chosen = type ?? types[0] ?? "COMPOSITE";
  if (types.includes(chosen)) return { algorithm, type: chosen };
  return refuse(
    `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

function withoutType(checksum: Checksum | undefined): Record<string, string> {
  const { "x-amz-checksum-type": _type, ...fields } = checksumFields(checksum);
  return fields;
}
