/** Which of AWS's operations a request is, from its method, its address and its subresource. */
import { S3Error } from "./s3-error.ts";

export type Operation = (typeof operations)[number];

/** AWS's names. `Unsupported` is everything else; it is answered with 501. */
export const operations = [
  "ListBuckets",
  "CreateBucket",
  "DeleteBucket",
  "HeadBucket",
  "GetBucketLocation",
  "GetBucketVersioning",
  "PutBucketVersioning",
  "ListObjects",
  "ListObjectsV2",
  "ListObjectVersions",
  "ListMultipartUploads",
  "DeleteObjects",
  "PutObject",
  "CopyObject",
  "GetObject",
  "HeadObject",
  "DeleteObject",
  "GetObjectAttributes",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
  "CompleteMultipartUpload",
  "AbortMultipartUpload",
  "ListParts",
  "Unsupported",
] as const;

export interface Routable {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
}

/** Subresources of S3 that this server does not have. */
const foreign = new Set(
  "accelerate acl analytics cors encryption intelligent-tiering inventory legal-hold lifecycle logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication requestPayment restore retention select tagging torrent website".split(
    " ",
  ),
);

export function operationOf(request: Routable): Operation {
  const { method, bucket, key, query } = request;
  if ([...query.keys()].some((name) => foreign.has(name))) return "Unsupported";
  if (bucket === "") return method === "GET" ? "ListBuckets" : "Unsupported";
  return key === "" ? bucketOperation(method, query) : objectOperation(request);
}

function bucketOperation(method: string, query: ReadonlyMap<string, string>): Operation {
  switch (method) {
    case "GET":
      if (query.has("location")) return "GetBucketLocation";
      if (query.has("versioning")) return "GetBucketVersioning";
      if (query.has("versions")) return "ListObjectVersions";
      if (query.has("uploads")) return "ListMultipartUploads";
      return query.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects";
    case "HEAD":
      return "HeadBucket";
    case "PUT":
      return query.has("versioning") ? "PutBucketVersioning" : "CreateBucket";
    case "POST":
      return query.has("delete") ? "DeleteObjects" : "Unsupported";
    case "DELETE":
      return "DeleteBucket";
    default:
      return "Unsupported";
  }
}

function objectOperation({ method, query, headers }: Routable): Operation {
  const copy = headers.has("x-amz-copy-source");
  switch (method) {
    case "GET":
      if (query.has("attributes")) return "GetObjectAttributes";
      return query.has("uploadId") ? "ListParts" : "GetObject";
    case "HEAD":
      return "HeadObject";
    case "PUT":
      if (query.has("uploadId") || query.has("partNumber")) {
        return copy ? "UploadPartCopy" : "UploadPart";
      }
      return copy ? "CopyObject" : "PutObject";
    case "POST":
      if (query.has("uploads")) return "CreateMultipartUpload";
      return query.has("uploadId") ? "CompleteMultipartUpload" : "Unsupported";
    case "DELETE":
      return query.has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
    default:
      return "Unsupported";
  }
}

/** The answer to an operation that exists at AWS and not here. */
export function unsupported(method: string): never {
  if (!["GET", "HEAD", "PUT", "POST", "DELETE"].includes(method)) {
    throw new S3Error("MethodNotAllowed", { details: { Method: method } });
  }
  throw new S3Error("NotImplemented", { message: "strict-s3 does not have this operation" });
}
