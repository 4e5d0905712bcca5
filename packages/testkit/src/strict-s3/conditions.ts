/**
 * Preconditions of reads, copies and writes. ETags are compared with their quotes taken off: S3 sends
 * them quoted and takes them either way (its own CLI sends them bare).
 */
import type { Bucket, StoredObject } from "./bucket.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error, notImplemented } from "./s3-error.ts";

/** For GET and HEAD. @throws `PreconditionFailed` or `NotModified`. */
export function checkReadConditions(request: S3Request, object: StoredObject, now: number): void {
  const failed = failedCondition(request, "", object, now);
  if (failed === undefined) return;
  if (failed === "If-Match" || failed === "If-Unmodified-Since") throw preconditionFailed(failed);
  throw new S3Error("NotModified", {
    headers: {
      etag: quote(object.etag),
      "last-modified": new Date(object.lastModified).toUTCString(),
    },
  });
}

/** For the source of a copy. @throws `PreconditionFailed`. */
export function checkCopyConditions(request: S3Request, source: StoredObject, now: number): void {
  const prefix = "x-amz-copy-source-";
  const failed = failedCondition(request, prefix, source, now);
  if (failed !== undefined) throw preconditionFailed(prefix + failed);
}

/** For PutObject, CopyObject and CompleteMultipartUpload: what may be at the key now. */
export function checkWriteConditions(request: S3Request, bucket: Bucket, key: string): void {
  const ifMatch = header(request, "if-match");
  const ifNoneMatch = header(request, "if-none-match");
  const refused = "We don't accept the provided value of %s header for this API";
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw notImplemented(
      "If-Match,If-None-Match",
      "Multiple conditional request headers present in the request",
    );
  }
  if (ifMatch === "*") throw notImplemented("If-Match", refused.replace("%s", "If-Match"));
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw notImplemented("If-None-Match", refused.replace("%s", "If-None-Match"));
  }
  const current = bucket.current(key);
  if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (current === undefined) throw new S3Error("NoSuchKey", { details: { Key: key } });
  if (unquote(ifMatch) !== current.etag) throw preconditionFailed("If-Match");
}

/** For deletes: `etag` is an ETag or `*`. */
export function checkDeleteCondition(bucket: Bucket, key: string, etag: string | undefined): void {
  if (etag === undefined) return;
  if (bucket.versions(key).length === 0) throw new S3Error("NoSuchKey", { details: { Key: key } });
  const current = bucket.current(key);
  if (current !== undefined && (etag === "*" || unquote(etag) === current.etag)) return;
  throw preconditionFailed("If-Match");
}

export function quote(etag: string): string {
  return `"${etag}"`;
}

/** Takes the quotes off, if there is one at each end. */
export function unquote(etag: string): string {
  return /^"(.*)"$/.exec(etag.trim())?.[1] ?? etag.trim();
}

/**
 * The first condition that does not hold. If-Match decides instead of If-Unmodified-Since, and
 * If-None-Match instead of If-Modified-Since, where both are there; dates in the future and dates that
 * cannot be read count for nothing.
 */
function failedCondition(
  request: S3Request,
  prefix: string,
  object: StoredObject,
  now: number,
): string | undefined {
  const ifMatch = header(request, `${prefix}if-match`);
  const ifNoneMatch = header(request, `${prefix}if-none-match`);
  const unmodifiedSince = dateOf(header(request, `${prefix}if-unmodified-since`));
  const modifiedSince = dateOf(header(request, `${prefix}if-modified-since`));
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) return "If-Match";
  } else if (unmodifiedSince !== undefined && object.lastModified > unmodifiedSince) {
    return "If-Unmodified-Since";
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, object.etag)) return "If-None-Match";
  } else if (modifiedSince !== undefined && modifiedSince <= now) {
    if (object.lastModified <= modifiedSince) return "If-Modified-Since";
  }
  return undefined;
}

function matches(list: string, etag: string): boolean {
  return list.trim() === "*" || list.split(",").some((one) => unquote(one) === etag);
}

function dateOf(text: string | undefined): number | undefined {
  const date = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : date;
}

function preconditionFailed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", { details: { Condition: condition } });
}
