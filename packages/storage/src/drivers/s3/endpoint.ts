/**
 * Where requests go: endpoint, region, provider and the form of addresses, from what was given, in
 * this order: an endpoint that was given, configured in the environment, or in the profile; the
 * provider's pattern; AWS. An endpoint without a provider is recognised by its host name.
 */
import { StorageError } from "../../errors.ts";
import { isAddressOrBareName, isLoopback } from "./host.ts";
import type { ProviderProfile } from "./provider-profile.ts";
import { providerByHost, providerByName } from "./providers.ts";

export interface PlaceRequest {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  /** Name of a provider, as the user wrote it. */
  readonly provider: string | undefined;
  /** A region that was given for this store. */
  readonly region: string | undefined;
  /** A region from the environment or the profile: meant for AWS, and weaker than the endpoint's own. */
  readonly ambientRegion: string | undefined;
  /** What stands for `{account}` in the provider's pattern. */
  readonly account: string | undefined;
  readonly addressing: "auto" | "path" | "virtual";
  readonly dualstack: boolean;
  readonly fips: boolean;
}

export interface Place {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly region: string;
  readonly profile: ProviderProfile;
  readonly addressing: "path" | "virtual";
}

/** @throws StorageError `invalid-argument` that names the setting and says what to write. */
export function resolvePlace(request: PlaceRequest): Place {
  const url = request.endpoint === undefined ? undefined : parseEndpoint(request.endpoint);
  const profile = chooseProvider(request.provider, url);
  const region = chooseRegion(profile, url, request);
  const endpoint = url?.origin ?? endpointOf(profile, region, request);
  const addressing = chooseAddressing(request, profile, new URL(endpoint));
  if (region === undefined) throw missingRegion(profile);
  return { endpoint, region, profile, addressing };
}

