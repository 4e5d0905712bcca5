/** ListParts and ListMultipartUploads. */
import type { Upload } from "./bucket.ts";
import { bucketOf, isoTime, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { quote } from "./conditions.ts";
import { groupOf, readCount, readEncoding } from "./listing.ts";
import { findUpload } from "./multipart.ts";
import { invalidArgument } from "./s3-error.ts";
import { compareUtf8 } from "./utf8-order.ts";
import type { XmlNode } from "./xml-write.ts";

const owner: XmlNode = ["Owner", [["ID", "strict-s3"]]];
const initiator: XmlNode = ["Initiator", [["ID", "strict-s3"]]];

export function listParts(call: Call): S3Response {
  const { server, request } = call;
  const upload = findUpload(bucketOf(call), request);
  const encode = readEncoding(request);
  const maxParts = readCount(request, "max-parts");
  const marker = readMarker(call);
  const rest = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .sort((a, b) => a.number - b.number);
  const page = rest.slice(0, server.pageSize(maxParts));
  const { checksum } = upload;
  return xmlResponse([
    "ListPartsResult",
    [
      ["Bucket", request.bucket],
      ["Key", encode(upload.key)],
      ["UploadId", upload.id],
      ["PartNumberMarker", marker],
      ["NextPartNumberMarker", page.at(-1)?.number ?? 0],
      ["MaxParts", maxParts],
      ["IsTruncated", page.length < rest.length],
      initiator,
      owner,
      ["StorageClass", upload.storageClass],
      ...checksumKind(upload),
      ...page.map((part): XmlNode => [
        "Part",
        [
          ["PartNumber", part.number],
          ["LastModified", isoTime(part.lastModified)],
          ["ETag", quote(part.etag)],
          ["Size", part.content.size],
          checksum === undefined || part.checksum === undefined
            ? undefined
            : [`Checksum${checksum.algorithm}`, part.checksum],
        ],
      ]),
    ],
  ]);
}

export function listMultipartUploads(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const encode = readEncoding(request);
  const maxUploads = readCount(request, "max-uploads");
  const prefix = request.query.get("prefix") ?? "";
  const delimiter = request.query.get("delimiter") ?? "";
  const keyMarker = request.query.get("key-marker") ?? "";
  const idMarker = keyMarker === "" ? "" : (request.query.get("upload-id-marker") ?? "");
  const all = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix))
    .sort((a, b) => compareUtf8(a.key, b.key) || a.order - b.order);
  const entries = group(after(all, keyMarker, idMarker), prefix, delimiter, keyMarker);
  const page = entries.slice(0, server.pageSize(maxUploads));
  const last = page.at(-1);
  const truncated = page.length < entries.length;
  return xmlResponse([
    "ListMultipartUploadsResult",
    [
      ["Bucket", bucket.name],
      ["KeyMarker", encode(keyMarker)],
      ["UploadIdMarker", idMarker],
      ["NextKeyMarker", encode(typeof last === "string" ? last : (last?.key ?? ""))],
      ["NextUploadIdMarker", typeof last === "object" ? last.id : ""],
      ["MaxUploads", maxUploads],
      ["IsTruncated", truncated],
      ["Prefix", encode(prefix)],
      delimiter === "" ? undefined : ["Delimiter", encode(delimiter)],
      request.query.has("encoding-type") ? ["EncodingType", "url"] : undefined,
      ...page.map((entry): XmlNode =>
        typeof entry === "string"
          ? ["CommonPrefixes", [["Prefix", encode(entry)]]]
          : uploadNode(entry, encode),
      ),
    ],
  ]);
}

function uploadNode(upload: Upload, encode: (text: string) => string): XmlNode {
  return [
    "Upload",
    [
      ["Key", encode(upload.key)],
      ["UploadId", upload.id],
      initiator,
      owner,
      ["StorageClass", upload.storageClass],
      ["Initiated", isoTime(upload.initiated)],
      ...checksumKind(upload),
    ],
  ];
}

function checksumKind({ checksum }: Upload): readonly XmlNode[] {
  if (checksum === undefined) return [];
  return [
    ["ChecksumAlgorithm", checksum.algorithm],
    ["ChecksumType", checksum.type],
  ];
}

/** What comes behind the markers. An id that is not of the marker's key is refused. */
function after(all: readonly Upload[], keyMarker: string, idMarker: string): readonly Upload[] {
  if (idMarker === "") return all.filter(({ key }) => compareUtf8(key, keyMarker) > 0);
  const at = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  if (at === -1) throw invalidArgument("upload-id-marker", idMarker, "Invalid uploadId marker");
  return all.slice(at + 1);
}

/** Uploads, and in the place of those that a delimiter puts together the prefix that they share. */
function group(
  uploads: readonly Upload[],
  prefix: string,
  delimiter: string,
  marker: string,
): readonly (Upload | string)[] {
  const entries: (Upload | string)[] = [];
  for (const upload of uploads) {
    const common = groupOf(upload.key, prefix, delimiter);
    if (common === undefined) entries.push(upload);
    else if (common !== entries.at(-1) && common !== marker) entries.push(common);
  }
  return entries;
}

function readMarker({ request, server }: Call): number {
  const text = request.query.get("part-number-marker") || "0";
  const marker = Number(text);
  if (/^\d+$/.test(text) && marker <= Math.max(server.limits.maxParts, 10_000)) return marker;
  throw invalidArgument(
    "part-number-marker",
    text,
    "Provided part-number-marker not an integer or within integer range",
  );
}
