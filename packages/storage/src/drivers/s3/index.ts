/**
 * The S3 driver's definition. Importing it loads neither the HTTP client nor AWS's packages: what talks
 * to a server comes with `open`.
 */
import type { DriverDefinition } from "../../registry.ts";
import type { ProviderProfile } from "./providers.ts";
import { parseS3Url } from "./s3-location.ts";
import { S3_OPTIONS } from "./s3-options.ts";

/** `s3://bucket/prefix`: AWS S3 and everything that speaks its protocol. */
export const s3Definition: DriverDefinition = {
  name: "s3",
  schemes: ["s3"],
  help: "Amazon S3 and every store that speaks its protocol.",
  options: S3_OPTIONS,
  parseUrl: parseS3Url,
  async open(settings, root, context) {
    const { s3Config } = await import("./s3-settings.ts");
    const { S3Driver } = await import("./s3-driver.ts");
    const whole = { env: process.env, given: new Set(Object.keys(settings)) };
    return new S3Driver(await s3Config(settings, root, context ?? whole));
  },
};

/** What is known about each provider, by label; loaded when it is asked for. */
export async function s3Providers(): Promise<readonly ProviderProfile[]> {
  const { sortedProviders } = await import("./providers.ts");
  return sortedProviders();
}

export type { ProviderProfile } from "./providers.ts";
