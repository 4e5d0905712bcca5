/**
 * Which credentials are used, the first that there are: given in code; a profile named for this
 * store; `AWS_ACCESS_KEY_ID` and its fellows; the profile of the environment, or `default`; web identity,
 * container, instance. A profile that was named beats keys that happen to be in the environment, as in
 * AWS's own tools: who names an account means it.
 */
import { StorageError } from "../../errors.ts";
import { type AwsChain, awsChain } from "./aws-chain.ts";
import { type CredentialSource, type Credentials, cachedCredentials } from "./credentials.ts";
import { type Environment, type SharedProfile, readSharedProfile } from "./shared-config.ts";

export interface CredentialRequest {
  readonly anonymous: boolean;
  /** Given in code for this store. */
  readonly explicit: PartialKeys;
  /** From the environment. */
  readonly ambient: PartialKeys;
  /** The profile in force, as it was read. */
  readonly shared: SharedProfile;
  /** Whether that profile was named for this store, not by the environment. */
  readonly profileGiven: boolean;
  /** Region for AWS's sign-in services. */
  readonly region: string | undefined;
  readonly env: Environment;
  /** Default: AWS's package. */
  readonly chain?: AwsChain | undefined;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export interface PartialKeys {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}

/**
 * The source of a store's credentials; `undefined` for anonymous access.
 * @throws StorageError `invalid-argument` for half a key pair or an unknown profile, `unauthenticated` if
 *   there is nothing that could give credentials.
 */
export function credentialSource(request: CredentialRequest): CredentialSource | undefined {
  if (request.anonymous) return undefined;
  const explicit = keyPair(request.explicit, "accessKeyId", "secretAccessKey");
  if (explicit !== undefined) return fixed(explicit, "the session token given");
  if (request.explicit.sessionToken !== undefined) {
    throw invalid(
      "sessionToken is set, but accessKeyId and secretAccessKey are not; it needs both",
    );
  }
  if (request.profileGiven) return ofProfile(request) ?? ofMachine(request);
  const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
  const ambient = keyPair(request.ambient, ...names);
  if (ambient !== undefined) return fixed(ambient, "AWS_SESSION_TOKEN");
  return ofProfile(request) ?? ofMachine(request);
}

/** Keys of a profile that only AWS's services can turn into credentials, and what to do if they fail. */
const SIGN_INS: readonly (readonly [key: string, advice: (profile: string) => string])[] = [
  ["sso_session", (profile) => `run: aws sso login --profile ${profile}`],
  ["sso_start_url", (profile) => `run: aws sso login --profile ${profile}`],
  ["login_session", (profile) => `run: aws login --profile ${profile}`],
  ["role_arn", () => "check role_arn, source_profile or credential_source, and the role's trust"],
  ["web_identity_token_file", () => "check web_identity_token_file and role_arn"],
  ["credential_process", () => "run its credential_process by hand to see why"],
];

function ofProfile(request: CredentialRequest): CredentialSource | undefined {
  const { shared } = request;
  checkProfile(request);
  // A role comes before keys: the keys beside it are those that may assume it.
  const signIn = SIGN_INS.find(([key]) => shared.values.has(key));
  const keys = profileKeys(shared);
  if (keys !== undefined && signIn?.[0] !== "role_arn") return ofFile(shared, keys, request);
  if (signIn === undefined) return undefined;
  const [key, advice] = signIn;
  const failed = `profile "${shared.name}" (${key}) gave no credentials; ${advice(shared.name)}`;
  // What a process printed, or its command line, may hold a secret.
  return chained(request, { failed, instanceOnly: false, keepCause: key !== "credential_process" });
}

function checkProfile({ shared, profileGiven, env }: CredentialRequest): void {
  if (shared.found || (!profileGiven && !env["AWS_PROFILE"])) return;
  throw invalid(
    `profile (--s3-profile, AWS_PROFILE): "${shared.name}" is neither in ${shared.files.config} nor in ${shared.files.credentials}`,
  );
}

/** Keys from a file: who refreshes them writes the file again, so that a refresh reads it again. */
function ofFile(
  shared: SharedProfile,
  first: Credentials,
  request: CredentialRequest,
): CredentialSource {
  let last: Credentials | undefined;
  const load = async (): Promise<Credentials> => {
    if (last === undefined) return (last = first);
    const next = profileKeys(await readSharedProfile(shared.name, request.env));
    if (next === undefined || next.sessionToken === last.sessionToken) {
      if (last.sessionToken === undefined) return last;
      throw expired(`the aws_session_token of profile "${shared.name}"`);
    }
    return (last = next);
  };
  return cachedCredentials(load, request.now);
}

function profileKeys({ name, values }: SharedProfile): Credentials | undefined {
  const keys = {
    accessKeyId: values.get("aws_access_key_id"),
    secretAccessKey: values.get("aws_secret_access_key"),
    sessionToken: values.get("aws_session_token") ?? values.get("aws_security_token"),
  };
  const where = `of profile "${name}"`;
  return keyPair(keys, `aws_access_key_id ${where}`, `aws_secret_access_key ${where}`);
}

/** What the machine is by itself: a pod with a token, a container, an instance. */
function ofMachine(request: CredentialRequest): CredentialSource {
  const { env } = request;
  const attached =
    (env["AWS_WEB_IDENTITY_TOKEN_FILE"] && env["AWS_ROLE_ARN"]) ||
    env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] ||
    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (attached) {
    const failed = "the role of this container or pod gave no credentials";
    return chained(request, { failed, instanceOnly: false, keepCause: true });
  }
  const disabled = env["AWS_EC2_METADATA_DISABLED"];
  if (disabled && disabled.toLowerCase() !== "false") throw none();
  return chained(request, { failed: none().message, instanceOnly: true, keepCause: true });
}

interface ChainUse {
  /** The message if it gives nothing. */
  readonly failed: string;
  readonly instanceOnly: boolean;
  readonly keepCause: boolean;
}

function chained(request: CredentialRequest, use: ChainUse): CredentialSource {
  const { chain = awsChain, shared, region } = request;
  const load = async (): Promise<Credentials> => {
    try {
      const { instanceOnly } = use;
      return await chain({ profile: shared.name, files: shared.files, region, instanceOnly });
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const cause = use.keepCause ? error : undefined;
      throw new StorageError("unauthenticated", { message: use.failed, cause });
    }
  };
  return cachedCredentials(load, request.now);
}

/** Keys that nothing can renew. */
function fixed(keys: Credentials, token: string): CredentialSource {
  return async ({ refresh = false } = {}) => {
    if (refresh && keys.sessionToken !== undefined) throw expired(token);
    return keys;
  };
}

function keyPair(keys: PartialKeys, idName: string, secretName: string): Credentials | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  const [has, lacks] = accessKeyId === undefined ? [secretName, idName] : [idName, secretName];
  throw invalid(`${has} is set, but ${lacks} is not; an access key needs both`);
}

function invalid(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}

function expired(what: string): StorageError {
  return new StorageError("unauthenticated", {
    message: `${what} has expired; sign in again and give the new one`,
  });
}

function none(): StorageError {
  return new StorageError("unauthenticated", {
    message:
      "no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or name a profile of ~/.aws with keys " +
      "(--s3-profile, AWS_PROFILE); or sign in with SSO, a role or a credential_process in such a profile; or run where a role is attached " +
      "(EC2, ECS, EKS). For a public bucket: --s3-anonymous",
  });
}
