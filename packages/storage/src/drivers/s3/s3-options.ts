/** The options of the S3 driver, declared once. How they become a configuration: `s3-settings.ts`. */
import type { OptionDescriptor } from "../../options.ts";

export const S3_OPTIONS: readonly OptionDescriptor[] = [
  {
    name: "bucket",
    type: "string",
    flag: false,
    help: "Name of the bucket; it comes from the location, s3://bucket/prefix.",
  },
  {
    name: "endpoint",
    type: "string",
    env: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
    flag: true,
    help:
      "Address of the S3 server, as https://host[:port]. Without it the profile's `endpoint_url`, " +
      "then the provider's own, then AWS. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves out environment and profile.",
  },
  {
    name: "provider",
    type: "string",
    flag: true,
    help:
      "Name of the provider; `omnisync providers` lists them. " +
      "Without it the endpoint's host name tells, and an unknown server is tried out.",
  },
  {
    name: "region",
    type: "string",
    env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
    flag: true,
    help:
      "Region of the bucket. Without it the endpoint's, if its name tells; " +
      "then AWS_REGION, the profile's `region`, and the provider's default.",
  },
  {
    name: "account",
    type: "string",
    env: ["OMNISYNC_S3_ACCOUNT"],
    flag: true,
    help:
      "Account id or namespace, for providers that have it in the endpoint. " +
      "Cloudflare R2: the account id; Oracle: the namespace; Lyve Cloud: the account name.",
  },
  {
    name: "profile",
    type: "string",
    env: ["AWS_PROFILE"],
    flag: true,
    help:
      "Profile of the shared AWS files to take credentials, region and endpoint from. " +
      "One that is named here is used even where AWS_ACCESS_KEY_ID is set. Default `default`.",
  },
  {
    name: "accessKeyId",
    type: "string",
    env: ["AWS_ACCESS_KEY_ID"],
    flag: false,
    help: "Id of the access key; needs secretAccessKey.",
  },
  {
    name: "secretAccessKey",
    type: "string",
    env: ["AWS_SECRET_ACCESS_KEY"],
    flag: false,
    secret: true,
    help: "Secret of the access key.",
  },
  {
    name: "sessionToken",
    type: "string",
    env: ["AWS_SESSION_TOKEN"],
    flag: false,
    secret: true,
    help: "Session token of a temporary access key.",
  },
  {
    name: "anonymous",
    type: "boolean",
    default: false,
    flag: true,
    help: "Send unsigned requests, for public buckets. Credentials are not looked for.",
  },
  {
    name: "addressing",
    type: "choice",
    choices: ["auto", "path", "virtual"],
    default: "auto",
    flag: true,
    help:
      "Where the bucket stands: `path` is host/bucket, `virtual` is bucket.host. " +
      "`auto` takes path for addresses, localhost, bucket names with dots, and providers that want it.",
  },
  {
    name: "dualstack",
    type: "boolean",
    env: ["AWS_USE_DUALSTACK_ENDPOINT"],
    default: false,
    flag: true,
    help: "Use AWS's endpoint that has IPv6. Only where no endpoint is given.",
  },
  {
    name: "fips",
    type: "boolean",
    env: ["AWS_USE_FIPS_ENDPOINT"],
    default: false,
    flag: true,
    help: "Use AWS's FIPS 140 endpoint. Only where no endpoint is given.",
  },
  {
    name: "partSize",
    type: "size",
    default: 16 * 1024 ** 2,
    flag: true,
    help:
      "Size of a part of a multipart upload. Larger for objects that would need too many parts. " +
      "Each transfer holds a few parts in memory.",
  },
  {
    name: "singlePutLimit",
    type: "size",
    default: 16 * 1024 ** 2,
    flag: true,
    help: "Objects up to this size are sent by one request. At most the provider's limit, mostly 5 GiB.",
  },
  {
    name: "connections",
    type: "integer",
    default: 64,
    flag: true,
    help: "Connections to the endpoint at once.",
  },
  {
    name: "checksum",
    type: "choice",
    choices: ["auto", "none", "md5", "crc32", "crc64nvme", "sha256"],
    default: "auto",
    flag: true,
    help:
      "Checksum sent with bodies, which the store compares with what arrived. `auto` is what the provider " +
      "knows; older servers ignore the newer kinds, and check only md5.",
  },
  {
    name: "storageClass",
    type: "string",
    flag: true,
    help: "Storage class of new objects, such as STANDARD_IA. Without it the bucket's default.",
  },
  {
    name: "serverSideEncryption",
    type: "choice",
    choices: ["AES256", "aws:kms", "aws:kms:dsse"],
    flag: true,
    help: "Encryption by the store of new objects. Without it the bucket's default.",
  },
  {
    name: "sseKmsKeyId",
    type: "string",
    flag: true,
    help: "KMS key that encrypts new objects. Means aws:kms unless server-side encryption says otherwise.",
  },
  {
    name: "sseCustomerKey",
    type: "string",
    env: ["OMNISYNC_S3_SSE_CUSTOMER_KEY"],
    flag: false,
    secret: true,
    help:
      "Your own key for encryption by the store (SSE-C): 32 bytes in base64. " +
      "Who loses it loses the objects.",
  },
  {
    name: "requesterPays",
    type: "boolean",
    default: false,
    flag: true,
    help: "Agree to pay for requests to a requester-pays bucket.",
  },
  {
    name: "noMetadata",
    type: "boolean",
    default: false,
    flag: true,
    help:
      "Keep no mtime, mode or hash with objects. For buckets whose owner allows no user metadata; " +
      "the next run then compares by size and hash only.",
  },
  {
    name: "unorderedList",
    type: "boolean",
    default: false,
    flag: true,
    help:
      "The store lists keys in an order of its own: sort each listing. " +
      "Takes time and, for long listings, room in the temporary directory. Known of Storj.",
  },
  {
    name: "caBundle",
    type: "string",
    env: ["AWS_CA_BUNDLE"],
    flag: true,
    help: "PEM file of further certificate authorities to trust.",
  },
  {
    name: "maxAttempts",
    type: "integer",
    env: ["AWS_MAX_ATTEMPTS"],
    default: 5,
    flag: true,
    help: "Attempts per request, the first one counted.",
  },
  {
    name: "idleTimeout",
    type: "duration",
    default: 60_000,
    flag: true,
    help: "Time without a byte after which a request counts as failed.",
  },
  {
    name: "connectTimeout",
    type: "duration",
    default: 10_000,
    flag: true,
    help: "Time that a connection may take to come about, encryption included.",
  },
];
