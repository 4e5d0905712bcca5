/**
 * `copy` and `setAttributes`: content that moves inside the store. One CopyObject up to the largest size
 * that it takes (5 GiB on AWS), beyond that an upload whose parts are copied.
 *
 * Changed attributes mean that all are written anew (REPLACE), so those that stay are read first and
 * sent along, the ones that S3 has and omnisync does not show (Cache-Control and its like) included.
 *
 * They must not come to lie with other content: a hash that is not its own, and the time of the old, would make
 * every later run take it for the old. So the copy is held to what was read, by a condition on its source or, of an
 * object onto itself, on its target. Where the store honours neither the ETag of the copy has to show it; one that
 * cannot (parts, KMS) gets no hash.
 */
import type { ConditionOptions, CopySource, Made, Part, WriteOptions } from "../../driver.ts";
import type { Attributes, Entry } from "../../entry.ts";
import { StorageError, isStorageError } from "../../errors.ts";
import { isMd5 } from "./checksums.ts";
import { pickFurther } from "./further-attributes.ts";
import { bareEtag } from "./list-scanner.ts";
import {
  type ObjectAttributes,
  attributeHeaders,
  blake3Of,
  withoutBlake3,
} from "./s3-attributes.ts";
import { completeUpload } from "./s3-complete.ts";
import type { S3Context } from "./s3-context.ts";
import { partSourceHeaders, requireSource, sourceHeaders } from "./s3-copy-source.ts";
import { type ResponseHeaders, refusalOf, text } from "./s3-errors.ts";
import { hidesMd5, storageClassHeaders } from "./s3-headers.ts";
import { abandonUpload, copyRange, createUpload } from "./s3-multipart.ts";
import { limitsOf } from "./s3-parts.ts";
import { type Found, headObject, missingFile } from "./s3-read.ts";
import { requireVersions } from "./s3-versions.ts";
import { partSizeFor } from "./part-size.ts";
import { conditionHeaders } from "./store-facts.ts";
import { childText } from "./xml.ts";

/** Parts of a large copy, bytes, and how many are copied at once: no content passes through here. */
const COPY_PART = 1024 ** 3;
const COPY_CONCURRENCY = 8;

/** Kept by REPLACE only if they are sent again. */
const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
  "x-amz-website-redirect-location",
];

export async function copyObject(
  context: S3Context,
  source: CopySource,
  path: string,
  options: WriteOptions,
): Promise<Made> {
  const key = context.beginWrite(path, options);
  const from = requireSource(context, source);
  const fromKey = from.begin(source.path, options);
  const { signal } = options;
  if (isSamePlace(context, from) && key === fromKey && source.version === undefined) {
    throw new StorageError("invalid-argument", { path, message: "would copy onto itself" });
  }
  if (source.version !== undefined) await requireVersions(from, source.path, signal);
  if (source.ifMatch !== undefined) await context.require(source.path, "copySource", signal);
  const found = changesAttributes(options) ? await findSource(from, source, signal) : undefined;
  const copy: Copy = {
    ...{ from, fromKey, path, key, options },
    ...(await held(context, source, found, signal)),
  };
  const condition = await context.condition(path, options, "copyTarget");
  let made: string | undefined;
  try {
    if (found !== undefined && isLarge(context, found)) throw tooLargeForOne(path);
    made = await copyWhole(context, copy, condition);
    await refuseOther(context, copy, made);
  } catch (error) {
    if (isOwnPin(copy, source, error)) throw changed(source.path);
    if (isStorageError(error, "not-found")) throw await whatIsMissing(copy, error);
    if (!isStorageError(error, "invalid-argument", "too-large")) throw error;
    // CopyObject refuses what is too large for it; how large the source is shows only now.
    const large = found ?? (await findSource(from, source, signal));
    if (!isLarge(context, large)) throw error;
    return copyLarge(context, { ...copy, found: large });
  }
  const entry = await present(context, path, key, signal);
  return { ...entry, isOwn: made !== undefined && made === entry.etag };
}

