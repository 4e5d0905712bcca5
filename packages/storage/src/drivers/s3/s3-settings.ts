/** Settings, environment and shared profile, made into the driver's configuration. */
import { readFile } from "node:fs/promises";

import { StorageError } from "../../errors.ts";
import type { Settings } from "../../options.ts";
import { checkPath } from "../../path.ts";
import type { OpenContext } from "../../registry.ts";
import type { AwsChain } from "./aws-chain.ts";
import { type PartialKeys, credentialSource } from "./credential-chain.ts";
import { type Place, resolvePlace } from "./endpoint.ts";
import { isLoopback } from "./host.ts";
import { proxyFor } from "./proxy.ts";
import type { S3Config } from "./s3-config.ts";
import { checkBucket } from "./s3-location.ts";
import { type SharedProfile, readSharedProfile } from "./shared-config.ts";

/** What a test may replace. */
export interface S3SettingsHooks {
  readonly chain?: AwsChain | undefined;
  readonly now?: (() => number) | undefined;
}

/**
 * The configuration of a store, complete and checked.
 * @throws StorageError `invalid-argument` that names the setting; `unauthenticated` if there is nothing to sign
 *   in with. No message holds a secret.
 */
export async function s3Config(
  settings: Settings,
  root: string,
  context: OpenContext,
  hooks: S3SettingsHooks = {},
): Promise<S3Config> {
  const { env } = context;
  const read = reader(settings);
  const bucket = checkBucket(read.text("bucket") ?? missing("bucket", "s3://bucket/prefix"));
  const shared = await readSharedProfile(read.text("profile") ?? "default", env);
  const place = resolvePlace(placeRequest(bucket, settings, context, shared));
  const credentials = credentialSource({
    anonymous: read.flag("anonymous"),
    ...keysBySource(settings, context),
    shared,
    profileGiven: context.given.has("profile"),
    region: place.profile.name === "aws" ? place.region : undefined,
    env,
    ...hooks,
  });
  const caBundle = read.text("caBundle") ?? shared.values.get("ca_bundle");
  if (caBundle !== undefined) await checkCaBundle(caBundle);
  return {
    bucket,
    root: checkPath(root, { root: true }),
    ...place,
    credentials,
    ...sizes(read, place),
    ...encryption(read, place),
    connections: read.atLeastOne("connections", 64),
    checksum: (read.text("checksum") ?? "auto") as S3Config["checksum"],
    storageClass: read.text("storageClass"),
    requesterPays: read.flag("requesterPays"),
    noMetadata: read.flag("noMetadata"),
    unorderedList: read.flag("unorderedList"),
    caBundle,
    proxy: proxyFor(requestUrl(place, bucket), env),
    maxAttempts: read.atLeastOne("maxAttempts", 5),
    idleTimeout: read.atLeastOne("idleTimeout", 60_000),
    connectTimeout: read.atLeastOne("connectTimeout", 10_000),
  };
}

function placeRequest(
  bucket: string,
  settings: Settings,
  { env, given }: OpenContext,
  shared: SharedProfile,
): Parameters<typeof resolvePlace>[0] {
  const read = reader(settings);
  const ignores = (value: string | undefined): boolean => value?.toLowerCase() === "true";
  const ignored =
    ignores(env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]) ||
    ignores(shared.values.get("ignore_configured_endpoint_urls"));
  const configured = ignored ? undefined : (read.text("endpoint") ?? shared.endpoint);
  const style = given.has("addressing") ? undefined : shared.values.get("s3.addressing_style");
  return {
    bucket,
    endpoint: given.has("endpoint") ? read.text("endpoint") : configured,
    provider: read.text("provider"),
    region: given.has("region") ? read.text("region") : undefined,
    ambientRegion: read.text("region") ?? shared.values.get("region"),
    account: read.text("account"),
    addressing:
      style === "path" || style === "virtual" ? style : addressing(read.text("addressing")),
    dualstack: read.flag("dualstack"),
    fips: read.flag("fips"),
  };
}

function addressing(value: string | undefined): "auto" | "path" | "virtual" {
  return value === "path" || value === "virtual" ? value : "auto";
}

/**
 * Keys given for this store, and keys of the environment, apart: a session token that happens to be in
 * the environment does not belong to a key pair given in code.
 */
