/** Bodies into and out of memory. */
import type { Body, WriteOptions } from "../../driver.ts";
import { throwIfAborted } from "../../errors.ts";
import { collectBody, openBody } from "../../lib/body.ts";
import { MAX_OBJECT } from "./memory-capabilities.ts";

const CHUNK = 64 * 1024;

/** A body copied into memory: what the caller does to its buffers later must not change the object. */
export async function collect(
  path: string,
  body: Body,
  options: WriteOptions,
): Promise<Uint8Array> {
  const { pace, signal } = options;
  const copied = body instanceof Uint8Array ? Uint8Array.from(body) : copies(body, path);
  const bytes = await collectBody(copied, MAX_OBJECT, { path, signal });
  await pace?.take(bytes.byteLength, signal);
  return bytes;
}

/** Each chunk before the next is asked for, which may come in the same memory. */
async function* copies(body: Body, path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of openBody(body, path)) yield Uint8Array.from(chunk);
}

export async function* stream(
  bytes: Uint8Array,
  path: string,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK) {
    throwIfAborted(signal, path);
    yield bytes.slice(at, at + CHUNK);
  }
}
