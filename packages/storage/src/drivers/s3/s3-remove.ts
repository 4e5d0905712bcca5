/** `remove`, `removeMany`, `rmdir`. */
import type { CallOptions, RemoveOptions } from "../../driver.ts";
import { type ErrorCode, StorageError, isStorageError, toStorageError } from "../../errors.ts";
import { hashBytes } from "../../hashes.ts";
import { base64 } from "./checksums.ts";
import type { Outcome } from "./s3-client.ts";
import type { S3Context } from "./s3-context.ts";
import { readFailure, refusalOf, translateFailure } from "./s3-errors.ts";
import { firstKeys } from "./s3-list.ts";
import { signedXml } from "./signed-xml.ts";
import { headObject } from "./s3-read.ts";
import { childText, encodeXml, isXmlText } from "./xml.ts";

/** DELETEs at once, where there is no request for many. */
const SINGLE_CONCURRENCY = 16;

export async function removeObject(
  context: S3Context,
  path: string,
  options: RemoveOptions,
): Promise<void> {
  const { ifMatch, signal } = options;
  const key = context.begin(path, options);
  const condition = await context.condition(path, { ifMatch, signal }, "remove");
  const outcome: Outcome = { uncertain: false };
  const request = { method: "DELETE", operation: "remove", path, key, signal, outcome } as const;
  const headers = [...context.headers.plain, ...condition];
  try {
    await context.client.send({ ...request, headers });
  } catch (error) {
    const missing = isStorageError(error, "not-found");
    if (ifMatch === undefined && missing && refusalOf(error)?.code !== "NoSuchBucket") return;
    if (ifMatch === undefined || !(missing || isStorageError(error, "precondition-failed")))
      throw error;
    // Refused by its own success, if the first answer was lost.
    const isGone =
      outcome.uncertain && (await headObject(context, path, key, { signal })) === undefined;
    if (!isGone) throw new StorageError("precondition-failed", { path, operation: "remove" });
  }
}

/** Any number; as many to a request as the store takes. */
export async function removeObjects(
  context: S3Context,
  paths: readonly string[],
  options: CallOptions,
): Promise<readonly StorageError[]> {
  context.begin("", options, { root: true });
  const limit = context.config.profile.quirks.removeManyLimit;
  const failures: StorageError[] = [];
  const batch: string[] = [];
  const single: string[] = [];
  for (const path of paths) {
    const key = context.begin(path, options);
    // XML has no way to write some characters, and one such name would spoil the whole request.
    (limit !== false && isXmlText(key) ? batch : single).push(path);
  }
  for (let at = 0; at < batch.length; at += limit || 1) {
    const some = batch.slice(at, at + (limit || 1));
    try {
      failures.push(...(await removeBatch(context, some, options)));
    } catch (error) {
      if (!isStorageError(error, "unsupported", "invalid-argument")) throw error;
      single.push(...some);
    }
  }
  failures.push(...(await removeEach(context, single, options)));
  return failures;
}

export async function removeDirectory(
  context: S3Context,
  path: string,
  options: CallOptions,
): Promise<void> {
  const key = context.begin(path, options);
  const marker = context.markerKey(path, key);
  const found = await firstKeys(context, path, marker, 2, options.signal);
  if (found.some((other) => other !== marker)) {
    throw new StorageError("directory-not-empty", { path });
  }
  if (found.length === 0) return;
  const request = { method: "DELETE", operation: "rmdir", path, key: marker } as const;
  await context.client.send({
    ...request,
    headers: context.headers.plain,
    signal: options.signal,
  });
}

/** One DeleteObjects. Every key must be answered for: one that is not mentioned has not been removed. */
async function removeBatch(
  context: S3Context,
  paths: readonly string[],
  { signal }: CallOptions,
): Promise<readonly StorageError[]> {
  const open = new Map(paths.map((path) => [context.begin(path, { signal }), path]));
  const rows = [...open.keys()].map((key) => `<Object><Key>${encodeXml(key)}</Key></Object>`);
  const { body, payloadHash } = signedXml(`<Delete>${rows.join("")}</Delete>`);
  const root = await context.client.document({
    ...{ method: "POST", operation: "removeMany", path: undefined, key: undefined, signal },
    query: "delete=",
    headers: [
      ...context.headers.plain,
      ...["content-type", "application/xml", "content-md5", base64(hashBytes("md5", body))],
      ...(context.integrity.checksum === "crc32"
        ? ["x-amz-checksum-crc32", base64(hashBytes("crc32", body))]
        : []),
    ],
    body,
    payloadHash,
  });
  const failures: StorageError[] = [];
  for (const element of root.children) {
    const key = childText(element, "Key");
    const path = key === undefined ? undefined : open.get(key);
    if (path === undefined) continue;
    if (element.name === "Error") failures.push(...failureOf(path, element));
    else if (element.name !== "Deleted") continue;
    open.delete(key as string);
  }
  for (const path of open.values()) {
    const message = "the store did not say whether it was removed";
    failures.push(new StorageError("unavailable", { path, operation: "removeMany", message }));
  }
  return failures;
}

function failureOf(path: string, element: Parameters<typeof childText>[0]): StorageError[] {
  const code = childText(element, "Code") ?? "";
  if (code === "NoSuchKey") return [];
  const message = childText(element, "Message") ?? "";
  const failure = { ...readFailure(200, {}, ""), code, message };
  return [translateFailure(failure, { path, operation: "removeMany" })];
}

async function removeEach(
  context: S3Context,
  paths: readonly string[],
  options: CallOptions,
): Promise<readonly StorageError[]> {
  const failures: StorageError[] = [];
  const queue = paths.values();
  const worker = async (): Promise<void> => {
    for (const path of queue) {
      try {
        await removeObject(context, path, options);
      } catch (error) {
        if (isStorageError(error, ...WHOLE_CALL)) throw error;
        failures.push(toStorageError(error, { path }));
      }
    }
  };
  await Promise.all(Array.from({ length: SINGLE_CONCURRENCY }, worker));
  return failures;
}

/** Failures that concern the call and no path of it. */
const WHOLE_CALL: readonly ErrorCode[] = ["aborted", "closed", "unauthenticated"];