function keysBySource(
  settings: Settings,
  { given }: OpenContext,
): { readonly explicit: PartialKeys; readonly ambient: PartialKeys } {
  const read = reader(settings);
  const keys = (explicit: boolean): PartialKeys => {
    const get = (name: string): string | undefined =>
      given.has(name) === explicit ? read.text(name) : undefined;
    return {
      accessKeyId: get("accessKeyId"),
      secretAccessKey: get("secretAccessKey"),
      sessionToken: get("sessionToken"),
    };
  };
  return { explicit: keys(true), ambient: keys(false) };
}

function sizes(read: Reader, { profile }: Place): Pick<S3Config, "partSize" | "singlePutLimit"> {
  const { minPartSize, maxPartSize } = profile.quirks;
  const check = (name: string, flag: string, least: number): number => {
    const value = read.integer(name) ?? 16 * 1024 ** 2;
    if (value >= least && value <= maxPartSize) return value;
    throw invalid(
      `${name} (${flag}): write ${least} to ${maxPartSize} bytes, which is what the provider takes (${profile.label}), not ${value}`,
    );
  };
  return {
    partSize: check("partSize", "--s3-part-size", minPartSize),
    singlePutLimit: check("singlePutLimit", "--s3-single-put-limit", 0),
  };
}

function encryption(
  read: Reader,
  { endpoint }: Place,
): Pick<S3Config, "serverSideEncryption" | "sseKmsKeyId" | "sseCustomerKey"> {
  const sseKmsKeyId = read.text("sseKmsKeyId");
  const sseCustomerKey = read.text("sseCustomerKey");
  const given = read.text("serverSideEncryption");
  const serverSideEncryption = given ?? (sseKmsKeyId === undefined ? undefined : "aws:kms");
  if (sseKmsKeyId !== undefined && serverSideEncryption === "AES256") {
    throw invalid(
      "sseKmsKeyId (--s3-sse-kms-key-id): a KMS key needs serverSideEncryption (--s3-server-side-encryption) aws:kms, not AES256",
    );
  }
  if (sseCustomerKey !== undefined) {
    if (serverSideEncryption !== undefined) {
      throw invalid(
        "sseCustomerKey: a key of your own excludes serverSideEncryption and sseKmsKeyId",
      );
    }
    checkCustomerKey(sseCustomerKey, new URL(endpoint));
  }
  return { serverSideEncryption, sseKmsKeyId, sseCustomerKey };
}

function checkCustomerKey(key: string, endpoint: URL): void {
  const name = "sseCustomerKey (OMNISYNC_S3_SSE_CUSTOMER_KEY)";
  if (!/^[A-Za-z0-9+/]{43}=$/.test(key)) {
    throw invalid(
      `${name}: the value is not 32 bytes in base64; make one with: openssl rand -base64 32`,
    );
  }
  if (endpoint.protocol === "http:" && !isLoopback(endpoint.hostname)) {
    throw invalid(`${name}: the key would travel in the clear to ${endpoint.origin}; use https`);
  }
}

async function checkCaBundle(path: string): Promise<void> {
  const name = "caBundle (--s3-ca-bundle, AWS_CA_BUNDLE)";
  const text = await readFile(path, "latin1").catch((cause: NodeJS.ErrnoException) => {
    const message = `${name}: cannot read ${path} (${cause.code})`;
    throw new StorageError("invalid-argument", { message, cause });
  });
  // Node would take any text for a list of none.
  if (!/^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/m.test(text)) {
    throw invalid(`${name}: ${path} holds no certificate in PEM form`);
  }
}

/** The URL whose host a request names. */
function requestUrl({ endpoint, addressing: style }: Place, bucket: string): string {
  return style === "path" ? endpoint : endpoint.replace("://", `://${bucket}.`);
}

interface Reader {
  text(name: string): string | undefined;
  flag(name: string): boolean;
  integer(name: string): number | undefined;
  atLeastOne(name: string, fallback: number): number;
}

function reader(settings: Settings): Reader {
  const integer = (name: string): number | undefined => {
    const value = settings[name];
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw invalid(`${name}: ${String(value)} is not a whole number`);
  };
  return {
    text: (name) => {
      const value = settings[name];
      return value === undefined || value === "" ? undefined : String(value);
    },
    flag: (name) => settings[name] === true,
    integer,
    atLeastOne: (name, fallback) => {
      const value = integer(name) ?? fallback;
      if (value >= 1) return value;
      throw invalid(`${name}: ${value} is too small; at least 1`);
    },
  };
}

function missing(name: string, form: string): never {
  throw invalid(`${name} is missing; write ${form}`);
}

function invalid(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
