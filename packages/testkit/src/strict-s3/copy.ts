/** CopyObject, and finding the source of a copy. */
import { createHash } from "node:crypto";
import type { Bucket, StoredObject } from "./bucket.ts";
import { bucketOf, identityHeaders, isoTime, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { checksumNodes, requestedAlgorithm } from "./checksum-headers.ts";
import { checksumOf } from "./checksums.ts";
import type { Checksum } from "./checksums.ts";
import { checkCopyConditions, checkWriteConditions } from "./conditions.ts";
import { checkReadable, etagOf, requestedEncryption } from "./encryption.ts";
import { readObjectHeaders, readStorageClass } from "./object-headers.ts";
import { bytesOf } from "./objects.ts";
import { decodePercent } from "./percent.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error, invalidArgument } from "./s3-error.ts";

export interface CopySource {
  readonly bucket: Bucket;
  readonly key: string;
  /** Whether the request names a version. */
  readonly versioned: boolean;
  readonly object: StoredObject;
}

export function copyObject(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const source = findCopySource(call);
  const directive = readDirective(request);
  checkNotOntoItself(request, source, directive);
  if (source.object.content.size > server.limits.maxCopySize) {
    throw new S3Error("InvalidRequest", {
      message: `The specified copy source is larger than the maximum allowable size for a copy source: ${server.limits.maxCopySize}`,
    });
  }
  checkWriteConditions(request, bucket, request.key);
  const chunks = bytesOf(source.object, 0, source.object.content.size);
  const given = readObjectHeaders(request);
  const encryption = requestedEncryption(request);
  const object = bucket.put(request.key, {
    content: { size: source.object.content.size, chunks },
    etag: etagOf(md5Of(chunks), encryption),
    lastModified: server.now(),
    headers: directive === "REPLACE" ? given : source.object.headers,
    storageClass: readStorageClass(request),
    encryption,
    checksum: copiedChecksum(request, source.object, chunks),
    parts: undefined,
  });
  const { etag, ...headers } = identityHeaders(bucket, object);
  return xmlResponse(
    [
      "CopyObjectResult",
      [
        ["LastModified", isoTime(object.lastModified)],
        ["ETag", etag ?? ""],
        ...checksumNodes(object.checksum),
      ],
    ],
    { ...headers, ...sourceVersionHeader(source) },
  );
}

/** Finds what `x-amz-copy-source` names and checks that it may be read and is what the client means. */
export function findCopySource(call: Call): CopySource {
  const { server, request } = call;
  const text = header(request, "x-amz-copy-source") ?? "";
  const [path = "", query] = text.split("?versionId=");
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decodePercent(path));
  if (match === null) {
    throw invalidArgument("x-amz-copy-source", text, "Invalid copy source object key");
  }
  const [, bucketName = "", key = ""] = match;
  const bucket = bucketOf(call, bucketName);
  const versionId = query === undefined ? undefined : decodePercent(query);
  const object = sourceVersion(bucket, key, versionId);
  checkReadable(request, object.encryption, true);
  checkCopyConditions(request, object, server.settings.now());
  return { bucket, key, versioned: versionId !== undefined, object };
}

export function sourceVersionHeader({ bucket, object }: CopySource): Record<string, string> {
  return bucket.versioning === undefined
    ? {}
    : { "x-amz-copy-source-version-id": object.versionId };
}

export function md5Of(chunks: readonly Uint8Array[]): Buffer {
  const hash = createHash("md5");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

function sourceVersion(bucket: Bucket, key: string, versionId: string | undefined): StoredObject {
  if (versionId === undefined) {
    const current = bucket.current(key);
    if (current !== undefined) return current;
    throw new S3Error("NoSuchKey", { details: { Key: key } });
  }
  const version = bucket.version(key, versionId);
  if (version.kind === "object") return version;
  throw new S3Error("InvalidRequest", {
    message:
      "The source of a copy request may not specifically refer to a delete marker by version id.",
  });
}

function readDirective(request: S3Request): "COPY" | "REPLACE" {
  const directive = header(request, "x-amz-metadata-directive") ?? "COPY";
  if (directive === "COPY" || directive === "REPLACE") return directive;
  throw invalidArgument("x-amz-metadata-directive", directive, "Unknown metadata directive.");
}

function checkNotOntoItself(request: S3Request, source: CopySource, directive: string): void {
  const self = source.bucket.name === request.bucket && source.key === request.key;
  const changes =
    directive === "REPLACE" ||
    source.versioned ||
    [
      "storage-class",
      "website-redirect-location",
      "server-side-encryption",
      "server-side-encryption-customer-algorithm",
    ].some((name) => request.headers.has(`x-amz-${name}`));
  if (!self || changes) return;
  throw new S3Error("InvalidRequest", {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  });
}

/** Of the algorithm asked for, else of the source's, always over the whole object. */
function copiedChecksum(
  request: S3Request,
  source: StoredObject,
  chunks: readonly Uint8Array[],
): Checksum {
  const algorithm = requestedAlgorithm(request) ?? source.checksum?.algorithm ?? "CRC64NVME";
  return { algorithm, type: "FULL_OBJECT", value: checksumOf(algorithm, chunks) };
}
