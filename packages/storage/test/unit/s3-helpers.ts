/** A strict S3 server and drivers on it, for tests of the S3 driver. */
import { type StrictS3, type StrictS3Options, startStrictS3 } from "@omnisync/testkit";
import { onTestFinished } from "vitest";
import { providerByName } from "../../src/drivers/s3/providers.ts";
import type { ProviderQuirks } from "../../src/drivers/s3/provider-profile.ts";
import type { S3Config } from "../../src/drivers/s3/s3-config.ts";
import { S3Driver, type S3DriverOptions } from "../../src/drivers/s3/s3-driver.ts";

export const BUCKET = "bucket";
const MIB = 1024 ** 2;

/** Ends with the test. */
export async function startServer(options: StrictS3Options = {}): Promise<StrictS3> {
  const server = await startStrictS3({ buckets: { [BUCKET]: {} }, ...options });
  onTestFinished(() => server.close());
  return server;
}

export interface ConfigChanges extends Partial<S3Config> {
  readonly provider?: string;
  readonly quirks?: Partial<ProviderQuirks>;
}

export function configOf(
  server: Pick<StrictS3, "endpoint" | "accessKeyId" | "secretAccessKey">,
  { provider = "aws", quirks, ...changes }: ConfigChanges = {},
): S3Config {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const profile = providerByName(provider);
  return {
    bucket: BUCKET,
    root: "",
    endpoint,
    region: "us-east-1",
    addressing: "path",
    profile: { ...profile, quirks: { ...profile.quirks, ...quirks } },
    credentials: async () => ({ accessKeyId, secretAccessKey }),
    partSize: 5 * MIB,
    singlePutLimit: 5 * MIB,
    connections: 16,
    checksum: "auto",
    storageClass: undefined,
    serverSideEncryption: undefined,
    sseKmsKeyId: undefined,
    sseCustomerKey: undefined,
    requesterPays: false,
    noMetadata: false,
    unorderedList: false,
    caBundle: undefined,
    proxy: undefined,
    maxAttempts: 4,
    idleTimeout: 10_000,
    connectTimeout: 10_000,
    ...changes,
  };
}

/** Closed with the test; forgets what probes find; waits hardly at all before it tries again. */
export function driverOn(
  server: Parameters<typeof configOf>[0],
  changes: ConfigChanges = {},
  options: S3DriverOptions = {},
): S3Driver {
  const retry = { baseDelay: 1, maxDelay: 5 };
  const driver = new S3Driver(configOf(server, changes), { cacheFile: "", retry, ...options });
  onTestFinished(() => driver.close());
  return driver;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export async function textAt(driver: S3Driver, path: string): Promise<string> {
  const { body } = await driver.read(path);
  return Buffer.concat(await Array.fromAsync(body)).toString();
}

export async function namesIn(driver: S3Driver): Promise<string[]> {
  const pages = await Array.fromAsync(driver.list("", { recursive: true, includeReserved: true }));
  return pages.flat().map(({ path }) => path);
}
