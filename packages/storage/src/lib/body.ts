/** Bodies: opening, collecting, measuring. */
import type { Body, ByteRange } from "../driver.ts";
import { StorageError, throwIfAborted, toStorageError } from "../errors.ts";

/** Whether the body can be opened again for another attempt. */
export function isReplayable(body: Body): boolean {
  return body instanceof Uint8Array || typeof body === "function";
}

/**
 * The body as a stream.
 * @throws StorageError `invalid-argument` for what is no body; the stream does for a chunk that is not of bytes.
 */
export function openBody(body: Body, path?: string | undefined): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return once(body);
  const stream: AsyncIterable<Uint8Array> | undefined = typeof body === "function" ? body() : body;
  if (typeof stream?.[Symbol.asyncIterator] === "function") return onlyBytes(stream, path);
  throw notBytes(path, stream);
}

/**
 * Text, an `ArrayBuffer` or numbers of another size would be stored as something else than was meant.
 * @throws StorageError `invalid-argument` for what is not a `Uint8Array`.
 */
export function checkBytes(path: string | undefined, bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw notBytes(path, bytes);
}

export interface BodyContext {
  readonly path?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The body as a stream that a driver can rely on: it throws `aborted` as soon as the signal fires,
 * even while the caller's stream is stuck, and whatever that stream throws comes out as a
 * `StorageError`.
 */
export async function* guardBody(
  body: Body,
  { path, signal }: BodyContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  let interrupt: (reason: unknown) => void = () => {};
  const onAbort = (): void =>
    interrupt(new StorageError("aborted", { path, cause: signal?.reason }));
  let iterator: AsyncIterator<Uint8Array> | undefined;
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    iterator = openBody(body, path)[Symbol.asyncIterator]();
    for (;;) {
      throwIfAborted(signal, path);
      const step = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        interrupt = reject;
        iterator?.next().then(resolve, reject);
      });
      if (step.done) {
        iterator = undefined;
        return;
      }
      yield step.value;
    }
  } catch (error) {
    throw toStorageError(error, { path });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    const left = iterator?.return?.();
    // A stuck stream would never answer.
    if (signal?.aborted) left?.catch(() => {});
    else await left;
  }
}

/**
 * The whole body in memory. Chunks must be the caller's to keep, as those of `read` are unless they are lent.
 * @throws StorageError `too-large` as soon as it passes `limit` bytes.
 */
export async function collectBody(
  body: Body,
  limit: number,
  context: BodyContext = {},
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of guardBody(body, context)) {
    size += chunk.byteLength;
    if (size > limit) {
      throw new StorageError("too-large", {
        path: context.path,
        message: `more than ${limit} bytes`,
      });
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : concatBytes(chunks, size);
}

export function concatBytes(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** @throws StorageError `corrupt` if the body gave another number of bytes than was announced. */
export function checkSize(path: string, announced: number | undefined, actual: number): void {
  if (announced === undefined || announced === actual) return;
  throw new StorageError("corrupt", {
    path,
    message: `${actual} bytes came where ${announced} were announced; nothing was stored`,
  });
}

/** @throws StorageError `invalid-argument` unless both are integers ≥ 0. */
export function checkRange(path: string, range: ByteRange | undefined): void {
  const { offset, length = 0 } = range ?? { offset: 0 };
  if (isCount(offset) && isCount(length)) return;
  throw new StorageError("invalid-argument", {
    path,
    message: `offset ${offset} and length ${length} are not a range`,
  });
}

export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function onlyBytes(
  stream: AsyncIterable<Uint8Array>,
  path: string | undefined,
): AsyncIterable<Uint8Array> {
  // Not a generator: `return` of one would wait for a `next` that is stuck.
  const open = (): AsyncIterator<Uint8Array> => {
    const chunks = stream[Symbol.asyncIterator]();
    const leave = async (): Promise<IteratorResult<Uint8Array>> => {
      await chunks.return?.();
      return { done: true, value: undefined };
    };
    return {
      async next() {
        const step = await chunks.next();
        if (step.done || step.value instanceof Uint8Array) return step;
        await leave();
        throw notBytes(path, step.value);
      },
      return: leave,
    };
  };
  return { [Symbol.asyncIterator]: open };
}

function notBytes(path: string | undefined, given: unknown): StorageError {
  const kind = given instanceof Object ? given.constructor?.name : typeof given;
  const message = `content comes as Uint8Array or a stream of such, not as ${kind}`;
  return new StorageError("invalid-argument", { path, message });
}
