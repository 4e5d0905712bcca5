import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import type { AwsChainRequest } from "../../src/drivers/s3/aws-chain.ts";
import {
  type CredentialSource,
  type Credentials,
  cachedCredentials,
} from "../../src/drivers/s3/credentials.ts";
import { S3_OPTIONS } from "../../src/drivers/s3/s3-options.ts";
import { s3Config, type S3SettingsHooks } from "../../src/drivers/s3/s3-settings.ts";
import { parseSections, readSharedProfile } from "../../src/drivers/s3/shared-config.ts";
import { StorageError } from "../../src/errors.ts";
import { type Settings, resolveSettings } from "../../src/options.ts";

const MINUTE = 60_000;
const ENV_KEYS = { AWS_ACCESS_KEY_ID: "ENVID", AWS_SECRET_ACCESS_KEY: "env-secret" };
let home: string;
let serial = 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "omnisync-s3-credentials-"));
});
afterAll(() => rm(home, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

interface Given extends S3SettingsHooks {
  readonly explicit?: Settings;
  readonly flags?: Settings;
  readonly env?: Record<string, string>;
}

async function source(given: Given): Promise<CredentialSource | undefined> {
  const { explicit = {}, flags = {}, chain = refusing, now } = given;
  const env = { HOME: home, ...given.env };
  const settings = resolveSettings("s3", S3_OPTIONS, { explicit, flags, env });
  const names = new Set([...Object.keys(explicit), ...Object.keys(flags)]);
  const context = { env, given: names };
  return (await s3Config({ bucket: "bucket", ...settings }, "", context, { chain, now }))
    .credentials;
}

async function credentials(given: Given): Promise<Credentials | undefined> {
  return (await source(given))?.();
}

async function files(parts: {
  config?: string;
  credentials?: string;
}): Promise<Record<string, string>> {
  const stem = join(home, String(serial++));
  await writeFile(`${stem}-config`, parts.config ?? "");
  await writeFile(`${stem}-credentials`, parts.credentials ?? "");
  return {
    AWS_CONFIG_FILE: `${stem}-config`,
    AWS_SHARED_CREDENTIALS_FILE: `${stem}-credentials`,
  };
}

async function failure(work: Promise<unknown> | undefined): Promise<StorageError> {
  const error = await work?.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StorageError) return error;
  throw new Error("no StorageError was thrown", { cause: error });
}

function refusing(): Promise<Credentials> {
  return Promise.reject(new Error("the AWS chain was asked"));
}

const FILE_KEYS = "aws_access_key_id = FILEID\naws_secret_access_key = file-secret\n";

describe("which credentials are used", () => {
  test("keys of the environment, with their session token", async () => {
    const env = { ...ENV_KEYS, AWS_SESSION_TOKEN: "token" };
    expect(await credentials({ env })).toEqual({
      accessKeyId: "ENVID",
      secretAccessKey: "env-secret",
      sessionToken: "token",
    });
  });

  test("keys given in code beat all, and take no session token from the environment", async () => {
    const env = { ...ENV_KEYS, AWS_SESSION_TOKEN: "token", AWS_PROFILE: "default" };
    const explicit = { accessKeyId: "CODEID", secretAccessKey: "code-secret" };
    expect(await credentials({ explicit, env })).toEqual({
      accessKeyId: "CODEID",
      secretAccessKey: "code-secret",
      sessionToken: undefined,
    });
  });

  test("a profile named for this store beats keys in the environment, even if AWS_PROFILE says the same", async () => {
    const env = {
      ...ENV_KEYS,
      AWS_PROFILE: "work",
      ...(await files({ credentials: `[work]\n${FILE_KEYS}` })),
    };
    expect((await credentials({ env, flags: { profile: "work" } }))?.accessKeyId).toBe("FILEID");
    expect((await credentials({ env }))?.accessKeyId).toBe("ENVID");
  });

  test("the profile default, without any being named", async () => {
    const env = await files({
      credentials: `[default]\n${FILE_KEYS}aws_session_token = file-token\n`,
    });
    expect(await credentials({ env })).toMatchObject({
      accessKeyId: "FILEID",
      sessionToken: "file-token",
    });
  });

  test("anonymous needs none and looks for none", async () => {
    expect(await source({ flags: { anonymous: true }, env: {} })).toBeUndefined();
  });

  test.each([
    ["sso_session = corp", "aws sso login --profile work"],
    ["sso_start_url = https://x", "aws sso login --profile work"],
    [`role_arn = arn:x\nsource_profile = base\n${FILE_KEYS}`, "role_arn"],
    ["web_identity_token_file = /t\nrole_arn = arn:x", "role_arn"],
    ["credential_process = /bin/show --password hunter2", "credential_process"],
  ])("a profile with %j is handed to AWS's package", async (body, advice) => {
    const env = await files({ config: `[profile work]\n${body}\n` });
    const asked: AwsChainRequest[] = [];
    const chain = async (request: AwsChainRequest): Promise<Credentials> => {
      asked.push(request);
      return { accessKeyId: "CHAINID", secretAccessKey: "s" };
    };
    const flags = { profile: "work" };
    expect((await credentials({ env, flags, chain }))?.accessKeyId).toBe("CHAINID");
    expect(asked).toMatchObject([{ profile: "work", instanceOnly: false }]);
    const refuses = (): Promise<Credentials> =>
      Promise.reject(new Error("/bin/show --password hunter2"));
    const error = await failure(credentials({ env, flags, chain: refuses }));
    expect(error.code).toBe("unauthenticated");
    expect(error.message).toContain(advice);
    expect(error.message).not.toContain("hunter2");
    if (body.startsWith("credential_process")) expect(error.cause).toBeUndefined();
  });

  test("keys of a source_profile are not taken for the role's", async () => {
    const env = await files({
      config: "[profile work]\nrole_arn = arn:x\nsource_profile = work\n",
      credentials: `[work]\n${FILE_KEYS}`,
    });
    const chain = async (): Promise<Credentials> => ({ accessKeyId: "ROLE", secretAccessKey: "s" });
    expect((await credentials({ env, flags: { profile: "work" }, chain }))?.accessKeyId).toBe(
      "ROLE",
    );
  });

  test("a container's role is asked for where there is one", async () => {
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1/",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const chain = async ({ instanceOnly }: AwsChainRequest): Promise<Credentials> => ({
      accessKeyId: `instanceOnly=${instanceOnly}`,
      secretAccessKey: "s",
    });
    expect((await credentials({ env, chain }))?.accessKeyId).toBe("instanceOnly=false");
  });
});

