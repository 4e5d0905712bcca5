/** Streams that hold something (a connection, a slot) which must be freed however they are left. */

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
