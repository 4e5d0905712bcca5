/** DeleteObjects: up to 1000 deletes in one request, each with an outcome of its own. */
import type { Bucket } from "./bucket.ts";
import { bucketOf, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { checkDeleteCondition } from "./conditions.ts";
import { deleteVersion } from "./objects.ts";
import { S3Error } from "./s3-error.ts";
import { childText, readXml } from "./xml-read.ts";
import type { XmlElement } from "./xml-read.ts";
import type { XmlNode } from "./xml-write.ts";

const most = 1000;

export function deleteObjects(call: Call): S3Response {
  const { server, payload } = call;
  const bucket = bucketOf(call);
  if (!payload.hasMd5 && payload.checksum === undefined) {
    throw new S3Error("InvalidRequest", {
      message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    });
  }
  const root = readXml(Buffer.concat(payload.content.chunks ?? []).toString());
  const objects = root.children.filter(({ name }) => name === "Object");
  const others = root.children.filter(({ name }) => name !== "Object" && name !== "Quiet");
  if (
    root.name !== "Delete" ||
    objects.length === 0 ||
    objects.length > most ||
    others.length > 0
  ) {
    throw new S3Error("MalformedXML");
  }
  const quiet = childText(root, "Quiet") === "true";
  const outcomes = objects.map((object) => deleteOne(bucket, object, server.now()));
  const reported = outcomes.filter(([name]) => name === "Error" || !quiet);
  return xmlResponse(["DeleteResult", reported]);
}

function deleteOne(bucket: Bucket, object: XmlElement, now: number): XmlNode {
  const key = childText(object, "Key");
  const versionId = childText(object, "VersionId");
  if (key === undefined) throw new S3Error("MalformedXML");
  const named: readonly (XmlNode | undefined)[] = [
    ["Key", key],
    versionId === undefined ? undefined : ["VersionId", versionId],
  ];
  try {
    if (key === "") throw new S3Error("InvalidArgument", { message: "Missing key" });
    checkDeleteCondition(bucket, key, childText(object, "ETag"));
    const { deleteMarker, versionId: affected } = deleteVersion(bucket, key, versionId, now);
    const marker: readonly XmlNode[] = [
      ["DeleteMarker", true],
      ["DeleteMarkerVersionId", affected ?? ""],
    ];
    return ["Deleted", [...named, ...(deleteMarker ? marker : [])]];
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return ["Error", [...named, ["Code", error.code], ["Message", error.message]]];
  }
}