describe("what is missing or wrong", () => {
  test.each([
    [
      { env: { AWS_ACCESS_KEY_ID: "A" } },
      /AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not/,
    ],
    [{ env: { AWS_SECRET_ACCESS_KEY: "sEcReT" } }, /AWS_SECRET_ACCESS_KEY is set, but/],
    [
      { env: ENV_KEYS, explicit: { accessKeyId: "A" } },
      /accessKeyId is set, but secretAccessKey is not/,
    ],
    [
      { env: ENV_KEYS, explicit: { sessionToken: "sEcReT" } },
      /sessionToken is set, but accessKeyId/,
    ],
    [{ env: { AWS_PROFILE: "nope" } }, /AWS_PROFILE\): "nope" is neither in/],
    [{ env: ENV_KEYS, flags: { profile: "nope" } }, /--s3-profile.*"nope" is neither in/],
  ] satisfies [Given, RegExp][])("%j", async (given, message) => {
    const error = await failure(source(given));
    expect(error.code).toBe("invalid-argument");
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("sEcReT");
  });

  test("no credentials at all: the four ways and anonymous, without asking anybody if the metadata service is off", async () => {
    const chain = vi.fn(refusing);
    const error = await failure(source({ env: { AWS_EC2_METADATA_DISABLED: "true" }, chain }));
    expect(error.code).toBe("unauthenticated");
    for (const way of ["AWS_ACCESS_KEY_ID", "--s3-profile", "SSO", "role", "--s3-anonymous"]) {
      expect(error.message).toContain(way);
    }
    expect(chain).not.toHaveBeenCalled();
  });

  test("a profile that is named and has no keys falls through to the machine's role", async () => {
    const env = await files({ config: "[profile work]\nregion = eu-west-1\n" });
    const chain = async ({ region }: AwsChainRequest): Promise<Credentials> => ({
      accessKeyId: String(region),
      secretAccessKey: "s",
    });
    expect((await credentials({ env, flags: { profile: "work" }, chain }))?.accessKeyId).toBe(
      "eu-west-1",
    );
  });
});

