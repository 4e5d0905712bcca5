/**
 * A body that breaks off is opened again where it broke off, pinned to the etag of the first answer:
 * what comes out is one version whole, or an error. Without an etag nothing is opened again.
 * A checksum that the store sends for the whole object cannot be checked on pieces; whoever must
 * be sure of each byte hashes what arrives.
 */
import type { Driver, ReadOptions, ReadResult } from "../driver.ts";
import type { Entry } from "../entry.ts";
import { StorageError, isStorageError } from "../errors.ts";
import { leaveStream, releaseStream } from "../lib/release-stream.ts";
import { Patience, type RetryPolicy, withRetry } from "../lib/retry-policy.ts";

export async function retryRead(
  driver: Driver,
  policy: RetryPolicy,
  path: string,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const read = (): Promise<ReadResult> => driver.read(path, options);
  const { entry, body } = await withRetry(policy, read, options.signal);
  if (entry.etag === undefined) return { entry, body };
  const steps = continueBody(driver, policy, { path, options, entry, body });
  return { entry, body: releaseStream(steps, () => leaveStream(body)) };
}

interface Reading {
  readonly path: string;
  readonly options: ReadOptions;
  readonly entry: Entry;
  readonly body: AsyncIterable<Uint8Array>;
}

async function* continueBody(
  driver: Driver,
  policy: RetryPolicy,
  reading: Reading,
): AsyncGenerator<Uint8Array> {
  const { path, options } = reading;
  const length = expectedLength(reading);
  const patience = new Patience(policy, options.signal);
  let given = 0;
  let body: AsyncIterable<Uint8Array> | undefined = reading.body;
  for (;;) {
    try {
      body ??= await reopen(driver, reading, given, length - given);
      for await (const chunk of body) {
        given += chunk.byteLength;
        if (given > length) throw wrongLength(path, length, "more");
        if (chunk.byteLength > 0) patience.renew();
        yield chunk;
      }
      if (given === length) return;
      throw wrongLength(path, length, "fewer");
    } catch (error) {
      if (given >= length) {
        // All is here. Only a verdict on the bytes themselves still counts.
        if (isStorageError(error) && error.retry !== "never" && error.code !== "corrupt") return;
        throw error;
      }
      await patience.wait(error);
      body = undefined;
    }
  }
}

async function reopen(
  driver: Driver,
  { path, options, entry }: Reading,
  given: number,
  length: number,
): Promise<AsyncIterable<Uint8Array>> {
  const range = { offset: (options.range?.offset ?? 0) + given, length };
  try {
    const again = await driver.read(path, { ...options, range, ifMatch: entry.etag });
    if (again.entry.etag === entry.etag) return again.body;
    await leaveStream(again.body);
  } catch (error) {
    if (!isStorageError(error, "precondition-failed", "not-found")) throw error;
  }
  throw new StorageError("changed", {
    path,
    operation: "read",
    message: "was replaced or removed while it was being read",
  });
}

function expectedLength({ entry, options }: Reading): number {
  const { offset = 0, length = Infinity } = options.range ?? {};
  return Math.min(length, Math.max(0, entry.size - offset));
}

function wrongLength(path: string, expected: number, how: "more" | "fewer"): StorageError {
  return new StorageError("corrupt", {
    path,
    operation: "read",
    message: `${how} bytes came than the ${expected} that were announced`,
  });
}
