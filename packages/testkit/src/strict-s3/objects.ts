/** PutObject, GetObject, HeadObject, DeleteObject, GetObjectAttributes. */
import type { Bucket, StoredObject } from "./bucket.ts";
import { bucketOf, emptyResponse, identityHeaders, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { checksumFields, checksumNodes } from "./checksum-headers.ts";
import { checksumOf } from "./checksums.ts";
import type { Checksum } from "./checksums.ts";
import {
  checkDeleteCondition,
  checkReadConditions,
  checkWriteConditions,
  unquote,
} from "./conditions.ts";
import { sliceContent } from "./content.ts";
import type { Content } from "./content.ts";
import { checkReadable, etagOf, requestedEncryption } from "./encryption.ts";
import { objectHeaderFields, readObjectHeaders, readStorageClass } from "./object-headers.ts";
import { partRange } from "./part-range.ts";
import { readRange } from "./range.ts";
import type { Range } from "./range.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error } from "./s3-error.ts";
import type { XmlNode } from "./xml-write.ts";

export function putObject(call: Call): S3Response {
  const { server, request, payload } = call;
  const bucket = bucketOf(call);
  const headers = readObjectHeaders(request);
  const storageClass = readStorageClass(request);
  const encryption = requestedEncryption(request);
  checkWriteConditions(request, bucket, request.key);
  const object = bucket.put(request.key, {
    content: payload.content,
    etag: etagOf(payload.md5, encryption),
    lastModified: server.now(),
    headers,
    storageClass,
    encryption,
    checksum: payload.checksum ?? defaultChecksum(payload.content),
    parts: undefined,
  });
  return emptyResponse(200, {
    ...identityHeaders(bucket, object),
    ...checksumFields(object.checksum),
  });
}

/** What S3 adds to an object that came without a checksum. `undefined` if its bytes were discarded. */
export function defaultChecksum(content: Content): Checksum | undefined {
  if (content.chunks === undefined) return undefined;
  const value = checksumOf("CRC64NVME", content.chunks);
  return { algorithm: "CRC64NVME", type: "FULL_OBJECT", value };
}

/** GetObject and HeadObject: the sender leaves the body out for HEAD. */
export function getObject(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const object = readableVersion(bucket, request);
  checkReadable(request, object.encryption);
  checkReadConditions(request, object, server.settings.now());
  const part = partRange(request, object);
  const range = part?.range ?? readRange(rangeHeader(request, object), object.content.size);
  const { start, end } = range ?? { start: 0, end: object.content.size };
  const content = request.method === "HEAD" ? undefined : bytesOf(object, start, end);
  return {
    status: range === undefined ? 200 : 206,
    headers: { ...readHeaders(bucket, object, request, range), ...part?.headers },
    body: content ?? [],
    length: end - start,
  };
}

export function deleteObject(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  for (const name of ["x-amz-if-match-last-modified-time", "x-amz-if-match-size"]) {
    if (request.headers.has(name))
      throw new S3Error("NotImplemented", { details: { Header: name } });
  }
  checkDeleteCondition(bucket, request.key, header(request, "if-match"));
  const versionId = request.query.get("versionId");
  const { deleteMarker, versionId: affected } = deleteVersion(
    bucket,
    request.key,
    versionId,
    server.now(),
  );
  return emptyResponse(204, {
    ...(deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
    ...(affected === undefined ? {} : { "x-amz-version-id": affected }),
  });
}

/** What became of a delete: the version that it made or removed, and whether that is a marker. */
export interface Deletion {
  readonly deleteMarker: boolean;
  readonly versionId: string | undefined;
}

export function deleteVersion(
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  now: number,
): Deletion {
  if (versionId === undefined) {
    const marker = bucket.remove(key, now);
    return { deleteMarker: marker !== undefined, versionId: marker?.versionId };
  }
  const removed = bucket.version(key, versionId);
  bucket.removeVersion(key, versionId);
  return { deleteMarker: removed.kind === "delete-marker", versionId };
}

export function getObjectAttributes(call: Call): S3Response {
  const { request } = call;
  const bucket = bucketOf(call);
  const object = readableVersion(bucket, request);
  checkReadable(request, object.encryption);
  const wanted = (header(request, "x-amz-object-attributes") ?? "")
    .split(",")
    .map((name) => name.trim());
  if (wanted.join("") === "") {
    throw new S3Error("InvalidRequest", {
      message:
        "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
    });
  }
  const { etag: _etag, ...headers } = identityHeaders(bucket, object);
  const all: Record<string, readonly XmlNode[]> = {
    ETag: [["ETag", object.etag]],
    Checksum:
      object.checksum === undefined ? [] : [["Checksum", attributeChecksum(object.checksum)]],
    ObjectParts: object.parts === undefined ? [] : [["ObjectParts", partsNodes(object)]],
    StorageClass: [["StorageClass", object.storageClass]],
    ObjectSize: [["ObjectSize", object.content.size]],
  };
  const nodes = Object.entries(all).flatMap(([name, node]) => (wanted.includes(name) ? node : []));
  return xmlResponse(["GetObjectAttributesResponse", nodes], {
    ...headers,
    "last-modified": new Date(object.lastModified).toUTCString(),
  });
}

/** The version that the request names or the current one. @throws if there is none, or only a marker. */
function readableVersion(bucket: Bucket, request: S3Request): StoredObject {
  const { key, query } = request;
  const versionId = query.get("versionId");
  const found = versionId === undefined ? bucket.versions(key)[0] : bucket.version(key, versionId);
  if (found?.kind === "object") return found;
  const headers =
    found === undefined
      ? {}
      : { "x-amz-delete-marker": "true", "x-amz-version-id": found.versionId };
  if (versionId === undefined) throw new S3Error("NoSuchKey", { details: { Key: key }, headers });
  throw new S3Error("MethodNotAllowed", {
    details: { Method: request.method, ResourceType: "DeleteMarker" },
    headers: { ...headers, allow: "DELETE" },
  });
}

/** @throws if the object lies in an archive, or the server discarded its bytes. */
export function bytesOf(object: StoredObject, start: number, end: number): readonly Uint8Array[] {
  if (object.storageClass === "GLACIER" || object.storageClass === "DEEP_ARCHIVE") {
    throw new S3Error("InvalidObjectState", { details: { StorageClass: object.storageClass } });
  }
  const { chunks } = sliceContent(object.content, start, end);
  if (chunks !== undefined) return chunks;
  throw new S3Error("NotImplemented", { message: "strict-s3 discards bodies (discardBodies)" });
}

function readHeaders(
  bucket: Bucket,
  object: StoredObject,
  request: S3Request,
  range: Range | undefined,
): Record<string, string> {
  const wanted = header(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  const { size } = object.content;
  return {
    ...identityHeaders(bucket, object),
    ...objectHeaderFields(object.headers),
    ...overrides(request),
    ...(object.storageClass === "STANDARD" ? {} : { "x-amz-storage-class": object.storageClass }),
    // The checksum speaks of the whole object, so a part of it comes without.
    ...(wanted && range === undefined ? checksumFields(object.checksum) : {}),
    ...(range === undefined
      ? {}
      : { "content-range": `bytes ${range.start}-${range.end - 1}/${size}` }),
    "last-modified": new Date(object.lastModified).toUTCString(),
    "accept-ranges": "bytes",
  };
}

/** `response-content-type=…` and its kin in the query. */
function overrides(request: S3Request): Record<string, string> {
  const names =
    "cache-control content-disposition content-encoding content-language content-type expires";
  const fields: Record<string, string> = {};
  for (const name of names.split(" ")) {
    const value = request.query.get(`response-${name}`);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

/** The range that counts: none if `If-Range` names another content. */
function rangeHeader(request: S3Request, object: StoredObject): string | undefined {
  const ifRange = header(request, "if-range");
  if (ifRange !== undefined && unquote(ifRange) !== object.etag) return undefined;
  return header(request, "range");
}

function attributeChecksum(checksum: Checksum): readonly XmlNode[] {
  return checksumNodes({ ...checksum, value: checksum.value.replace(/-\d+$/, "") });
}

function partsNodes(object: StoredObject): readonly (XmlNode | undefined)[] {
  const parts = object.parts ?? [];
  const algorithm = object.checksum?.type === "COMPOSITE" ? object.checksum.algorithm : undefined;
  if (algorithm === undefined) return [["PartsCount", parts.length]];
  const nodes = parts.map((part): XmlNode => [
    "Part",
    [
      ["PartNumber", part.number],
      ["Size", part.size],
      part.checksum === undefined ? undefined : [`Checksum${algorithm}`, part.checksum],
    ],
  ]);
  return [["IsTruncated", false], ["PartsCount", parts.length], ...nodes];
}
