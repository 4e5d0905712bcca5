/**
 * `write`, `writeLink`, `mkdir`: one PUT where that is enough, else an upload in parts.
 *
 * A body is sent by one PUT if it is in memory, or comes to be: streams are collected up to
 * `singlePutLimit`, and never more than `COLLECT_LIMIT`, so that they too can be sent again after a failure,
 * and protected by a checksum that the store compares before it stores anything.
 */
import type {
  Body,
  ConditionOptions,
  DirectoryOptions,
  Pacer,
  WriteOptions,
} from "../../driver.ts";
import type { Entry, Special } from "../../entry.ts";
import { StorageError, isStorageError } from "../../errors.ts";
import { hashBytes } from "../../hashes.ts";
import { checkSize } from "../../lib/body.ts";
import { BodyReader } from "./body-reader.ts";
import { createBucket } from "./s3-bucket.ts";
import { type Hashes, type Integrity, checkHashes, protectBody } from "./checksums.ts";
import {
  type ObjectAttributes,
  attributeHeaders,
  attributesOf,
  directoryEntry,
  roundMtime,
  writtenEntry,
} from "./s3-attributes.ts";
import { pickFurther } from "./further-attributes.ts";
import type { Outcome } from "./s3-client.ts";
import type { S3Context } from "./s3-context.ts";
import type { ResponseHeaders } from "./s3-errors.ts";
import { changesAttributes, mergedAttributes } from "./s3-copy.ts";
import { hidesMd5, storageClassHeaders } from "./s3-headers.ts";
import { headObject } from "./s3-read.ts";
import { uploadBody } from "./s3-upload.ts";
import { checkStored } from "./stored-etag.ts";

/** Most that is collected of a stream before it is sent: 64 MiB. */
const COLLECT_LIMIT: number = 64 * 1024 * 1024;
/** How often a body is sent again that the store took but has stored wrongly. */
const CORRUPT_ATTEMPTS = 2;

export async function writeObject(
  context: S3Context,
  path: string,
  body: Body,
  options: WriteOptions,
): Promise<Entry> {
  const key = context.beginWrite(path, options);
  const { singlePutLimit, profile } = context.config;
  const { size } = options;
  const limit = Math.min(singlePutLimit, profile.quirks.maxPartSize);
  if (body instanceof Uint8Array) {
    checkSize(path, size, body.byteLength);
    if (body.byteLength <= limit) return putObject(context, path, key, body, options);
    return uploadBody(context, path, body, { ...options, size: body.byteLength });
  }
  const reader = new BodyReader(path, body, options.signal);
  try {
    const collect = Math.min(limit, COLLECT_LIMIT);
    if (size === undefined || size <= collect) {
      const first = await reader.take(collect, size);
      if (await reader.atEnd()) {
        checkSize(path, size, first.byteLength);
        return await putObject(context, path, key, first, options);
      }
      if (size !== undefined) throw longerThan(path, size);
      return await uploadBody(context, path, reader, options, first);
    }
    return await uploadBody(context, path, reader, options);
  } finally {
    reader.leave();
  }
}

export async function writeLinkObject(
  context: S3Context,
  path: string,
  target: string,
  options: WriteOptions,
): Promise<Entry> {
  const key = context.beginWrite(path, options);
  const body = new TextEncoder().encode(target);
  return putObject(context, path, key, body, options, { kind: "symlink" });
}

export async function makeDirectory(
  context: S3Context,
  path: string,
  options: DirectoryOptions,
): Promise<void> {
  const root = context.beginWrite(path, options, { root: true });
  const isPlain = !changesAttributes(options);
  if (root === "") {
    if (isPlain) return createBucket(context, options);
    throw new StorageError("unsupported", { path, message: "a bucket keeps no attributes" });
  }
  const key = context.markerKey(path, root);
  const { signal } = options;
  const there = await headObject(context, path, key, { signal }).catch((error: unknown) => {
    // Who may write only has to do without what others noted there.
    if (isPlain || !isStorageError(error, "permission-denied")) throw error;
    return undefined;
  });
  if (isPlain && there !== undefined) return;
  const { mtime, mode, contentType, metadata } = options;
  const given = { mtime, mode, contentType, metadata, ...pickFurther(options), signal };
  const wanted = there === undefined ? given : { ...mergedAttributes(given, there), signal };
  await putObject(context, path, key, new Uint8Array(0), wanted, { kind: "directory" });
}

export async function writeSpecialObject(
  context: S3Context,
  path: string,
  special: Special,
  options: WriteOptions,
): Promise<Entry> {
  const key = context.beginWrite(path, options);
  return putObject(context, path, key, new Uint8Array(0), options, { kind: "file", special });
}

