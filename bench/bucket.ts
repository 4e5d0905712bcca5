/** Makes a bucket on a bench server. */
import { openDriver } from "@omnisync/storage";
import { createBucket } from "@omnisync/storage/s3";
import type { S3Access } from "./peers.ts";

export async function makeBucket(server: S3Access, bucket: string): Promise<void> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const settings = {
    driver: "s3",
    bucket,
    endpoint,
    accessKeyId,
    secretAccessKey,
    region: "us-east-1",
  };
  const driver = await openDriver(settings, { env: {} });
  try {
    await createBucket(driver);
  } finally {
    await driver.close();
  }
}
