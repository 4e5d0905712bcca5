/** Waiting that an abort ends at once. */
import { StorageError } from "../../errors.ts";

/** `work`, or `aborted` as soon as the signal fires; the work goes on for others. */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  path?: string,
): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void =>
    reject(new StorageError("aborted", { path, cause: signal.reason as unknown }));
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) abort();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
