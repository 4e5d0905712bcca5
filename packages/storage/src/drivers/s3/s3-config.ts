/** Everything the S3 driver needs to know, resolved. Made by `index.ts` from settings and environment. */
import type { CredentialSource } from "./credentials.ts";
import type { ProviderProfile } from "./providers.ts";

export interface S3Config {
  readonly bucket: string;
  /** Key prefix that is the driver's root, without slashes at its ends; "" for the bucket. */
  readonly root: string;
  /** Scheme, host and port, no path: `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  readonly region: string;
  /** `path`: endpoint/bucket/key. `virtual`: bucket.endpoint/key. */
  readonly addressing: "path" | "virtual";
  readonly profile: ProviderProfile;
  /** Gives fresh credentials for each call, from memory while they last. `undefined`: anonymous. */
  readonly credentials: CredentialSource | undefined;
  /** Bytes per part of a multipart upload, unless the object needs larger ones. Default 16 MiB. */
  readonly partSize: number;
  /** Objects up to this size are sent by one PUT. Default 16 MiB. */
  readonly singlePutLimit: number;
  /** Connections to the endpoint at once. Default 64. */
  readonly connections: number;
  /** Checksum sent with bodies. `auto`: what the provider's profile says. */
  readonly checksum: "auto" | "none" | "md5" | "crc32" | "crc64nvme" | "sha256";
  readonly storageClass: string | undefined;
  readonly serverSideEncryption: string | undefined;
  readonly sseKmsKeyId: string | undefined;
  /** SSE-C: 32 bytes, base64. Secret. */
  readonly sseCustomerKey: string | undefined;
  readonly requesterPays: boolean;
  /** Never send `omnisync` or attribute metadata (mtime, mode); for buckets that others constrain. */
  readonly noMetadata: boolean;
  /** Listings do not come in byte order, whatever the profile says. */
  readonly unorderedList: boolean;
  /** PEM file of additional certificate authorities. */
  readonly caBundle: string | undefined;
  /** `http://host:port` of a proxy for this endpoint, after NO_PROXY. */
  readonly proxy: string | undefined;
  /** Attempts per request, the first included. Default 5. */
  readonly maxAttempts: number;
  /** Milliseconds without a byte before a request counts as failed. Default 60,000. */
  readonly idleTimeout: number;
  /** Milliseconds until a connection has to be there. Default 10,000. */
  readonly connectTimeout: number;
}
