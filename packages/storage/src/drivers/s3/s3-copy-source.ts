/** The source of a server-side copy, as the requests that copy name it. */
import type { CopySource, Driver } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { unwrapDriver } from "../../lib/unwrap-driver.ts";
import type { S3Context } from "./s3-context.ts";
import { encodeKey } from "./sigv4.ts";
import { quoteEtag } from "./store-facts.ts";

const contexts = new WeakMap<Driver, S3Context>();

/** Lets copies from this driver find out where its objects are. */
export function registerSource(driver: Driver, context: S3Context): void {
  contexts.set(driver, context);
}

/**
 * The context of a driver whose objects this store can read by itself: same endpoint, same account.
 * Of accounts only the key is known, so two sessions of one role count as two.
 */
export function sourceContext(context: S3Context, source: Driver): S3Context | undefined {
  const found = contexts.get(unwrapDriver(source));
  if (found === undefined || found.config.endpoint !== context.config.endpoint) return undefined;
  if (found.config.credentials === context.config.credentials) return found;
  const { accessKeyId } = found.client;
  return accessKeyId !== undefined && accessKeyId === context.client.accessKeyId
    ? found
    : undefined;
}

/** @throws StorageError `unsupported` for a source that cannot be copied from. */
export function requireSource(context: S3Context, { driver, path }: CopySource): S3Context {
  const found = sourceContext(context, driver);
  if (found !== undefined) return found;
  throw new StorageError("unsupported", { path, message: "the source is in another store" });
}

/** `sourceHeaders` of UploadPartCopy, where some stores decode the key once more. */
export async function partSourceHeaders(
  context: S3Context,
  from: S3Context,
  key: string,
  source: Pick<CopySource, "ifMatch" | "version">,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (!key.includes("%")) return sourceHeaders(context, from, key, source);
  if (context.facts.partSourceDecoding === "probe") await context.settle(signal);
  const twice = context.facts.partSourceDecoding === "twice";
  return sourceHeaders(context, from, twice ? key.replaceAll("%", "%25") : key, source);
}

/** The headers that name a source and, with `ifMatch`, what it must be. */
export function sourceHeaders(
  context: S3Context,
  from: S3Context,
  key: string,
  { ifMatch, version }: Pick<CopySource, "ifMatch" | "version">,
): readonly string[] {
  const id = version === undefined ? "" : `?versionId=${encodeURIComponent(version)}`;
  const place = `/${encodeKey(from.config.bucket)}/${encodeKey(key)}${id}`;
  const match =
    ifMatch === undefined ? [] : ["x-amz-copy-source-if-match", quoteEtag(ifMatch, context.facts)];
  return ["x-amz-copy-source", place, ...match, ...from.headers.copySource];
}