export async function setObjectAttributes(
  context: S3Context,
  path: string,
  attributes: Attributes,
  options: ConditionOptions,
): Promise<Entry> {
  const key = context.beginWrite(path, { ...attributes, ...options });
  const { ifMatch, ifNoneMatch, signal } = options;
  if (ifMatch !== undefined) await context.require(path, "copySource", signal);
  const found = await headObject(context, path, key, { signal });
  if (found === undefined) throw await missingFile(context, path, key, signal);
  const { etag, storageClass } = found.entry;
  if (ifNoneMatch !== undefined || (ifMatch !== undefined && ifMatch !== etag)) {
    throw new StorageError("precondition-failed", { path });
  }
  const source: CopySource = { driver: undefined as never, path };
  const write: WriteOptions = { ...attributes, storageClass: storageClass ?? "STANDARD", signal };
  const copy: Copy = {
    ...{ from: context, fromKey: key, path, key },
    options: storageClass === undefined ? { ...attributes, signal } : write,
    ...(await held(context, source, found, signal)),
  };
  try {
    if (isLarge(context, found)) return await copyLarge(context, copy);
    await refuseOther(context, copy, await copyOntoItself(context, copy));
  } catch (error) {
    if (!isStorageError(error, "precondition-failed")) throw error;
    throw ifMatch === undefined ? changed(path) : error;
  }
  return present(context, path, key, signal);
}

/** Held to what is there by its target where it cannot be by its source: both are one. */
function copyOntoItself(context: S3Context, copy: Copy): Promise<string | undefined> {
  const etag = copy.found?.entry.etag;
  if (copy.isHeld || context.facts.conditions.copyTarget !== true || etag === undefined)
    return copyWhole(context, copy, []);
  const condition = conditionHeaders({ ifMatch: etag }, context.facts);
  return copyWhole(context, { ...copy, isHeld: true }, condition);
}

/** How a copy is held to the object whose attributes are written with it. */
async function held(
  context: S3Context,
  source: CopySource,
  found: Found | undefined,
  signal: AbortSignal | undefined,
): Promise<Pick<Copy, "source" | "found" | "isHeld">> {
  const etag = found?.entry.etag;
  if (etag !== undefined && context.facts.conditions.copySource === "probe")
    await context.settle(signal);
  const isHeld = context.facts.conditions.copySource === true;
  const ifMatch = source.ifMatch ?? (isHeld ? etag : undefined);
  return {
    source: { ...source, ifMatch },
    found,
    isHeld: ifMatch !== undefined || source.version !== undefined,
  };
}

/** Whether the condition that was refused is one that the caller knows nothing of. */
function isOwnPin(copy: Copy, given: CopySource, error: unknown): boolean {
  const { ifMatch, ifNoneMatch } = copy.options;
  if (given.ifMatch !== undefined || ifMatch !== undefined || ifNoneMatch !== undefined)
    return false;
  return copy.source.ifMatch !== undefined && isStorageError(error, "precondition-failed");
}

/**
 * Attributes that have come to lie with other content than they were read with say nothing of it: its hash and its
 * time go, so that nobody takes it for the old one. @throws StorageError `changed` then.
 */
async function refuseOther(
  context: S3Context,
  copy: Copy,
  made: string | undefined,
): Promise<void> {
  const { found, source, path, key, isHeld, options } = copy;
  const { signal } = options;
  if (found === undefined || !showsContent(context, found) || made === found.entry.etag) return;
  const now = await headObject(context, path, key, { signal });
  const etag = now?.entry.etag;
  if (now !== undefined && etag === found.entry.etag) return;
  // Somebody has written it anew, with attributes of its own.
  if (now === undefined || (made !== undefined && made !== etag)) throw changed(source.path);
  const isKnown = showsContent(context, now);
  if (!isKnown && isHeld) return;
  const { storageClass, mtime } = now.entry;
  const plain = {
    entry: { ...now.entry, mtime: isKnown ? undefined : mtime },
    headers: withoutBlake3(now.headers),
  };
  const again: Copy = {
    ...{ from: context, fromKey: key, path, key, options: { storageClass, signal } },
    ...{ source: { driver: undefined as never, path }, found: plain, isHeld: false },
  };
  await copyWhole(context, again, []);
  if (isKnown) throw changed(source.path);
}

