/** CompleteMultipartUpload: everything about an upload is judged here, as at AWS, not part by part. */
import { createHash } from "node:crypto";
import type { Bucket, ObjectPart, Upload, UploadedPart } from "./bucket.ts";
import { bucketOf, identityHeaders, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { checksumNodes, headerName } from "./checksum-headers.ts";
import { checksumAlgorithms, checksumOf } from "./checksums.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksums.ts";
import { checkWriteConditions, quote, unquote } from "./conditions.ts";
import { joinContent } from "./content.ts";
import type { Content } from "./content.ts";
import { etagOf } from "./encryption.ts";
import { findUpload } from "./multipart.ts";
import { defaultChecksum } from "./objects.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error } from "./s3-error.ts";
import { childText, readXml } from "./xml-read.ts";
import type { XmlNode } from "./xml-write.ts";

/** A part as the client names it. */
interface NamedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

export function completeMultipartUpload(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const again = bucket.completed.get(request.query.get("uploadId") ?? "");
  if (again?.key === request.key && server.settings.completeRepeat === "same-answer") {
    return again.answer;
  }
  const upload = findUpload(bucket, request);
  const named = readPartList(call);
  checkChecksumMode(request, upload);
  checkConditions(request, bucket, upload);
  const parts = named.map((part, index) => matchPart(part, index, named, upload));
  checkSizes(call, parts);
  const content = joinContent(parts.map((part) => part.content));
  const checksum = wholeChecksum(upload, parts, content);
  checkWholeChecksum(request, checksum);
  const md5 = createHash("md5").update(Buffer.concat(parts.map((part) => part.md5)));
  const object = bucket.put(upload.key, {
    content,
    etag: `${etagOf(md5.digest(), upload.encryption)}-${parts.length}`,
    lastModified: server.now(),
    headers: upload.headers,
    storageClass: upload.storageClass,
    encryption: upload.encryption,
    checksum,
    parts: parts.map(objectPart),
  });
  bucket.uploads.delete(upload.id);
  const { etag: _etag, ...headers } = identityHeaders(bucket, object);
  const answer = xmlResponse(resultNode(request, quote(object.etag), checksum), headers);
  bucket.completed.set(upload.id, { key: upload.key, answer });
  return answer;
}

function resultNode(request: S3Request, etag: string, checksum: Checksum | undefined): XmlNode {
  const { bucket, key } = request;
  return [
    "CompleteMultipartUploadResult",
    [
      ["Location", `http://${header(request, "host")}/${bucket}/${encodeURIComponent(key)}`],
      ["Bucket", bucket],
      ["Key", key],
      ["ETag", etag],
      ...checksumNodes(checksum),
    ],
  ];
}

function readPartList({ payload }: Call): readonly NamedPart[] {
  const root = readXml(Buffer.concat(payload.content.chunks ?? []).toString());
  if (root.name !== "CompleteMultipartUpload") throw new S3Error("MalformedXML");
  const parts = root.children.map((part): NamedPart => {
    const number = childText(part, "PartNumber") ?? "";
    const etag = childText(part, "ETag");
    if (part.name !== "Part" || etag === undefined || !/^\d{1,9}$/.test(number.trim())) {
      throw new S3Error("MalformedXML");
    }
    const checksums = new Map<ChecksumAlgorithm, string>();
    for (const algorithm of checksumAlgorithms) {
      const value = childText(part, `Checksum${algorithm}`);
      if (value !== undefined) checksums.set(algorithm, value);
    }
    return { number: Number(number), etag: unquote(etag), checksums };
  });
  if (parts.length > 0) return parts;
  throw new S3Error("InvalidRequest", { message: "You must specify at least one part" });
}

function checkChecksumMode(request: S3Request, upload: Upload): void {
  const type = header(request, "x-amz-checksum-type")?.toUpperCase();
  if (type === undefined || type === upload.checksum?.type) return;
  throw new S3Error("InvalidRequest", {
    message: `The upload was created using the ${upload.checksum?.type ?? "null"} checksum mode. The complete request must use the same checksum mode.`,
  });
}

/** A condition that holds now, but whose key changed since the upload began, is a conflict at AWS. */
function checkConditions(request: S3Request, bucket: Bucket, upload: Upload): void {
  checkWriteConditions(request, bucket, upload.key);
  const condition = ["If-Match", "If-None-Match"].find((name) =>
    header(request, name.toLowerCase()),
  );
  if (condition === undefined || !bucket.changedSince(upload.key, upload.order)) return;
  throw new S3Error("ConditionalRequestConflict", {
    details: { Condition: condition, Key: upload.key },
  });
}

function matchPart(
  named: NamedPart,
  index: number,
  all: readonly NamedPart[],
  upload: Upload,
): UploadedPart {
  const before = all[index - 1];
  if (before !== undefined && before.number >= named.number) {
    throw new S3Error("InvalidPartOrder", { details: { UploadId: upload.id } });
  }
  const held = upload.parts.get(named.number);
  const invalid = new S3Error("InvalidPart", {
    details: { UploadId: upload.id, PartNumber: named.number, ETag: named.etag },
  });
  if (held === undefined || held.etag !== named.etag) throw invalid;
  checkPartChecksum(named, held, upload, invalid);
  return held;
}

function checkPartChecksum(
  named: NamedPart,
  held: UploadedPart,
  { checksum }: Upload,
  invalid: S3Error,
): void {
  if (checksum === undefined) {
    if (named.checksums.size > 0) throw invalid;
    return;
  }
  const { algorithm, type } = checksum;
  for (const [other] of named.checksums) {
    if (other === algorithm) continue;
    throw new S3Error("BadDigest", {
      message: `The ${other.toLowerCase()} you specified for part ${named.number} did not match what we received.`,
    });
  }
  const value = named.checksums.get(algorithm);
  if (value === undefined && type === "COMPOSITE") {
    throw new S3Error("InvalidRequest", {
      message: `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${named.number} in the request.`,
    });
  }
  if (value !== undefined && held.checksum !== undefined && value !== held.checksum) throw invalid;
}

function checkSizes({ server, request }: Call, parts: readonly UploadedPart[]): void {
  const { minPartSize, maxObjectSize } = server.limits;
  for (const part of parts.slice(0, -1)) {
    if (part.content.size >= minPartSize) continue;
    throw new S3Error("EntityTooSmall", {
      details: {
        ProposedSize: part.content.size,
        MinSizeAllowed: minPartSize,
        PartNumber: part.number,
        ETag: part.etag,
      },
    });
  }
  const size = parts.reduce((sum, part) => sum + part.content.size, 0);
  if (size > maxObjectSize) {
    throw new S3Error("EntityTooLarge", {
      details: { ProposedSize: size, MaxSizeAllowed: maxObjectSize },
    });
  }
  const claimed = header(request, "x-amz-mp-object-size");
  if (claimed === undefined || Number(claimed) === size) return;
  throw new S3Error("InvalidRequest", {
    message: `The provided 'x-amz-mp-object-size' header value ${claimed} does not match what was computed: ${size}`,
  });
}

function wholeChecksum(
  { checksum }: Upload,
  parts: readonly UploadedPart[],
  content: Content,
): Checksum | undefined {
  if (checksum === undefined || content.chunks === undefined) return defaultChecksum(content);
  if (checksum.type === "FULL_OBJECT") {
    return { ...checksum, value: checksumOf(checksum.algorithm, content.chunks) };
  }
  // AWS documents a 500 for composite checksums over part numbers with gaps.
  if (parts.some((part, index) => part.number !== index + 1)) throw new S3Error("InternalError");
  const digests = parts.map((part) => Buffer.from(part.checksum ?? "", "base64"));
  return { ...checksum, value: `${checksumOf(checksum.algorithm, digests)}-${parts.length}` };
}

/** The checksum of the object that the client expects, if it says one. */
function checkWholeChecksum(request: S3Request, checksum: Checksum | undefined): void {
  for (const algorithm of checksumAlgorithms) {
    const claimed = header(request, headerName(algorithm));
    if (claimed === undefined || checksum === undefined) continue;
    if (algorithm === checksum.algorithm && sameChecksum(claimed, checksum)) continue;
    throw new S3Error("BadDigest", {
      message: `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    });
  }
}

/** A composite value may be given without its `-<parts>`. */
function sameChecksum(claimed: string, { value, type }: Checksum): boolean {
  return claimed === value || (type === "COMPOSITE" && claimed === value.replace(/-\d+$/, ""));
}

function objectPart({ number, content, checksum }: UploadedPart): ObjectPart {
  return { number, size: content.size, checksum };
}
