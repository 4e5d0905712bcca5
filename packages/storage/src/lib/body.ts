/** Bodies: opening, collecting, measuring. */
import type { Body } from "../driver.ts";
import { StorageError, throwIfAborted } from "../errors.ts";

/** Whether the body can be opened again for another attempt. */
export function isReplayable(body: Body): boolean {
  return body instanceof Uint8Array || typeof body === "function";
}

/** The body as a stream. */
export function openBody(body: Body): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return once(body);
  return typeof body === "function" ? body() : body;
}

/**
 * The whole body in memory.
 * @throws StorageError `too-large` as soon as it passes `limit` bytes.
 */
export async function collectBody(
  body: Body,
  limit: number,
  context: { readonly path?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of openBody(body)) {
    throwIfAborted(context.signal, context.path);
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

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