describe("expired tokens", () => {
  test("a token of the environment cannot be renewed: the error says so", async () => {
    const from = await source({ env: { ...ENV_KEYS, AWS_SESSION_TOKEN: "t" } });
    await from?.();
    const error = await failure(from?.({ refresh: true }));
    expect(error).toMatchObject({ code: "unauthenticated" });
    expect(error.message).toContain("AWS_SESSION_TOKEN");
  });

  test("keys without a token are given again", async () => {
    const from = await source({ env: ENV_KEYS });
    expect(await from?.({ refresh: true })).toMatchObject({ accessKeyId: "ENVID" });
  });

  test("a credentials file that was written again is read again", async () => {
    const env = await files({ credentials: `[default]\n${FILE_KEYS}aws_session_token = one\n` });
    let time = 0;
    const from = await source({ env, now: () => time });
    expect((await from?.())?.sessionToken).toBe("one");
    time = MINUTE;
    const stale = await failure(from?.({ refresh: true }));
    expect(stale.message).toContain('aws_session_token of profile "default" has expired');
    await writeFile(
      env["AWS_SHARED_CREDENTIALS_FILE"] as string,
      `[default]\n${FILE_KEYS}aws_session_token = two\n`,
    );
    expect((await from?.({ refresh: true }))?.sessionToken).toBe("two");
    expect((await from?.())?.sessionToken).toBe("two");
  });
});

