/** Operations on buckets themselves. */
import { Bucket } from "./bucket.ts";
import { bucketOf, emptyResponse, isoTime, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { S3Error } from "./s3-error.ts";
import { compareUtf8 } from "./utf8-order.ts";
import { childText, readXml } from "./xml-read.ts";
import type { XmlNode } from "./xml-write.ts";

export function listBuckets({ server }: Call): S3Response {
  const buckets = [...server.buckets.values()].sort((a, b) => compareUtf8(a.name, b.name));
  const nodes = buckets.map(({ name, created }): XmlNode => [
    "Bucket",
    [
      ["Name", name],
      ["CreationDate", isoTime(created)],
    ],
  ]);
  return xmlResponse([
    "ListAllMyBucketsResult",
    [
      ["Owner", [["ID", "strict-s3"]]],
      ["Buckets", nodes],
    ],
  ]);
}

/** In us-east-1 one's own bucket may be created again; elsewhere that is a conflict. */
export function createBucket({ server, request, payload }: Call): S3Response {
  const { bucket: name } = request;
  const { region } = server.settings;
  if (!isBucketName(name)) {
    throw new S3Error("InvalidBucketName", { details: { BucketName: name } });
  }
  checkConstraint(readConstraint(Buffer.concat(payload.content.chunks ?? []).toString()), region);
  if (!server.buckets.has(name)) server.buckets.set(name, new Bucket(name, server.now()));
  else if (region !== "us-east-1") {
    throw new S3Error("BucketAlreadyOwnedByYou", { details: { BucketName: name } });
  }
  return emptyResponse(200, { location: `/${name}` });
}

export function deleteBucket(call: Call): S3Response {
  const bucket = bucketOf(call);
  if (!bucket.empty) throw new S3Error("BucketNotEmpty", { details: { BucketName: bucket.name } });
  call.server.buckets.delete(bucket.name);
  return emptyResponse(204);
}

export function headBucket(call: Call): S3Response {
  bucketOf(call);
  return emptyResponse(200, { "x-amz-bucket-region": call.server.settings.region });
}

export function getBucketLocation(call: Call): S3Response {
  bucketOf(call);
  const { region } = call.server.settings;
  return xmlResponse(["LocationConstraint", region === "us-east-1" ? "" : region]);
}

export function getBucketVersioning(call: Call): S3Response {
  const { versioning } = bucketOf(call);
  return xmlResponse([
    "VersioningConfiguration",
    versioning === undefined ? [] : [["Status", versioning]],
  ]);
}

export function putBucketVersioning(call: Call): S3Response {
  const bucket = bucketOf(call);
  const root = readXml(Buffer.concat(call.payload.content.chunks ?? []).toString());
  const status = childText(root, "Status");
  if (root.name !== "VersioningConfiguration" || (status !== "Enabled" && status !== "Suspended")) {
    throw new S3Error("MalformedXML");
  }
  bucket.versioning = status;
  return emptyResponse(200);
}

function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  );
}

function readConstraint(text: string): string | undefined {
  if (text === "") return undefined;
  const root = readXml(text);
  if (root.name !== "CreateBucketConfiguration") throw new S3Error("MalformedXML");
  return childText(root, "LocationConstraint");
}

function checkConstraint(constraint: string | undefined, region: string): void {
  if (constraint === "us-east-1") {
    throw new S3Error("InvalidLocationConstraint", {
      details: { LocationConstraint: constraint },
    });
  }
  if ((constraint ?? "us-east-1") === region) return;
  throw new S3Error("IllegalLocationConstraintException", {
    message: `The ${constraint ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
}
