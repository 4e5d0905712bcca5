/** `stat` and `read`: HEAD and GET, and what stands for directories. */
import type { CallOptions, ReadOptions, ReadResult, StatOptions } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, isStorageError, throwIfAborted } from "../../errors.ts";
import { releaseStream } from "../../lib/release-stream.ts";
import type { HttpStream } from "./answer-stream.ts";
import { type ExpectedChecksum, expectedChecksum } from "./checksums.ts";
import { directoryEntry, entryOf } from "./s3-attributes.ts";
import type { S3Context } from "./s3-context.ts";
import { type ResponseHeaders, refusalOf, text, translateTransportError } from "./s3-errors.ts";
import { firstKey } from "./s3-list.ts";
import { checkVersion, isDeleteMarker, requireVersions, versionQuery } from "./s3-versions.ts";

export async function statPath(
  context: S3Context,
  path: string,
  options: StatOptions,
): Promise<Entry | undefined> {
  const key = context.begin(path, options, { root: true });
  const isDirectory = path === "" || options.directory === true;
  const found = isDirectory ? undefined : await headObject(context, path, key, options);
  if (found !== undefined) return found.entry;
  if (options.version !== undefined) return undefined;
  try {
    return await statDirectory(context, path, key, options);
  } catch (error) {
    // The bucket is missing, and so is everything in it.
    if (isStorageError(error, "not-found")) return undefined;
    throw error;
  }
}

export interface Found {
  readonly entry: Entry;
  readonly headers: ResponseHeaders;
}

/** An object by its key; `undefined` if there is none. */
export async function headObject(
  context: S3Context,
  path: string,
  key: string,
  options: StatOptions,
): Promise<Found | undefined> {
  const { version, signal } = options;
  if (version !== undefined) await requireVersions(context, path, signal);
  const query = versionQuery(version);
  const request = { method: "HEAD", operation: "stat", path, key, query, signal } as const;
  const head = async (headers: readonly string[]): Promise<Found | undefined> => {
    try {
      const answer = await context.client.send({ ...request, headers });
      checkVersion(path, answer.headers, version);
      const entry = entryOf(path, answer.headers, lengthOf(path, answer), context.etagFacts);
      return { entry, headers: answer.headers };
    } catch (error) {
      if (isStorageError(error, "not-found") || isDeleteMarker(error, version)) return undefined;
      throw error;
    }
  };
  const { read } = context.headers;
  if (!context.asksChecksums) return head(read);
  try {
    return await head([...read, ...CHECKSUM_MODE]);
  } catch (error) {
    if (!isStorageError(error, "permission-denied")) throw error;
    // AWS gives checksums of objects under KMS only to who may decrypt; a backup may be allowed to write only.
    const found = await head(read);
    context.asksChecksums = false;
    return found;
  }
}

