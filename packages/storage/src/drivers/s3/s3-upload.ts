/**
 * A body sent in parts: a bounded number of them in flight, each from memory so that it can be sent
 * again. Any failure, of the body as of the store, aborts the upload; nothing is visible then.
 */
import type { Part, WriteOptions } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, isStorageError, toStorageError } from "../../errors.ts";
import { type Hasher, createHasher } from "../../hashes.ts";
import { checkSize } from "../../lib/body.ts";
import type { BodyReader } from "./body-reader.ts";
import { wrongHash } from "./checksums.ts";
import type { S3Context } from "./s3-context.ts";
import { growingPartSize, partSizeFor } from "./part-size.ts";
import { completeUpload } from "./s3-complete.ts";
import { abandonUpload, createUpload, putPart } from "./s3-multipart.ts";
import { type OwnUpload, limitsOf } from "./s3-parts.ts";

/** Parts in flight; fewer when parts are larger than configured, so that memory stays the same. */
const CONCURRENCY = 4;

/** `first`: what was read of the body already. */
export async function uploadBody(
  context: S3Context,
  path: string,
  body: Uint8Array | BodyReader,
  options: WriteOptions,
  first?: Uint8Array,
): Promise<Entry> {
  const { size, pace, signal, hashes } = options;
  const { partSize: preferred, profile } = context.config;
  const limits = limitsOf(context);
  const fixed = size === undefined ? undefined : partSizeFor(size, preferred, limits);
  const sizeOf = (number: number): number =>
    fixed ?? growingPartSize(number, preferred, limits, profile.quirks.equalPartSizes);
  const pieces: Pieces =
    body instanceof Uint8Array
      ? { bytes: slices(body, sizeOf), done: () => {} }
      : { bytes: read(body, sizeOf, first), done: (bytes) => body.recycle(bytes) };
  const condition = await context.condition(path, options, "complete");
  // Bytes in memory can be compared beforehand; of a stream the hash is known when it is too late for a PUT.
  const hasher = hashes?.blake3 === undefined ? undefined : createHasher("blake3");
  const upload = await createUpload(context, path, { ...options, partSize: fixed ?? preferred });
  try {
    const sent = await sendParts(context, upload, pieces, { pace, signal }, hasher);
    checkSize(path, size, sent.size);
    if (hasher !== undefined && hasher.digest() !== hashes?.blake3) throw wrongHash(path, "blake3");
    return await completeUpload(context, upload, sent.parts, condition, signal);
  } catch (error) {
    // An upload whose Complete may have worked is not to be touched: it may be the object by now.
    if (!isUncertain(error)) await abandonUpload(context, upload, error);
    throw error;
  }
}

interface Pieces {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** A piece is stored. */
  done(bytes: Uint8Array): void;
}

interface Sent {
  readonly parts: readonly Part[];
  readonly size: number;
}

async function sendParts(
  context: S3Context,
  upload: OwnUpload,
  pieces: Pieces,
  { pace, signal }: Pick<WriteOptions, "pace" | "signal">,
  hasher: Hasher | undefined,
): Promise<Sent> {
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const inFlight = new Set<Promise<void>>();
  const parts: Part[] = [];
  const { maxParts } = limitsOf(context);
  let firstError: StorageError | undefined;
  const send = async (number: number, bytes: Uint8Array): Promise<void> => {
    try {
      parts.push(await putPart(context, upload, number, bytes, { pace, signal: both }));
      pieces.done(bytes);
    } catch (error) {
      firstError ??= toStorageError(error, { path: upload.path });
      failed.abort();
    }
  };
  let number = 0;
  let size = 0;
  try {
    for await (const bytes of pieces.bytes) {
      if (firstError !== undefined) break;
      if (++number > maxParts) throw tooManyParts(upload.path, maxParts);
      size += bytes.byteLength;
      hasher?.update(bytes);
      const sending = send(number, bytes).finally(() => inFlight.delete(sending));
      inFlight.add(sending);
      while (inFlight.size >= concurrency(context, bytes.byteLength)) await Promise.race(inFlight);
    }
  } catch (error) {
    firstError ??= toStorageError(error, { path: upload.path });
    failed.abort();
  }
  await Promise.all(inFlight);
  if (firstError !== undefined) throw firstError;
  return { parts: parts.sort((a, b) => a.number - b.number), size };
}

async function* slices(
  bytes: Uint8Array,
  sizeOf: (number: number) => number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let number = 1; at < bytes.byteLength; number++) {
    const end = at + sizeOf(number);
    yield bytes.subarray(at, end);
    at = end;
  }
}

async function* read(
  body: BodyReader,
  sizeOf: (number: number) => number,
  first: Uint8Array = new Uint8Array(0),
): AsyncGenerator<Uint8Array> {
  let rest = first;
  for (let number = 1; ; number++) {
    const size = sizeOf(number);
    if (rest.byteLength >= size) {
      yield rest.subarray(0, size);
      rest = rest.subarray(size);
      continue;
    }
    const missing = size - rest.byteLength;
    const more = await body.take(missing, missing);
    const piece = rest.byteLength === 0 ? more : Buffer.concat([rest, more]);
    rest = new Uint8Array(0);
    if (piece.byteLength > 0) yield piece;
    if (more.byteLength < missing) return;
  }
}

function concurrency({ config }: S3Context, partSize: number): number {
  return Math.max(1, Math.min(CONCURRENCY, Math.floor((CONCURRENCY * config.partSize) / partSize)));
}

function isUncertain(error: unknown): boolean {
  return isStorageError(error) && error.operation === "complete" && error.retry !== "never";
}

function tooManyParts(path: string, maxParts: number): StorageError {
  return new StorageError("too-large", {
    path,
    message: `the body is longer than ${maxParts} parts; give its size, or larger parts`,
  });
}
