import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { s3Definition } from "../../src/drivers/s3/index.ts";
import type { S3Config } from "../../src/drivers/s3/s3-config.ts";
import { S3_OPTIONS } from "../../src/drivers/s3/s3-options.ts";
import { s3Config } from "../../src/drivers/s3/s3-settings.ts";
import { StorageError } from "../../src/errors.ts";
import { type Settings, redactSettings, resolveSettings } from "../../src/options.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "s3cret-key-value" };
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "omnisync-s3-settings-"));
});
afterAll(() => rm(home, { recursive: true }));

interface Given {
  readonly explicit?: Settings;
  readonly flags?: Settings;
  readonly env?: Record<string, string>;
}

/** As `openDriver` does it, up to the configuration. */
async function configure({ explicit = {}, flags = {}, env = {} }: Given): Promise<S3Config> {
  const whole = { HOME: home, ...KEYS, ...env };
  const settings = resolveSettings("s3", S3_OPTIONS, {
    explicit: { bucket: "bucket", ...explicit },
    flags,
    env: whole,
  });
  const given = new Set(["bucket", ...Object.keys(explicit), ...Object.keys(flags)]);
  return s3Config(settings, "a/b", { env: whole, given });
}

async function failure(given: Given): Promise<StorageError> {
  const error = await configure(given).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StorageError) return error;
  throw new Error("nothing was thrown", { cause: error });
}

async function profileFile(text: string): Promise<Record<string, string>> {
  const path = join(home, `config-${Math.random().toString(36).slice(2)}`);
  await writeFile(path, text);
  return { AWS_CONFIG_FILE: path };
}

test("without anything it is AWS, virtual style, with the documented defaults", async () => {
  expect(await configure({})).toMatchObject({
    bucket: "bucket",
    root: "a/b",
    endpoint: "https://s3.us-east-1.amazonaws.com",
    region: "us-east-1",
    addressing: "virtual",
    profile: { name: "aws" },
    partSize: 16 * 1024 ** 2,
    singlePutLimit: 16 * 1024 ** 2,
    connections: 64,
    checksum: "auto",
    maxAttempts: 5,
    idleTimeout: 60_000,
    connectTimeout: 10_000,
    requesterPays: false,
    noMetadata: false,
    unorderedList: false,
    proxy: undefined,
  });
});

test("the endpoint: given in code, flag, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, profile, in this order", async () => {
  const shared = await profileFile(
    "[default]\nservices = mine\nendpoint_url = http://profile\n[services mine]\ns3 =\n  endpoint_url = http://services\n",
  );
  const given = {
    explicit: { endpoint: "http://code" },
    flags: { endpoint: "http://flag" },
    env: { AWS_ENDPOINT_URL_S3: "http://env-s3", AWS_ENDPOINT_URL: "http://env", ...shared },
  };
  const endpoint = async (from: Given): Promise<string> => (await configure(from)).endpoint;
  expect(await endpoint(given)).toBe("http://code");
  expect(await endpoint({ flags: given.flags, env: given.env })).toBe("http://flag");
  expect(await endpoint({ env: given.env })).toBe("http://env-s3");
  expect(await endpoint({ env: { AWS_ENDPOINT_URL: "http://env", ...shared } })).toBe("http://env");
  expect(await endpoint({ env: shared })).toBe("http://services");
  const plain = await profileFile("[default]\nendpoint_url = http://profile\n");
  expect(await endpoint({ env: plain })).toBe("http://profile");
});

test("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves out environment and profile, not what is given", async () => {
  const env = {
    AWS_ENDPOINT_URL: "http://env",
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
    ...(await profileFile("[default]\nendpoint_url = http://profile\n")),
  };
  expect((await configure({ env })).endpoint).toBe("https://s3.us-east-1.amazonaws.com");
  const given = { flags: { endpoint: "http://env" }, env };
  expect((await configure(given)).endpoint).toBe("http://env");
});

test.each([
  ["cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"],
  ["us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"],
  ["eu-central-1", "https://s3.eu-central-1.amazonaws.com"],
])("AWS's endpoint of %s is %s", async (region, endpoint) => {
  expect(await configure({ flags: { region } })).toMatchObject({ region, endpoint });
});

test("AWS's endpoints for IPv6 and FIPS", async () => {
  const env = { AWS_USE_DUALSTACK_ENDPOINT: "true", AWS_USE_FIPS_ENDPOINT: "true" };
  const { endpoint } = await configure({ env, flags: { region: "us-east-2" } });
  expect(endpoint).toBe("https://s3-fips.dualstack.us-east-2.amazonaws.com");
});

