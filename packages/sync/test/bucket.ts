/** A bucket of the strict S3 server, and drivers on it. */
import { type Driver, openDriver } from "@omnisync/storage";
import { type StrictS3, type StrictS3Options, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { onTestFinished } from "vitest";

export interface TestBucket {
  readonly server: StrictS3;
  /** A driver of its own, as another machine has it. */
  open(settings?: Readonly<Record<string, string | number | boolean>>): Promise<Driver>;
}

/** Ends with the test. */
export async function serveBucket(options: StrictS3Options = {}): Promise<TestBucket> {
  const server = await startStrictS3({ buckets: { bucket: {} }, ...options });
  onTestFinished(() => server.close());
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const fixed = { bucket: "bucket", endpoint, region, accessKeyId, secretAccessKey };
  return {
    server,
    async open(settings = {}) {
      const driver = await openDriver(
        { driver: "s3", root: "", ...fixed, provider: "aws", ...settings },
        { env: {} },
      );
      onTestFinished(() => driver.close());
      return driver;
    },
  };
}
