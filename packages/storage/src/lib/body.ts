/** Bodies: opening, collecting, measuring. */
import type { Body, ByteRange } from "../driver.ts";
import { StorageError, throwIfAborted, toStorageError } from "../errors.ts";

/** Whether the body can be opened again for another attempt. */
export function isReplayable(body: Body): boolean {
  return body instanceof Uint8Array || typeof body === "function";
}

/** The body as a stream. */
export function openBody(body: Body): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return once(body);
  return typeof body === "function" ? body() : body;
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
    iterator = openBody(body)[Symbol.asyncIterator]();
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
