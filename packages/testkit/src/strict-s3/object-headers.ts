/** The headers that are kept with an object: what a client sends along and gets back on reading. */
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error, notImplemented } from "./s3-error.ts";

export interface ObjectHeaders {
  /** Content-Type and its kin, by lower-case name. */
  readonly system: Readonly<Record<string, string>>;
  /** User metadata, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const systemNames = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-website-redirect-location",
];
const metadataPrefix = "x-amz-meta-";
const maxMetadata = 2048;
const storageClasses =
  "STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER GLACIER_IR DEEP_ARCHIVE".split(
    " ",
  );
/** What AWS has and this server does not: refused rather than silently dropped. */
const foreign = [
  "x-amz-tagging",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-object-lock-legal-hold",
  "x-amz-write-offset-bytes",
];

export function readObjectHeaders(request: S3Request): ObjectHeaders {
  for (const name of foreign) if (request.headers.has(name)) throw notImplemented(name);
  checkAcl(request);
  const system: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const name of systemNames) {
    const value = header(request, name);
    if (value !== undefined) system[name] = value;
  }
  const encoding = withoutAwsChunked(system["content-encoding"]);
  delete system["content-encoding"];
  return {
    system: encoding === undefined ? system : { ...system, "content-encoding": encoding },
    metadata: readMetadata(request),
  };
}

export function readStorageClass(request: S3Request): string {
  const name = header(request, "x-amz-storage-class") ?? "STANDARD";
  if (storageClasses.includes(name)) return name;
  throw new S3Error("InvalidStorageClass", { details: { StorageClassRequested: name } });
}

export function objectHeaderFields({ system, metadata }: ObjectHeaders): Record<string, string> {
  const fields: Record<string, string> = { ...system };
  for (const [name, value] of Object.entries(metadata)) {
    fields[metadataPrefix + name] = asciiOrEncoded(value);
  }
  return fields;
}

function readMetadata(request: S3Request): Record<string, string> {
  const metadata: Record<string, string> = {};
  let size = 0;
  for (const [name, value] of request.headers) {
    if (!name.startsWith(metadataPrefix)) continue;
    const short = name.slice(metadataPrefix.length);
    metadata[short] = value;
    size += short.length + value.length; // Latin-1 strings: characters are bytes
  }
  if (size <= maxMetadata) return metadata;
  throw new S3Error("MetadataTooLarge", {
    details: { Size: size, MaxSizeAllowed: maxMetadata },
  });
}

/** Since 2023 buckets have no ACLs; the one that says nothing new is still taken. */
function checkAcl(request: S3Request): void {
  const acl = header(request, "x-amz-acl");
  const grants = [...request.headers.keys()].some((name) => name.startsWith("x-amz-grant-"));
  if ((acl !== undefined && acl !== "bucket-owner-full-control") || grants) {
    throw new S3Error("AccessControlListNotSupported");
  }
}

function withoutAwsChunked(encoding: string | undefined): string | undefined {
  const kept = encoding
    ?.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "aws-chunked" && part !== "");
  return kept === undefined || kept.length === 0 ? undefined : kept.join(",");
}

/** Bytes beyond ASCII come back in RFC 2047 form, as from S3, not as they were sent. */
function asciiOrEncoded(value: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  return `=?UTF-8?B?${Buffer.from(value, "latin1").toString("base64")}?=`;
}
