/** Streams that hold something (a connection, a slot) which must be freed however they are left. */
import type { Body } from "../driver.ts";

/**
 * `steps` as a stream whose early leaving also works before its first step: a generator that was never
 * started runs none of its code on `return`, its `finally` included, so `release` is called instead.
 */
export function releaseStream<T>(
  steps: AsyncGenerator<T>,
  release: () => Promise<void> | void,
): AsyncIterable<T> {
  let started = false;
  const stream: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => stream,
    next() {
      started = true;
      return steps.next();
    },
    async return() {
      if (!started) await release();
      started = true;
      return steps.return(undefined);
    },
  };
  return stream;
}

/** Leaves a stream that will not be read, or not any further. */
export async function leaveStream(stream: AsyncIterable<unknown>): Promise<void> {
  await stream[Symbol.asyncIterator]().return?.();
}

/** A write of `body`: if it fails, the body is left, of which it may not have read anything. */
export async function writeOrLeave<T>(body: Body, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    // Not waited for: one that is stuck would never answer. What went wrong has been said.
    leaveBody(body).catch(() => {});
    throw error;
  }
}

async function leaveBody(body: Body): Promise<void> {
  if (body instanceof Uint8Array || typeof body === "function") return;
  // A stream of Node's that nobody has begun to read does not end by `return`.
  if ("destroy" in body && typeof body.destroy === "function") body.destroy();
  await leaveStream(body);
}
