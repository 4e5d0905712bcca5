/** Making buckets; not part of the storage contract. */
import type { CallOptions } from "../../driver.ts";
import { S3Client } from "./s3-client.ts";
import type { S3Config } from "./s3-config.ts";
import { refusalOf } from "./s3-errors.ts";
import { signedXml } from "./signed-xml.ts";
import { encodeXml } from "./xml.ts";

/** Creates the configured bucket; one that is the caller's already is success. */
export async function createBucket(config: S3Config, options: CallOptions = {}): Promise<void> {
  const client = new S3Client(config);
  const { region, profile } = config;
  // Elsewhere the region in the endpoint decides, and a location is refused as often as not.
  const elsewhere = profile.name === "aws" && region !== "us-east-1";
  const document = `<CreateBucketConfiguration><LocationConstraint>${encodeXml(region)}</LocationConstraint></CreateBucketConfiguration>`;
  try {
    await client.send({
      ...{ method: "PUT", operation: "createBucket", path: undefined, key: undefined },
      ...(elsewhere ? signedXml(document) : {}),
      signal: options.signal,
    });
  } catch (error) {
    if (refusalOf(error)?.code !== "BucketAlreadyOwnedByYou") throw error;
  } finally {
    await client.close();
  }
}
