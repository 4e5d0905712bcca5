/**
 * Uploads that were begun and not ended, and those among them whose beginning nobody heard of.
 *
 * When the answer to a beginning is lost, the request is sent again and begins another upload. The
 * first stays, is charged for, and no one knows its id. So after such a beginning we look which uploads
 * of the same key were begun just before ours. They may also be somebody else's: only those that still
 * have no part when ours has ended are given up.
 */
import type { CallOptions, Upload } from "../../driver.ts";
import { StorageError, isStorageError } from "../../errors.ts";
import { isWithin } from "../../path.ts";
import type { S3Context } from "./s3-context.ts";
import { type OwnUpload, advanced, partsIn, required } from "./s3-parts.ts";
import { encodeQuery } from "./sigv4.ts";
import { childText } from "./xml.ts";

/** What clocks may differ by, and listings cut off, milliseconds. */
const CLOCK_TOLERANCE = 5000;

/** By driver: the uploads that may be lost beginnings of another, by its id. */
const suspects = new WeakMap<S3Context, Map<string, readonly Upload[]>>();

/** To be called after a beginning that was sent more than once. @param since When it was sent first. */
export async function suspectLost(
  context: S3Context,
  { path, id }: Upload,
  since: number,
): Promise<void> {
  const found = await begunSince(context, path, since).catch(unseen);
  const others = found.filter((upload) => upload.id !== id);
  if (others.length === 0) return;
  const known = suspects.get(context) ?? new Map<string, readonly Upload[]>();
  suspects.set(context, known.set(id, others));
}

/** To be called when an upload has ended, however it did. */
export async function dropSuspects(context: S3Context, { id }: OwnUpload): Promise<void> {
  const found = suspects.get(context)?.get(id);
  if (found === undefined) return;
  suspects.get(context)?.delete(id);
  await dropEmpty(context, found);
}

/** To be called after a beginning whose every answer was lost. Works on a driver that is closing, too. */
export async function dropLost(context: S3Context, path: string, since: number): Promise<void> {
  await dropEmpty(context, await begunSince(context, path, since));
}

/** Works on a driver that is closing, too. */
export async function sendAbort(
  context: S3Context,
  { path, id }: OwnUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = context.keyOf(path);
  const query = encodeQuery(["uploadId", id]);
  const headers = context.headers.plain;
  const request = { method: "DELETE", operation: "abortUpload", path, key, signal } as const;
  try {
    await context.client.send({ ...request, query, headers });
  } catch (error) {
    if (!isStorageError(error, "not-found")) throw error;
  }
}

export async function* listUploads(
  context: S3Context,
  directory: string,
  { signal }: CallOptions,
): AsyncGenerator<readonly Upload[]> {
  context.begin(directory, { signal }, { root: true });
  yield* uploadsUnder(context, directory, signal);
}

/** `listUploads`, also on a driver that is closing. */
export async function* uploadsUnder(
  context: S3Context,
  directory: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Upload[]> {
  const under = context.keyOf(directory);
  let cursor: readonly string[] = [];
  for (;;) {
    // Not `encoding-type=url`: Ceph encodes the keys here without saying so.
    const query = ["uploads", "", "max-uploads", "1000", "prefix", under, ...cursor];
    const root = await context.client.document({
      ...{ method: "GET", operation: "listUploads", path: directory, key: undefined, signal },
      query: encodeQuery(query),
      headers: context.headers.plain,
    });
    const uploads = root.children
      .filter(({ name }) => name === "Upload")
      .map((upload) => ({ upload, key: required(upload, "Key") }))
      .filter(({ key }) => isWithin(under, key) && key !== context.config.root)
      .map(({ upload, key }) => {
        const startedAt = Date.parse(childText(upload, "Initiated") ?? "");
        const path = context.pathOf(key);
        const id = required(upload, "UploadId");
        return Number.isNaN(startedAt) ? { path, id } : { path, id, startedAt };
      });
    if (uploads.length > 0) yield uploads;
    if (childText(root, "IsTruncated") !== "true") return;
    const keyMarker = required(root, "NextKeyMarker");
    const next = [
      "key-marker",
      keyMarker,
      "upload-id-marker",
      required(root, "NextUploadIdMarker"),
    ];
    advanced(cursor.join("\n"), next.join("\n"));
    cursor = next;
  }
}

async function begunSince(
  context: S3Context,
  path: string,
  since: number,
): Promise<readonly Upload[]> {
  const signal = AbortSignal.timeout(context.config.idleTimeout);
  const uploads = (await Array.fromAsync(uploadsUnder(context, path, signal))).flat();
  const earliest = since - CLOCK_TOLERANCE;
  return uploads.filter((one) => one.path === path && (one.startedAt ?? 0) >= earliest);
}

/** What the store does not let us see stays: it was lost before, and the call that ends now was not about it. */
export function unseen(error: unknown): readonly Upload[] {
  if (error instanceof StorageError) return [];
  throw error;
}

async function dropEmpty(context: S3Context, uploads: readonly Upload[]): Promise<void> {
  const signal = AbortSignal.timeout(context.config.idleTimeout);
  for (const upload of uploads) {
    try {
      const { value } = await partsIn(context, upload, signal).next();
      if (value === undefined || value.length === 0) await sendAbort(context, upload, signal);
    } catch (error) {
      // Gone, or not to be looked at.
      if (!isStorageError(error) || error.code === "closed") throw error;
    }
  }
}
