/** What a handler gets and gives. Handlers are synchronous: what one does, it does at once. */
import type { Bucket, StoredObject } from "./bucket.ts";
import { quote } from "./conditions.ts";
import { encryptionHeaders } from "./encryption.ts";
import type { Payload } from "./payload.ts";
import type { S3Request } from "./request.ts";
import { S3Error } from "./s3-error.ts";
import type { ServerState } from "./server-state.ts";
import { xmlDocument } from "./xml-write.ts";
import type { XmlNode } from "./xml-write.ts";

export interface Call {
  readonly server: ServerState;
  readonly request: S3Request;
  readonly payload: Payload;
}

export interface S3Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  /** What `Content-Length` says; for HEAD it is not the length of `body`. Default: the body's. */
  readonly length?: number | undefined;
}

export type Handler = (call: Call) => S3Response;

/** @throws `NoSuchBucket`. */
export function bucketOf({ server, request }: Call, name: string = request.bucket): Bucket {
  const bucket = server.buckets.get(name);
  if (bucket !== undefined) return bucket;
  throw new S3Error("NoSuchBucket", { details: { BucketName: name } });
}

export function emptyResponse(status: number, headers: Record<string, string> = {}): S3Response {
  return { status, headers, body: [] };
}

export function xmlResponse(root: XmlNode, headers: Record<string, string> = {}): S3Response {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: [Buffer.from(xmlDocument(root))],
  };
}

/** Headers that say which object was written or read. */
export function identityHeaders(bucket: Bucket, object: StoredObject): Record<string, string> {
  const version = bucket.versioning === undefined ? {} : { "x-amz-version-id": object.versionId };
  return { etag: quote(object.etag), ...encryptionHeaders(object.encryption), ...version };
}

/** As XML documents write times. */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}