function parseEndpoint(text: string): URL {
  const refuse = (problem: string): StorageError => {
    // What stands before an "@" or after a "?" may be a secret.
    const shown = /[@?#]/.test(text) ? "" : ` "${text}"`;
    return invalid(`endpoint (--s3-endpoint, AWS_ENDPOINT_URL_S3)${shown}: ${problem}`);
  };
  if (!/^https?:\/\//i.test(text)) throw refuse("write it with its scheme, as https://host[:port]");
  if (!URL.canParse(text)) throw refuse("is not a URL; write https://host[:port]");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || text.includes("@")) {
    throw refuse("holds a user name; give keys through the environment or a profile");
  }
  if (url.search !== "" || url.hash !== "" || url.pathname !== "/") {
    throw refuse(
      "holds more than scheme, host and port; the bucket belongs into s3://bucket/prefix",
    );
  }
  return url;
}

function chooseProvider(name: string | undefined, url: URL | undefined): ProviderProfile {
  const guessed = url === undefined ? undefined : providerByHost(url.hostname);
  if (name === undefined) return guessed ?? providerByName(url === undefined ? "aws" : "other");
  const profile = providerByName(name);
  const contradicts =
    guessed !== undefined && guessed !== profile && profile.endpoint !== undefined;
  if (!contradicts) return profile;
  throw invalid(
    `the endpoint ${url?.origin} belongs to ${guessed.label}, but provider (--s3-provider) says ${profile.label}; ` +
      `leave one of them out (endpoints also come from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and the profile)`,
  );
}

function chooseRegion(
  profile: ProviderProfile,
  url: URL | undefined,
  request: PlaceRequest,
): string | undefined {
  if (request.region !== undefined) return checkRegion(request.region);
  const own = url === undefined ? undefined : regionOf(profile, url.hostname);
  if (own !== undefined) return own;
  const { ambientRegion } = request;
  if (ambientRegion === undefined) return profile.defaultRegion;
  // AWS_REGION is set on many machines for AWS; a provider that has but one region does not know it.
  const fits =
    profile.endpoint === undefined ||
    profile.endpoint.includes("{region}") ||
    profile.regions.length === 0 ||
    profile.regions.includes(ambientRegion);
  return fits ? checkRegion(ambientRegion) : profile.defaultRegion;
}

/** The region that stands in a host name of the provider's. */
function regionOf(profile: ProviderProfile, host: string): string | undefined {
  for (const [region, endpoint] of Object.entries(profile.regionEndpoints)) {
    if (new URL(endpoint).hostname === host) return region;
  }
  if (profile.name === "aws") {
    return /(?:^|\.)s3(?:-fips)?\.(?:dualstack\.)?([a-z0-9-]+)\.(?:vpce\.)?amazonaws\./.exec(
      host,
    )?.[1];
  }
  const pattern = profile.endpoint
    ?.replace("https://", "")
    .replaceAll(".", "\\.")
    .replace("{region}", "(?<region>[a-z0-9-]+?)(?:-internal)?")
    .replace("{account}", "[^.]+");
  const found = pattern && new RegExp(`^${pattern}$`).exec(host)?.groups?.["region"];
  // Accelerated endpoints stand in the place of a region and are none.
  return found && !found.startsWith("accelerate") ? found : undefined;
}

function endpointOf(
  profile: ProviderProfile,
  region: string | undefined,
  request: PlaceRequest,
): string {
  const pattern = profile.regionEndpoints[region ?? ""] ?? profile.endpoint;
  if (pattern === undefined) {
    throw invalid(
      `${profile.label} has no endpoint of its own; give yours with --s3-endpoint or AWS_ENDPOINT_URL_S3`,
    );
  }
  if (pattern.includes("{region}") && region === undefined) throw missingRegion(profile);
  const { account } = request;
  if (pattern.includes("{account}") && account === undefined) {
    throw invalid(
      `account (--s3-account) is missing: endpoints of ${profile.label} are ${pattern}; give it, or the whole --s3-endpoint`,
    );
  }
  if (account !== undefined && !/^[A-Za-z0-9-]+$/.test(account)) {
    throw invalid(`account (--s3-account) is not a name: letters, digits and dashes only`);
  }
  const endpoint = pattern.replace("{region}", region ?? "").replace("{account}", account ?? "");
  return profile.name === "aws" ? awsVariant(endpoint, request) : endpoint;
}

function awsVariant(endpoint: string, { dualstack, fips }: PlaceRequest): string {
  return endpoint.replace(
    "https://s3.",
    `https://s3${fips ? "-fips" : ""}.${dualstack ? "dualstack." : ""}`,
  );
}

function chooseAddressing(
  request: PlaceRequest,
  profile: ProviderProfile,
  endpoint: URL,
): "path" | "virtual" {
  const { bucket, addressing } = request;
  const noSubdomain = isAddressOrBareName(endpoint.hostname);
  if (addressing === "virtual" && noSubdomain && !isLoopback(endpoint.hostname)) {
    throw invalid(
      `addressing (--s3-addressing) virtual: no name can stand before ${endpoint.hostname}; use path or auto`,
    );
  }
  if (addressing !== "auto") return addressing;
  if (noSubdomain) return "path";
  if (profile.addressing !== "auto") return profile.addressing;
  // A certificate's wildcard covers one label, and host names have no capitals or underscores.
  const dotted = bucket.includes(".") && endpoint.protocol === "https:";
  return dotted || /[A-Z_]/.test(bucket) ? "path" : "virtual";
}

function checkRegion(region: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(region)) return region;
  throw invalid(
    `region (--s3-region, AWS_REGION) ${JSON.stringify(region)} is not a region; such as eu-central-1`,
  );
}

function missingRegion(profile: ProviderProfile): StorageError {
  const known =
    profile.regions.length > 0 ? `; ${profile.label} has ${profile.regions.join(", ")}` : "";
  return invalid(`region is missing: give it with --s3-region or AWS_REGION${known}`);
}

function invalid(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
