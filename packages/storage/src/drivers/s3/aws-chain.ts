/**
 * Sign-in that needs AWS's own services: SSO, assumed roles, external processes, web identity, containers
 * and instances. AWS's package does it; it is optional, and loaded by the first use only.
 * It reads `process.env` by itself.
 */
import { StorageError } from "../../errors.ts";
import type { Credentials } from "./credentials.ts";
import type { SharedFiles } from "./shared-config.ts";

export interface AwsChainRequest {
  readonly profile: string;
  readonly files: SharedFiles;
  /** For the sign-in services. `undefined`: what the profile or the environment says. */
  readonly region: string | undefined;
  /** Nothing is left to ask but the instance's metadata service: answer within a second or not at all. */
  readonly instanceOnly: boolean;
}

/** Signs in anew at each call. */
export type AwsChain = (request: AwsChainRequest) => Promise<Credentials>;

/** @throws StorageError `unsupported` if the optional package is not installed; else what AWS's package throws. */
export const awsChain: AwsChain = async (request) => {
  const { defaultProvider } = await loadPackage();
  const identity = await defaultProvider({
    profile: request.profile,
    configFilepath: request.files.config,
    filepath: request.files.credentials,
    ignoreCache: true,
    logger: SILENT,
    ...(request.region === undefined ? {} : { clientConfig: { region: request.region } }),
    // Without the older protocol a machine that is no EC2 instance costs one timeout, not two.
    ...(request.instanceOnly ? { timeout: 1000, maxRetries: 0, ec2MetadataV1Disabled: true } : {}),
  })();
  return {
    accessKeyId: identity.accessKeyId,
    secretAccessKey: identity.secretAccessKey,
    sessionToken: identity.sessionToken,
    expiresAt: identity.expiration?.getTime(),
  };
};

const ignore = (): void => {};
/** The package warns on the console otherwise. */
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function loadPackage(): Promise<typeof import("@aws-sdk/credential-provider-node")> {
  try {
    return await import("@aws-sdk/credential-provider-node");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new StorageError("unsupported", {
      message:
        "signing in by SSO, role, process, container or instance needs an optional package; npm install @aws-sdk/credential-provider-node",
      cause,
    });
  }
}