test.each([
  [{ provider: "wasabi", region: "eu-central-2" }, "https://s3.eu-central-2.wasabisys.com"],
  [{ provider: "r2", account: "0a1b" }, "https://0a1b.r2.cloudflarestorage.com"],
  [{ provider: "ovh", region: "us-east-va" }, "https://s3.us-east-va.io.cloud.ovh.us"],
  [{ provider: "gcs" }, "https://storage.googleapis.com"],
  [
    { provider: "oracle", account: "ns", region: "eu-zurich-1" },
    "https://ns.compat.objectstorage.eu-zurich-1.oraclecloud.com",
  ],
])("a provider's pattern gives the endpoint: %j", async (flags, endpoint) => {
  expect((await configure({ flags })).endpoint).toBe(endpoint);
});

test.each([
  ["https://s3.us-west-004.backblazeb2.com", "b2", "us-west-004"],
  ["https://s3.dualstack.eu-west-3.amazonaws.com", "aws", "eu-west-3"],
  ["https://oss-cn-beijing-internal.aliyuncs.com", "alibaba", "cn-beijing"],
  ["https://s3.us-east-va.io.cloud.ovh.us", "ovh", "us-east-va"],
  ["https://abc.r2.cloudflarestorage.com", "r2", "auto"],
  ["https://s3.example.com", "other", "sa-east-1"],
])(
  "endpoint %s: provider %s, region %s, whatever AWS_REGION says",
  async (endpoint, name, region) => {
    const config = await configure({ flags: { endpoint }, env: { AWS_REGION: "sa-east-1" } });
    expect(config).toMatchObject({ endpoint, region, profile: { name } });
  },
);

test("a region that is given beats the one in the endpoint's name", async () => {
  const flags = { endpoint: "https://s3.us-west-004.backblazeb2.com", region: "other-1" };
  expect((await configure({ flags })).region).toBe("other-1");
});

test.each([
  ["http://127.0.0.1:9000", "bucket", "path"],
  ["http://[::1]:9000", "bucket", "path"],
  ["http://localhost:9000", "bucket", "path"],
  ["http://minio:9000", "bucket", "path"],
  ["https://s3.example.com", "bucket", "path"],
  ["https://s3.eu-west-1.amazonaws.com", "bucket", "virtual"],
  ["https://s3.eu-west-1.amazonaws.com", "my.bucket", "path"],
  ["http://s3.eu-west-1.amazonaws.com", "my.bucket", "virtual"],
  ["https://s3.eu-west-1.amazonaws.com", "My_Bucket", "path"],
  ["https://oss-cn-beijing.aliyuncs.com", "bucket", "virtual"],
  ["https://abc.r2.cloudflarestorage.com", "bucket", "path"],
])("at %s the bucket %s is addressed by %s", async (endpoint, bucket, addressing) => {
  expect((await configure({ explicit: { bucket, endpoint } })).addressing).toBe(addressing);
});

test("addressing: the flag beats the profile, the profile beats the guess", async () => {
  const env = await profileFile("[default]\ns3 =\n  addressing_style = path\n");
  expect((await configure({ env })).addressing).toBe("path");
  expect((await configure({ env, flags: { addressing: "virtual" } })).addressing).toBe("virtual");
});

test.each([
  [{ endpoint: "127.0.0.1:9000" }, /--s3-endpoint.*"127.0.0.1:9000".*https:\/\/host/],
  [{ endpoint: "ftp://host" }, /--s3-endpoint/],
  [{ endpoint: "https://host/bucket" }, /more than scheme, host and port/],
  [{ provider: "wasaby" }, /--s3-provider.*wasabi/],
  [{ provider: "hetzner" }, /region is missing.*--s3-region.*fsn1/],
  [{ provider: "r2" }, /--s3-account/],
  [{ provider: "r2", account: "a.evil.example/" }, /--s3-account/],
  [{ provider: "minio" }, /MinIO.*--s3-endpoint/],
  [
    { provider: "wasabi", endpoint: "https://fra1.digitaloceanspaces.com" },
    /belongs to DigitalOcean.*Wasabi/,
  ],
  [{ region: "eu/../west" }, /--s3-region/],
  [{ addressing: "virtual", endpoint: "http://10.0.0.1" }, /--s3-addressing/],
  [{ partSize: "1M" }, /partSize \(--s3-part-size\).*5242880/],
  [{ singlePutLimit: "6G" }, /singlePutLimit \(--s3-single-put-limit\)/],
  [{ connections: "0" }, /connections/],
  [{ maxAttempts: "0" }, /maxAttempts/],
  [{ caBundle: "/nowhere/ca.pem" }, /--s3-ca-bundle.*\/nowhere\/ca.pem.*ENOENT/],
  [{ serverSideEncryption: "AES256", sseKmsKeyId: "k" }, /sseKmsKeyId/],
] as const)("bad settings are one clear line: %j", async (flags, message) => {
  const error = await failure({ flags });
  expect(error.code).toBe("invalid-argument");
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("\n");
});