/** One PUT, checked. */
async function putObject(
  context: S3Context,
  path: string,
  key: string,
  bytes: Uint8Array,
  options: WriteOptions,
  what: Pick<ObjectAttributes, "kind" | "special"> = { kind: "file" },
): Promise<Entry> {
  const { hashes = {}, pace, signal } = options;
  checkHashes(path, bytes, hashes);
  const kept = what.kind === "file" ? keptHashes(context, bytes, hashes) : hashes;
  const attributes = attributesOf({ ...options, hashes: kept }, what);
  const integrity = protectBody(bytes, hashes, context.integrity);
  const headers = attributeHeaders(path, attributes, context.config.noMetadata);
  headers.push(
    ...context.headers.create,
    ...storageClassHeaders(context.config, options),
    ...integrity.headers,
  );
  if (isConditional(options)) headers.push(...(await context.condition(path, options)));
  // Until it is known whether ETags are MD5s, each answer may show it.
  const learns = context.facts.etagIsMd5 === "probe";
  const md5 = integrity.md5 ?? (learns ? hashBytes("md5", bytes) : undefined);
  const put: Put = { path, key, bytes, hashes, headers, integrity, attributes, pace, signal };
  for (let attempt = 1; ; attempt++) {
    const answer = await sendPut(context, put);
    if ("entry" in answer) return answer.entry;
    if (hidesMd5(answer.headers)) context.learnHidden();
    try {
      await checkStored(context, path, md5, answer.headers, signal);
    } catch (error) {
      if (isConditional(options) || attempt >= CORRUPT_ATTEMPTS) throw error;
      continue;
    }
    return entryAfter(context, path, bytes.byteLength, attributes, options, answer.headers);
  }
}

/** What lies with an object has to tell what its ETag does not. */
function keptHashes(context: S3Context, bytes: Uint8Array, hashes: Hashes): Hashes {
  if (!context.hidesMd5 || context.config.noMetadata || hashes.blake3 !== undefined) return hashes;
  return { ...hashes, blake3: hashBytes("blake3", bytes) };
}

interface Put {
  readonly path: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly hashes: Hashes;
  readonly headers: readonly string[];
  readonly integrity: Integrity;
  readonly attributes: ObjectAttributes;
  readonly pace: Pacer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The answer, or the entry of what an answer that was lost has made. */
async function sendPut(
  context: S3Context,
  { path, key, bytes, hashes, headers, integrity, attributes, pace, signal }: Put,
): Promise<{ readonly headers: ResponseHeaders } | { readonly entry: Entry }> {
  const outcome: Outcome = { uncertain: false };
  const { payloadHash } = integrity;
  const request = { method: "PUT", operation: "write", path, key, headers, payloadHash } as const;
  try {
    return await context.client.send({ ...request, body: bytes, pace, signal, outcome });
  } catch (error) {
    // Refused for a hash that the caller gave: is it wrong, or was it the way?
    if (isStorageError(error, "corrupt")) checkHashes(path, bytes, hashes, true);
    const lost = outcome.uncertain && isStorageError(error, "precondition-failed");
    const ours = lost && (await findOurs(context, path, key, bytes, attributes, signal));
    if (ours) return { entry: ours };
    throw error;
  }
}

function longerThan(path: string, size: number): StorageError {
  return new StorageError("corrupt", {
    path,
    message: `more than the ${size} bytes came that were announced; nothing was stored`,
  });
}

function entryAfter(
  context: S3Context,
  path: string,
  size: number,
  attributes: ObjectAttributes,
  options: WriteOptions,
  answer: ResponseHeaders,
): Entry {
  const { noMetadata, storageClass } = context.config;
  const entry = writtenEntry(path, size, attributes, answer, {
    ...context.etagFacts,
    noMetadata,
    storageClass: options.storageClass ?? storageClass,
  });
  return attributes.kind === "directory" ? directoryEntry(path, entry) : entry;
}

/**
 * A conditional PUT whose first answer was lost is refused when it is sent again, by its own success.
 * Is what lies there what was sent?
 */
async function findOurs(
  context: S3Context,
  path: string,
  key: string,
  bytes: Uint8Array,
  { mtime }: ObjectAttributes,
  signal: AbortSignal | undefined,
): Promise<Entry | undefined> {
  const found = await headObject(context, path, key, { signal });
  if (found?.entry.hashes?.md5 !== hashBytes("md5", bytes)) return undefined;
  const sameTime = mtime === undefined || found.entry.mtime === roundMtime(mtime);
  return sameTime ? found.entry : undefined;
}

function isConditional({ ifMatch, ifNoneMatch }: ConditionOptions): boolean {
  return ifMatch !== undefined || ifNoneMatch !== undefined;
}