/** AWS answers `NoSuchKey` for a missing source, and for an `If-Match` on a missing target. */
async function whatIsMissing(
  { from, fromKey, source, path, options }: Copy,
  error: StorageError,
): Promise<StorageError> {
  const { ifMatch, signal } = options;
  if (refusalOf(error)?.code === "NoSuchBucket") return error;
  const found = await headObject(from, source.path, fromKey, { version: source.version, signal });
  if (found === undefined) return missingSource(from, source, fromKey, signal);
  if (ifMatch === undefined) return error;
  return new StorageError("precondition-failed", { path, cause: error });
}

async function missingSource(
  from: S3Context,
  { path, version }: CopySource,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StorageError> {
  if (version !== undefined) return new StorageError("not-found", { path });
  return missingFile(from, path, key, signal);
}

interface Copy {
  readonly from: S3Context;
  readonly fromKey: string;
  readonly source: CopySource;
  readonly path: string;
  readonly key: string;
  readonly options: WriteOptions;
  /** The source as it is, if it was looked at. Then all attributes are written, else they come along. */
  readonly found: Found | undefined;
  /** Whether the store copies nothing but that. */
  readonly isHeld: boolean;
}

/** One CopyObject; gives the ETag of the copy. */
async function copyWhole(
  context: S3Context,
  { from, fromKey, source, path, key, options, found, isHeld }: Copy,
  condition: readonly string[],
): Promise<string | undefined> {
  // A hash must not come to lie with content that it may not be of.
  const stamp = (known: Found): Found =>
    isHeld || showsContent(context, known)
      ? known
      : { ...known, headers: withoutBlake3(known.headers) };
  const attributes =
    found === undefined
      ? ["x-amz-metadata-directive", "COPY"]
      : ["x-amz-metadata-directive", "REPLACE", ...replaced(context, path, options, stamp(found))];
  const root = await context.client.document({
    ...{ method: "PUT", operation: "copy", path, key, slow: true, signal: options.signal },
    headers: [
      ...context.headers.create,
      ...attributes,
      ...storageClassHeaders(context.config, options),
      ...sourceHeaders(context, from, fromKey, source),
      ...condition,
    ],
  });
  const etag = childText(root, "ETag");
  return etag === undefined ? undefined : bareEtag(etag);
}

async function copyLarge(context: S3Context, copy: Copy): Promise<Made> {
  const { from, source, path, key, options } = copy;
  const { entry, headers } = copy.found as Found;
  const { signal } = options;
  const condition = await context.condition(path, options, "complete");
  const honoured = context.facts.conditions.partSource === true;
  const ifMatch = honoured ? (source.ifMatch ?? entry.etag) : undefined;
  const pinned = { ifMatch, version: source.version };
  const place = await partSourceHeaders(context, from, copy.fromKey, pinned, signal);
  const partSize = partSizeFor(entry.size, COPY_PART, limitsOf(context));
  const attributes = mergedAttributes(options, copy.found as Found);
  const upload = await createUpload(
    context,
    path,
    { partSize, storageClass: options.storageClass, signal },
    { attributes, headers: [...keptHeaders(headers), ...keptEncryption(context, headers)] },
  );
  try {
    const count = Math.ceil(entry.size / partSize);
    const parts = await inParallel(count, COPY_CONCURRENCY, (index) => {
      const offset = index * partSize;
      const range = { offset, length: Math.min(partSize, entry.size - offset) };
      return copyRange(context, upload, index + 1, place, range, signal);
    });
    // Where the store does not look at the source's etag, this does; the gap is one request wide.
    const after = await headObject(from, source.path, copy.fromKey, { ...source, signal });
    if (after?.entry.etag !== entry.etag) throw changed(source.path);
    return await completeUpload(context, upload, parts, condition, signal);
  } catch (error) {
    if (!isStorageError(error) || error.operation !== "complete" || error.retry === "never") {
      await abandonUpload(context, upload, error);
    }
    if (key === copy.fromKey && isStorageError(error, "precondition-failed")) throw changed(path);
    throw error;
  }
}

/** Headers of all attributes: those given, for the rest those that are there. */
function replaced(
  context: S3Context,
  path: string,
  options: WriteOptions,
  found: Found,
): readonly string[] {
  const attributes = mergedAttributes(options, found);
  return [
    ...attributeHeaders(path, attributes, context.config.noMetadata),
    ...keptHeaders(found.headers),
    ...keptEncryption(context, found.headers),
  ];
}

/** Those given, and of the rest those that are there. */
export function mergedAttributes(options: Attributes, { entry, headers }: Found): ObjectAttributes {
  return {
    kind: entry.kind === "symlink" ? "symlink" : "file",
    special: entry.special,
    ...pickFurther(entry),
    ...pickFurther(options),
    mtime: options.mtime ?? entry.mtime,
    mode: options.mode ?? entry.mode,
    contentType: options.contentType ?? entry.contentType,
    metadata: options.metadata ?? entry.metadata,
    blake3: blake3Of(headers),
  };
}

function keptHeaders(headers: ResponseHeaders): string[] {
  return KEPT_HEADERS.flatMap((name) => {
    const value = text(headers, name);
    return value === undefined ? [] : [name, value];
  });
}

/** An object under a key of KMS stays under it where the configuration says nothing else. */
function keptEncryption({ config }: S3Context, headers: ResponseHeaders): string[] {
  if (config.serverSideEncryption !== undefined || config.sseCustomerKey !== undefined) return [];
  const algorithm = text(headers, "x-amz-server-side-encryption");
  const keyId = text(headers, "x-amz-server-side-encryption-aws-kms-key-id");
  if (!algorithm?.startsWith("aws:")) return [];
  const key = keyId === undefined ? [] : ["x-amz-server-side-encryption-aws-kms-key-id", keyId];
  return ["x-amz-server-side-encryption", algorithm, ...key];
}

async function findSource(
  from: S3Context,
  source: CopySource,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const { path, ifMatch, version } = source;
  const key = from.begin(path, { signal });
  const found = await headObject(from, path, key, { version, signal });
  if (found === undefined) throw await missingSource(from, source, key, signal);
  if (ifMatch === undefined || found.entry.etag === ifMatch) return found;
  throw new StorageError("precondition-failed", { path });
}

async function present(
  context: S3Context,
  path: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  const found = await headObject(context, path, key, { signal });
  if (found !== undefined) return found.entry;
  throw new StorageError("changed", { path, message: "was removed right after it was copied" });
}

export function changesAttributes(given: Attributes): boolean {
  const { mtime, mode, contentType, metadata } = given;
  const values = [mtime, mode, contentType, metadata, ...Object.values(pickFurther(given))];
  return values.some((value) => value !== undefined);
}

/** Whether a copy has the same ETag, and none of other content has. */
function showsContent({ facts }: S3Context, { entry, headers }: Found): boolean {
  const { etag } = entry;
  return facts.etagIsMd5 === true && etag !== undefined && isMd5(etag) && !hidesMd5(headers);
}

function isSamePlace({ config }: S3Context, { config: other }: S3Context): boolean {
  return config.endpoint === other.endpoint && config.bucket === other.bucket;
}

function isLarge(context: S3Context, { entry }: Found): boolean {
  return entry.size > limitsOf(context).maxPartSize;
}

function tooLargeForOne(path: string): StorageError {
  return new StorageError("too-large", { path });
}

function changed(path: string): StorageError {
  return new StorageError("changed", {
    path,
    message: "somebody wrote it meanwhile; look at it again",
  });
}

async function inParallel(
  count: number,
  concurrency: number,
  run: (index: number) => Promise<Part>,
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  const indices = Array.from({ length: count }, (_, index) => index).values();
  const worker = async (): Promise<void> => {
    for (const index of indices) parts[index] = await run(index);
  };
  const results = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return parts;
}