test("a provider that people run themselves may stand at any host", async () => {
  const flags = { provider: "ceph", endpoint: "https://fra1.digitaloceanspaces.com" };
  expect((await configure({ flags })).profile.name).toBe("ceph");
});

test("a KMS key means aws:kms", async () => {
  const config = await configure({ flags: { sseKmsKeyId: "key" } });
  expect(config).toMatchObject({ serverSideEncryption: "aws:kms", sseKmsKeyId: "key" });
});

test("no message holds a secret", async () => {
  const secret = "sEcReT-value";
  const messages = [
    await failure({ flags: { endpoint: `https://user:${secret}@host` } }),
    await failure({ flags: { endpoint: `user:${secret}@host` } }),
    await failure({ flags: { endpoint: `https://host?key=${secret}` } }),
    await failure({ env: { OMNISYNC_S3_SSE_CUSTOMER_KEY: secret } }),
    await failure({
      explicit: { accessKeyId: "" },
      env: { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: secret },
    }),
    await failure({ env: { HTTPS_PROXY: `socks5://user:${secret}@proxy` } }),
    await failure({
      explicit: { endpoint: "http://s3.example.com" },
      env: { OMNISYNC_S3_SSE_CUSTOMER_KEY: Buffer.alloc(32, secret).toString("base64") },
    }),
  ];
  for (const { message } of messages) {
    expect(message).not.toContain(secret);
    expect(message).not.toContain(Buffer.alloc(32, secret).toString("base64"));
  }
});

test("a customer key is taken over https and on the own machine", async () => {
  const key = Buffer.alloc(32, 7).toString("base64");
  const env = { OMNISYNC_S3_SSE_CUSTOMER_KEY: key };
  expect((await configure({ env })).sseCustomerKey).toBe(key);
  const local = { env, flags: { endpoint: "http://127.0.0.1:9000" } };
  expect((await configure(local)).sseCustomerKey).toBe(key);
});

test("secrets have no flag and are redacted", () => {
  const secrets = S3_OPTIONS.filter((option) => option.secret).map((option) => option.name);
  expect(secrets).toEqual(["secretAccessKey", "sessionToken", "sseCustomerKey"]);
  for (const option of S3_OPTIONS) if (option.secret) expect(option.flag).toBe(false);
  const shown = redactSettings(S3_OPTIONS, { secretAccessKey: "x", region: "r" });
  expect(shown).toEqual({ secretAccessKey: "<redacted>", region: "r" });
});

test("every option's help starts with one short sentence", () => {
  for (const { name, help } of S3_OPTIONS) {
    const first = /^.*?[.](?= |$)/.exec(help)?.[0];
    expect(first?.length, name).toBeLessThan(110);
  }
});

test("a URL is taken apart, its prefix as it is written", () => {
  const parse = (url: string): unknown => s3Definition.parseUrl(url);
  expect(parse("s3://bucket")).toEqual({ settings: { bucket: "bucket" }, path: "" });
  expect(parse("s3://bucket/")).toEqual({ settings: { bucket: "bucket" }, path: "" });
  expect(parse("S3://Old_Bucket/a%20b/c#d@e:f/")).toEqual({
    settings: { bucket: "Old_Bucket" },
    path: "a%20b/c#d@e:f",
  });
});

test.each([
  ["s3://", /names no bucket/],
  ["s3:///prefix", /names no bucket/],
  ["s3://ab/x", /3 to 63/],
  [`s3://${"a".repeat(64)}`, /3 to 63/],
  ["s3://-abc", /starts and ends/],
  ["s3://a..b", /two dots/],
  ["s3://192.168.0.1/x", /IP address/],
  ["s3://buck et/x", /made of letters/],
  ["s3://bucket/x?region=eu", /no query/],
  ["s3://bucket/a//b", /empty segment/],
  ["s3://bucket/../x", /".."/],
])("the URL %s is refused", (url, message) => {
  expect(() => s3Definition.parseUrl(url)).toThrow(message);
});

test.each(["s3://AKID:sEcReT@bucket/x", "s3://AKID:sEc/ReT@bucket", "s3://bucket/x?secret=sEcReT"])(
  "a URL with a secret is refused without repeating it: %s",
  (url) => {
    let message = "";
    try {
      s3Definition.parseUrl(url);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain("s3://bucket/prefix");
    expect(message).not.toMatch(/sEc|AKID/);
  },
);
