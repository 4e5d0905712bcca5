/** S3 drivers for the driver suite: each over a fresh prefix of one bucket that is made for the run. */
import { randomBytes } from "node:crypto";
import type { DriverSetup } from "@omnisync/testkit";
import { S3Client } from "../../src/drivers/s3/s3-client.ts";
import type { S3Config } from "../../src/drivers/s3/s3-config.ts";
import { S3Driver } from "../../src/drivers/s3/s3-driver.ts";
import { s3Config } from "../../src/drivers/s3/s3-settings.ts";
import { signedXml } from "../../src/drivers/s3/signed-xml.ts";

export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** With `versions` the bucket keeps them. */
export async function s3Setup(
  access: S3Access,
  options: { readonly versions?: boolean } = {},
): Promise<DriverSetup> {
  const bucket = `suite-${randomBytes(6).toString("hex")}`;
  const { endpoint, region, accessKeyId, secretAccessKey } = access;
  const settings = { bucket, endpoint, region, accessKeyId, secretAccessKey };
  const configOf = (root: string): Promise<S3Config> =>
    s3Config(settings, root, { env: {}, given: new Set(Object.keys(settings)) });
  const whole = new S3Driver(await configOf(""), { cacheFile: "" });
  await whole.mkdir("");
  await whole.close();
  if (options.versions) await keepVersions(await configOf(""));
  const roots = new WeakMap<object, string>();
  const open = async (root: string): Promise<S3Driver> => {
    const driver = new S3Driver(await configOf(root), { cacheFile: "" });
    await driver.probe({ write: true });
    roots.set(driver, root);
    return driver;
  };
  let serial = 0;
  return {
    open: () => open(`root ${++serial} +%2F/ü`),
    reopen: (driver) => open(roots.get(driver) as string),
  };
}

async function keepVersions(config: S3Config): Promise<void> {
  const client = new S3Client(config);
  await client.send({
    ...{ method: "PUT", operation: "versioning", path: undefined, key: undefined },
    query: "versioning=",
    ...signedXml("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
  });
  await client.close();
}
