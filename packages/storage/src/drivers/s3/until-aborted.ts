/** Waiting that an abort ends at once. */
import { StorageError } from "../../errors.ts";

/** How long an abort is held back where it has to be, milliseconds. */
const GRACE = 1200;

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

/** `work` with a signal that fires a while after `signal`: for what an abort must not cut short at once. */
export async function withGrace<T>(
  signal: AbortSignal | undefined,
  work: (late: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return work(undefined);
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    timer = setTimeout(() => late.abort(signal.reason), GRACE);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await work(late.signal);
  } finally {
    signal.removeEventListener("abort", abort);
    clearTimeout(timer);
  }
}
