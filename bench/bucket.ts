/** Makes a bucket on a bench server. */
import { S3Driver } from "../packages/storage/src/drivers/s3/s3-driver.ts";
import { s3Config } from "../packages/storage/src/drivers/s3/s3-settings.ts";
import type { S3Access } from "./peers.ts";

export async function makeBucket(server: S3Access, bucket: string): Promise<void> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const settings = { bucket, endpoint, accessKeyId, secretAccessKey, region: "us-east-1" };
  const given = new Set(Object.keys(settings));
  const driver = new S3Driver(await s3Config(settings, "", { env: {}, given }));
  await driver.mkdir("");
  await driver.close();
}