describe("the cache", () => {
  /** Credentials of one hour each; `time` is the clock. */
  function fixture(): {
    readonly clock: { time: number };
    readonly load: ReturnType<typeof vi.fn<() => Promise<Credentials>>>;
    readonly get: CredentialSource;
  } {
    const clock = { time: 0 };
    let count = 0;
    const load = vi.fn(async (): Promise<Credentials> => {
      count++;
      await Promise.resolve();
      const expiresAt = clock.time + 60 * MINUTE;
      return { accessKeyId: `K${count}`, secretAccessKey: "s", expiresAt };
    });
    return { clock, load, get: cachedCredentials(load, () => clock.time) };
  }

  test("asks once for many workers", async () => {
    const { load, get } = fixture();
    const all = await Promise.all(Array.from({ length: 64 }, () => get()));
    expect(new Set(all.map((it) => it.accessKeyId))).toEqual(new Set(["K1"]));
    expect(load).toHaveBeenCalledTimes(1);
  });

  test("renews 5 minutes before the end, once for all", async () => {
    const { clock, load, get } = fixture();
    await get();
    clock.time = 55 * MINUTE - 1;
    expect((await get()).accessKeyId).toBe("K1");
    clock.time = 55 * MINUTE;
    const all = await Promise.all(Array.from({ length: 8 }, () => get()));
    expect(new Set(all.map((it) => it.accessKeyId))).toEqual(new Set(["K2"]));
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("goes on with the old ones while they last if a renewal fails, and does not ask at each request", async () => {
    const { clock, load, get } = fixture();
    await get();
    load.mockRejectedValue(new Error("away"));
    clock.time = 56 * MINUTE;
    expect((await get()).accessKeyId).toBe("K1");
    expect((await get()).accessKeyId).toBe("K1");
    expect(load).toHaveBeenCalledTimes(2);
    clock.time += MINUTE;
    expect((await get()).accessKeyId).toBe("K1");
    expect(load).toHaveBeenCalledTimes(3);
    clock.time = 60 * MINUTE;
    expect((await failure(get())).code).toBe("unauthenticated");
  });

  test("does not ask at each request when it gets the same ones again, near their end", async () => {
    const clock = { time: 0 };
    const load = vi.fn(async () => ({
      accessKeyId: "K",
      secretAccessKey: "s",
      expiresAt: 4 * MINUTE,
    }));
    const get = cachedCredentials(load, () => clock.time);
    for (clock.time = 0; clock.time < 29_000; clock.time += 1000) await get();
    expect(load).toHaveBeenCalledTimes(1);
    clock.time = 31_000;
    await get();
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("a failed first load is tried again by the next request", async () => {
    const { load, get } = fixture();
    load.mockRejectedValueOnce(new Error("away"));
    expect((await failure(get())).code).toBe("unauthenticated");
    expect((await get()).accessKeyId).toBe("K1");
  });

  test("a forced refresh renews at once, one renewal for all that were refused together", async () => {
    const { clock, load, get } = fixture();
    await get();
    clock.time = 10 * MINUTE;
    const forced = await Promise.all([get({ refresh: true }), get({ refresh: true })]);
    expect(forced.map((it) => it.accessKeyId)).toEqual(["K2", "K2"]);
    clock.time += 1000;
    expect((await get({ refresh: true })).accessKeyId).toBe("K2");
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("a forced refresh that fails does not fall back on what was refused", async () => {
    const { clock, load, get } = fixture();
    await get();
    clock.time = 10 * MINUTE;
    load.mockRejectedValue(new Error("away"));
    expect((await failure(get({ refresh: true }))).code).toBe("unauthenticated");
  });
});

describe("the shared files", () => {
  test("sections, comments, nested values, odd spacing", () => {
    const sections = parseSections(
      [
        "\ufeff# comment",
        "[default]",
        "region=eu-west-1 ; said so",
        "Output = json",
        "aws_secret_access_key = a#b=c/d+e",
        "s3 =",
        "  addressing_style = path",
        "\tmax_concurrent_requests = 20",
        "credential_process = /bin/x --a=b",
        "not a pair",
        "; comment",
        '[profile   "work one"]',
        "region = us-east-1\r",
      ].join("\n"),
    );
    expect(Object.fromEntries(sections.get("default") ?? [])).toEqual({
      region: "eu-west-1",
      output: "json",
      aws_secret_access_key: "a#b=c/d+e",
      s3: "",
      "s3.addressing_style": "path",
      "s3.max_concurrent_requests": "20",
      credential_process: "/bin/x --a=b",
    });
    expect(sections.get("profile work one")?.get("region")).toBe("us-east-1");
  });

  test("the credentials file wins over the config file, and missing files are empty", async () => {
    const env = await files({
      config: `[profile work]\nregion = r\naws_access_key_id = CONFIG\n`,
      credentials: "[work]\naws_access_key_id = CREDENTIALS\n",
    });
    const profile = await readSharedProfile("work", env);
    expect(profile.values.get("aws_access_key_id")).toBe("CREDENTIALS");
    expect(profile.values.get("region")).toBe("r");
    expect(await readSharedProfile("work", { HOME: join(home, "nobody") })).toMatchObject({
      found: false,
    });
  });

  test("a file that is named and cannot be read is an error", async () => {
    const error = await failure(readSharedProfile("x", { AWS_CONFIG_FILE: home }));
    expect(error.message).toContain("AWS_CONFIG_FILE");
  });
});

describe("AWS's own package", () => {
  let server: Server | undefined;
  afterEach(
    () =>
      new Promise<void>((resolve) => {
        if (server === undefined) return resolve();
        server.closeAllConnections();
        server.close(() => resolve());
        server = undefined;
      }),
  );

  /** A service on loopback; without an answer it is silent. @returns its address. */
  async function serve(answer: (request: IncomingMessage) => string | undefined): Promise<string> {
    server = createServer((request, response) => {
      const body = answer(request);
      if (body !== undefined) response.end(body);
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function metadata(answer: (path: string) => string | undefined): Promise<string[]> {
    const paths: string[] = [];
    const endpoint = await serve(({ method, url = "" }) => {
      paths.push(`${method} ${url}`);
      return answer(url);
    });
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
    return paths;
  }

  const real = async (given: Given): Promise<CredentialSource | undefined> => {
    const { awsChain } = await import("../../src/drivers/s3/aws-chain.ts");
    return source({ ...given, chain: awsChain });
  };

  test("takes the instance's role, with its end", async () => {
    const expiration = new Date(Date.now() + 60 * MINUTE);
    await metadata((path) => {
      if (path.endsWith("/token")) return "imds-token";
      if (path.endsWith("/security-credentials/")) return "my-role";
      return JSON.stringify({
        Code: "Success",
        AccessKeyId: "IMDS",
        SecretAccessKey: "s",
        Token: "t",
        Expiration: expiration.toISOString(),
      });
    });
    expect(await (await real({ env: {} }))?.()).toEqual({
      accessKeyId: "IMDS",
      secretAccessKey: "s",
      sessionToken: "t",
      expiresAt: expiration.getTime(),
    });
  });

  test("gives up on a metadata service that does not answer within about a second", async () => {
    const paths = await metadata(() => undefined);
    const started = performance.now();
    const error = await failure((await real({ env: {} }))?.());
    expect(performance.now() - started).toBeLessThan(1900);
    expect(paths).toEqual(["PUT /latest/api/token"]);
    expect(error.code).toBe("unauthenticated");
    expect(error.message).toContain("--s3-anonymous");
  });

  test("runs a credential_process", async () => {
    const answer = join(home, "answer.json");
    const body = { Version: 1, AccessKeyId: "PROCESS", SecretAccessKey: "s", SessionToken: "t" };
    await writeFile(answer, JSON.stringify(body));
    const env = await files({ config: `[profile tool]\ncredential_process = cat ${answer}\n` });
    const from = await real({ env, flags: { profile: "tool" } });
    expect(await from?.()).toMatchObject({ accessKeyId: "PROCESS", sessionToken: "t" });
  });

  test("signs in with what `aws sso login` has left", async () => {
    const expiration = Date.now() + 60 * MINUTE;
    let asked: IncomingMessage | undefined;
    const endpoint = await serve((request) => {
      asked = request;
      const roleCredentials = {
        ...{ accessKeyId: "SSO", secretAccessKey: "s", sessionToken: "t", expiration },
      };
      return JSON.stringify({ roleCredentials });
    });
    const cache = join(home, ".aws/sso/cache");
    await mkdir(cache, { recursive: true });
    const token = { accessToken: "sso-token", expiresAt: new Date(expiration).toISOString() };
    const name = createHash("sha1").update("corp").digest("hex");
    await writeFile(join(cache, `${name}.json`), JSON.stringify(token));
    vi.stubEnv("HOME", home);
    vi.stubEnv("AWS_ENDPOINT_URL_SSO", endpoint);
    const env = await files({
      config: `[profile work]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Reader
region = eu-west-1
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
`,
    });
    for (const [variable, file] of Object.entries(env)) vi.stubEnv(variable, file);
    const from = await real({ env, flags: { profile: "work" } });
    expect(await from?.()).toEqual({
      ...{ accessKeyId: "SSO", secretAccessKey: "s", sessionToken: "t", expiresAt: expiration },
    });
    expect(asked?.headers["x-amz-sso_bearer_token"]).toBe("sso-token");
    expect(asked?.url).toContain("role_name=Reader");
  });

  test("asks a container's service, with the token that the container was given", async () => {
    const expiration = new Date(Date.now() + 60 * MINUTE);
    let authorization: string | undefined;
    const endpoint = await serve(({ headers }) => {
      authorization = headers.authorization;
      return JSON.stringify({
        ...{ AccessKeyId: "BOX", SecretAccessKey: "s", Token: "t", Expiration: expiration },
      });
    });
    const uri = `${endpoint}/credentials`;
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "box-token");
    const from = await real({ env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri } });
    expect(await from?.()).toEqual({
      accessKeyId: "BOX",
      secretAccessKey: "s",
      sessionToken: "t",
      expiresAt: expiration.getTime(),
    });
    expect(authorization).toBe("box-token");
  });
});
