/** Content for tests, and the short forms in which tests read, write and list it. */
import {
  type Body,
  type Driver,
  type Entry,
  type Made,
  type ErrorCode,
  type ListOptions,
  type ReadOptions,
  type StorageError,
  collectBody,
  isStorageError,
} from "@omnisync/storage";
import { expect } from "vitest";

const LIMIT = 1024 ** 3;

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** `size` bytes that look random, the same for the same seed; no two ranges of it are alike. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed * 2_654_435_761 || 1;
  for (let i = 0; i < size; i++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** A stream of these chunks, each given only after a turn of the event loop. */
export async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await new Promise(setImmediate);
    yield chunk;
  }
}

export interface HeldBody {
  readonly body: AsyncIterable<Uint8Array>;
  /** Settles once the driver has taken everything that came before the gap. */
  readonly reached: Promise<void>;
  /** Lets the body go on. */
  release(): void;
}

/** A body that gives `before`, waits for `release`, gives `after`. */
export function heldBody(before: Uint8Array, after: Uint8Array): HeldBody {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  async function* body(): AsyncGenerator<Uint8Array> {
    yield before;
    reached.resolve();
    await released.promise;
    yield after;
  }
  return { body: body(), reached: reached.promise, release: released.resolve };
}

/** A stream that holds something until it has ended or was left, also before its first chunk. */
export function watchedBody(bytes: Uint8Array): {
  readonly body: AsyncIterable<Uint8Array>;
  isOver(): boolean;
} {
  const chunks = [bytes];
  let over = false;
  const end = (): IteratorResult<Uint8Array> => {
    over = true;
    return { done: true, value: undefined };
  };
  const body: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => body,
    async next() {
      const value = chunks.shift();
      return value === undefined ? end() : { done: false, value };
    },
    return: async () => end(),
  };
  return { body, isOver: () => over };
}

export async function put(driver: Driver, path: string, text: string): Promise<Entry> {
  return driver.write(path, bytesOf(text));
}

/** Many small files, some at a time; the content of each is its path. */
export async function putAll(driver: Driver, paths: readonly string[]): Promise<void> {
  await forEachOf(paths, 16, (path) => put(driver, path, path));
}

export async function forEachOf<T>(
  items: readonly T[],
  concurrency: number,
  run: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await run(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

export async function get(
  driver: Driver,
  path: string,
  options?: ReadOptions,
): Promise<Uint8Array> {
  const { body } = await driver.read(path, options);
  return collectBody(body, LIMIT);
}

export async function getText(
  driver: Driver,
  path: string,
  options?: ReadOptions,
): Promise<string> {
  return Buffer.from(await get(driver, path, options)).toString();
}

export async function listAll(
  driver: Driver,
  directory = "",
  options?: ListOptions,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of driver.list(directory, options)) entries.push(...page);
  return entries;
}

/** Listed names with a slash behind directories, in byte order whatever the store's. */
export async function listNames(
  driver: Driver,
  directory = "",
  options?: ListOptions,
): Promise<string[]> {
  const entries = await listAll(driver, directory, options);
  return inByteOrder(
    entries.map((entry) => (entry.kind === "directory" ? `${entry.path}/` : entry.path)),
  );
}

/** Byte order, by another way than the code under test. */
export function inByteOrder(names: readonly string[]): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Whether bytes are equal; a failure prints one line, not megabytes. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual, expected), "content differs").toBe(0);
}

/**
 * Expects that what a write gave back is what `stat` now says. Object stores do not tell with their
 * answer when they stored it.
 */
export async function expectStatOf(driver: Driver, made: Made): Promise<void> {
  const { isOwn: _, storedBy: _by, ...written } = made;
  const { storedAt, ...known } = (await driver.stat(written.path))!;
  expect(written).toEqual("storedAt" in written ? { ...known, storedAt } : known);
}

/** Expects a rejection with a `StorageError` of one of these codes, and gives it back. */
export async function refused(
  attempt: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<StorageError> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, `succeeded, but should be refused with ${codes.join(" or ")}`).toBeDefined();
  if (!isStorageError(error)) throw error;
  if (!codes.includes(error.code))
    expect.fail(`refused with ${error.code} (${error.message}), not ${codes.join(" or ")}`);
  return error;
}

/** Expects each of the calls, some of which a driver may lack, to be refused. */
export async function allRefused(
  calls: readonly (Promise<unknown> | undefined)[],
  code: ErrorCode,
): Promise<void> {
  const made = calls.filter((call) => call !== undefined);
  await Promise.all(made.map((call) => refused(call, code)));
}

/** Expects that a path holds exactly this text and its directory nothing else. */
export async function expectOnly(driver: Driver, path: string, text: string): Promise<void> {
  expect(await getText(driver, path)).toBe(text);
  expect(await visible(driver)).toEqual([path]);
}

/** Every file and link of the store, reserved ones too: leftovers show here. */
export async function visible(driver: Driver): Promise<string[]> {
  const names = await listNames(driver, "", { recursive: true, includeReserved: true });
  return names.filter((name) => !name.endsWith("/"));
}

/** How many of the attempts succeeded; those that did not must have failed with `code`. */
export async function countWinners(
  attempts: readonly Promise<unknown>[],
  code: ErrorCode,
): Promise<number> {
  const results = await Promise.allSettled(attempts);
  for (const result of results) {
    if (result.status === "rejected") await refused(Promise.reject(result.reason), code);
  }
  return results.filter((result) => result.status === "fulfilled").length;
}

/** What a program without types may take for bytes. */
export const NOT_BYTES: readonly Uint8Array[] = [
  "text",
  Uint16Array.of(1, 2),
  new Uint8Array(4).buffer,
  new DataView(new ArrayBuffer(4)),
  5,
] as never;

/** A body that starts and then never gives another byte. */
export function stuckBody(first: Uint8Array): Body {
  return async function* () {
    yield first;
    await new Promise<never>(() => {});
  };
}