/** What cannot be read as a file at `path`: a directory, or nothing. */
export async function missingFile(
  context: S3Context,
  path: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StorageError> {
  const below = await firstKey(context, path, `${key}/`, signal);
  return new StorageError(below === undefined ? "not-found" : "is-a-directory", { path });
}

export async function readObject(
  context: S3Context,
  path: string,
  options: ReadOptions,
): Promise<ReadResult> {
  const key = context.begin(path, options);
  const { range, version, signal } = options;
  if (range !== undefined) checkRange(path, range.offset, range.length);
  if (version !== undefined) await requireVersions(context, path, signal);
  if (range?.length === 0) return readNothing(context, path, key, options);
  let stream: HttpStream;
  try {
    stream = await openObject(context, path, key, options);
  } catch (error) {
    if (isDeleteMarker(error, version)) throw new StorageError("not-found", { path });
    if (isStorageError(error, "not-found")) {
      throw version === undefined ? await missingFile(context, path, key, signal) : error;
    }
    if (refusalOf(error)?.status !== 416) throw error;
    // The range begins behind the end; which entry it is of is only known by looking.
    return readNothing(context, path, key, options);
  }
  try {
    checkVersion(path, stream.headers, version);
    const { length, size } = measure(path, stream, range?.offset);
    const entry = entryOf(path, stream.headers, size, context.etagFacts);
    refuseLink(entry);
    const whole = range === undefined;
    const checksum = whole ? expectedChecksum(stream.headers, entry.hashes ?? {}) : undefined;
    const steps = checkedBody(path, stream, length, checksum, options);
    return { entry, body: releaseStream(steps, () => stream.body.destroy()) };
  } catch (error) {
    stream.body.destroy();
    throw error;
  }
}

/** The content of a link. @throws StorageError `invalid-argument` for anything else that is there. */
export async function openLink(
  context: S3Context,
  path: string,
  { signal }: CallOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const key = context.begin(path, { signal });
  let stream: HttpStream;
  try {
    stream = await openObject(context, path, key, { signal });
  } catch (error) {
    if (!isStorageError(error, "not-found")) throw error;
    const missing = await missingFile(context, path, key, signal);
    throw missing.code === "is-a-directory" ? notALink(path) : missing;
  }
  const length = lengthOf(path, stream);
  if (entryOf(path, stream.headers, length, context.etagFacts).kind !== "symlink") {
    stream.body.destroy();
    throw notALink(path);
  }
  return checkedBody(path, stream, length, undefined, { signal });
}

function openObject(
  context: S3Context,
  path: string,
  key: string,
  { range, ifMatch, version, signal }: ReadOptions,
): Promise<HttpStream> {
  const headers = [...context.headers.read];
  if (ifMatch !== undefined) headers.push("if-match", `"${ifMatch}"`);
  if (range === undefined) {
    if (context.asksChecksums) headers.push(...CHECKSUM_MODE);
  } else {
    const last = range.length === undefined ? "" : range.offset + range.length - 1;
    headers.push("range", `bytes=${range.offset}-${last}`);
  }
  const query = versionQuery(version);
  return context.client.open({
    method: "GET",
    operation: "read",
    path,
    key,
    query,
    headers,
    signal,
  });
}

async function readNothing(
  context: S3Context,
  path: string,
  key: string,
  options: ReadOptions,
): Promise<ReadResult> {
  const found = await headObject(context, path, key, options);
  if (found === undefined) {
    if (options.version !== undefined) throw new StorageError("not-found", { path });
    throw await missingFile(context, path, key, options.signal);
  }
  refuseLink(found.entry);
  if (options.ifMatch !== undefined && found.entry.etag !== options.ifMatch) {
    throw new StorageError("precondition-failed", { path, operation: "read" });
  }
  return { entry: found.entry, body: noBytes() };
}

/** Ends normally only if every byte came and the store's checksum is theirs. */
async function* checkedBody(
  path: string,
  { body }: HttpStream,
  length: number,
  checksum: ExpectedChecksum | undefined,
  { signal, lend }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const hasher = checksum?.hasher();
  let seen = 0;
  try {
    for await (const chunk of body) {
      throwIfAborted(signal, path);
      seen += chunk.byteLength;
      hasher?.update(chunk);
      // Without Buffer's own methods, whose `slice` is another than that of Uint8Array.
      yield lend ? new Uint8Array(chunk.buffer, 0, chunk.byteLength) : Uint8Array.from(chunk);
    }
  } catch (error) {
    throwIfAborted(signal, path);
    throw isCutOff(error)
      ? corrupt(path, `the answer ended after ${seen} of ${length} bytes`, error)
      : translateTransportError(error, { operation: "read", path });
  } finally {
    body.destroy();
  }
  if (seen !== length) throw corrupt(path, `${seen} bytes came where ${length} were announced`);
  if (hasher !== undefined && hasher.digest() !== checksum?.value) {
    throw corrupt(path, `the bytes that came do not have the store's ${checksum?.name}`);
  }
}

/** Bytes that the answer must have, and of the whole object. */
function measure(
  path: string,
  { status, headers }: HttpStream,
  offset: number | undefined,
): { readonly length: number; readonly size: number } {
  const length = lengthOf(path, { headers });
  if (offset === undefined) return { length, size: length };
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text(headers, "content-range") ?? "");
  const [, first, last, size] = (match ?? []).map(Number);
  const fits = first === offset && last !== undefined && last - first + 1 === length;
  if (status === 206 && fits && size !== undefined) return { length, size };
  throw corrupt(path, "the store did not answer with the range that was asked for");
}

function lengthOf(path: string, { headers }: { readonly headers: ResponseHeaders }): number {
  const value = text(headers, "content-length");
  if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  throw corrupt(path, "the store did not say how many bytes the object has");
}

async function statDirectory(
  context: S3Context,
  path: string,
  key: string,
  { directory, signal }: StatOptions,
): Promise<Entry | undefined> {
  const prefix = context.prefix(key);
  // Who asks for the directory has seen its marker, most likely: that spares the listing.
  const marker =
    directory && prefix !== "" ? await headObject(context, path, prefix, { signal }) : undefined;
  if (marker !== undefined) return directoryEntry(path, marker.entry);
  const first = await firstKey(context, path, prefix, signal);
  if (prefix === "") return directoryEntry(path);
  if (first === undefined) return undefined;
  if (first !== prefix && context.listsInOrder) return directoryEntry(path);
  return directoryEntry(path, (await headObject(context, path, prefix, { signal }))?.entry);
}

function checkRange(path: string, offset: number, length: number | undefined): void {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (isCount(offset) && (length === undefined || isCount(length))) return;
  throw new StorageError("invalid-argument", { path, message: "a range is two integers from 0" });
}

function refuseLink({ kind, path }: Entry): void {
  if (kind === "other") {
    throw new StorageError("unsupported", { path, message: "is a FIFO, socket or device" });
  }
  if (kind !== "symlink") return;
  throw new StorageError("unsupported", { path, message: "is a link; use readLink" });
}

function notALink(path: string): StorageError {
  return new StorageError("invalid-argument", { path, message: "is not a link" });
}

function isCutOff(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return (
    code === "UND_ERR_SOCKET" ||
    code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" ||
    code === "ERR_STREAM_PREMATURE_CLOSE" ||
    code === "ECONNRESET"
  );
}

function corrupt(path: string, message: string, cause?: unknown): StorageError {
  return new StorageError("corrupt", { path, message, operation: "read", cause });
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

const CHECKSUM_MODE = ["x-amz-checksum-mode", "ENABLED"];
