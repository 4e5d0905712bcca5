/** Makes a bucket on a bench server. */
import { createBucket } from "../packages/storage/src/drivers/s3/s3-bucket.ts";
import { s3Config } from "../packages/storage/src/drivers/s3/s3-settings.ts";
import type { S3Access } from "./peers.ts";

export async function makeBucket(server: S3Access, bucket: string): Promise<void> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const settings = { bucket, endpoint, accessKeyId, secretAccessKey, region: "us-east-1" };
  const given = new Set(Object.keys(settings));
  await createBucket(await s3Config(settings, "", { env: {}, given }));
}
