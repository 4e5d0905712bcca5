/** `s3://bucket/prefix`, taken apart. */
import { StorageError } from "../../errors.ts";
import { checkPath } from "../../path.ts";
import type { UrlParts } from "../../registry.ts";
import { S3_OPTIONS } from "./s3-options.ts";

/**
 * Splits `s3://bucket/prefix`. The prefix is taken as it is written: nothing in it is decoded, and a `?`
 * is a character as any other, unless what follows is meant for the server or for us.
 * @throws StorageError `invalid-argument` without repeating the URL where it could hold a secret;
 *   `invalid-path` for a prefix that is no path.
 */
export function parseS3Url(url: string): UrlParts {
  const match = /^s3:\/\/([^/]*)(?:\/(.*?))?\/?$/is.exec(url);
  if (match === null) throw invalid("write s3://bucket/prefix");
  const [, bucket = "", path = ""] = match;
  if (/[@:]/.test(bucket)) {
    throw invalid(
      "an s3:// URL takes no user, key or port: write s3://bucket/prefix, and give keys through AWS_ACCESS_KEY_ID " +
        "and AWS_SECRET_ACCESS_KEY or a profile, and a server with --s3-endpoint",
    );
  }
  if (bucket.includes("?") || holdsQuery(path)) {
    throw invalid(
      "an s3:// URL takes no query: write s3://bucket/prefix, and give settings as flags (--s3-region …)",
    );
  }
  if (bucket === "") throw invalid("the URL names no bucket: write s3://bucket/prefix");
  return { settings: { bucket: checkBucket(bucket) }, path: checkPath(path, { root: true }) };
}

/** What signed URLs have, and what may be a secret: that is refused, for shells and logs remember locations. */
const SIGNED_OR_SECRET =
  /^(x-(amz|goog|oss|obs|cos|bce)-|.*(secret|token|password|credential|signature|access-?key|access-?id)|expires$)/i;
const OWN_SETTINGS: ReadonlySet<string> = new Set(S3_OPTIONS.map(({ name }) => plain(name)));

/** Whether settings or a signature stand behind a `?`. */
function holdsQuery(path: string): boolean {
  const [, ...queries] = path.split("?");
  return queries
    .flatMap((query) => query.split("&"))
    .filter((pair) => pair.includes("="))
    .map((pair) => pair.split("=", 1)[0] as string)
    .some((name) => SIGNED_OR_SECRET.test(name) || OWN_SETTINGS.has(plain(name)));
}

/** `--s3-part-size`, `part_size` and `partSize` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/^-*s3-|[-_]/g, "");
}

/**
 * The bucket's name, if it can be one. Capitals and underscores are let through: old buckets of AWS and
 * buckets of other providers have them.
 * @throws StorageError `invalid-argument`.
 */
export function checkBucket(name: string): string {
  const problem = bucketProblem(name);
  if (problem === undefined) return name;
  throw invalid(`bucket ${JSON.stringify(name)}: ${problem}`);
}

function bucketProblem(name: string): string | undefined {
  if (name.length < 3 || name.length > 63) return "a bucket's name has 3 to 63 characters";
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    return "a bucket's name is made of letters, digits, dots, dashes and underscores";
  }
  if (!/^[A-Za-z0-9].*[A-Za-z0-9]$/.test(name))
    return "a bucket's name starts and ends with a letter or digit";
  if (name.includes("..")) return "a bucket's name has no two dots in a row";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return "a bucket's name does not look like an IP address";
  return undefined;
}

function invalid(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
