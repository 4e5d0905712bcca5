/** Signed URLs. Whoever has one acts in our name: it is never logged, nor part of an error. */
import type { PresignOptions } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import type { S3Context } from "./s3-context.ts";

/** A week, which is what signatures of version 4 are limited to; seconds. */
const LONGEST = 604_800;

export async function presignObject(
  context: S3Context,
  path: string,
  { method, expiresIn, contentType }: PresignOptions,
): Promise<string> {
  const key = context.begin(path, {});
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > LONGEST) {
    throw new StorageError("invalid-argument", {
      path,
      message: `expiresIn is a whole number of seconds, from 1 to ${LONGEST}`,
    });
  }
  // The type of an upload is part of what is signed; that of a download is what the answer shall say.
  const headers =
    method === "PUT" && contentType !== undefined ? ["content-type", contentType] : [];
  const query = context.config.requesterPays ? ["x-amz-request-payer", "requester"] : [];
  if (method === "GET" && contentType !== undefined) {
    query.push("response-content-type", contentType);
  }
  return context.client.presign(method, key, expiresIn, headers, query);
}
