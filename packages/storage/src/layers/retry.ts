/**
 * Makes failed calls again where that cannot change what they mean.
 *
 * - Calls that may be done twice (see `driver.ts`): again, whole. A `write` only if its body can be
 *   opened again.
 * - `move`, `stage.commit`, `removeStale`: never. A lost answer and a failure look the same, and a
 *   second call would meet the work of the first.
 * - Bodies of reads and listings go on where they broke off: `retry-read.ts`, `retry-list.ts`.
 *
 * A conditional call whose answer was lost meets its own work when it is made again, and throws
 * `precondition-failed`: the caller looks at what is there, as after any such failure.
 */
import type { Body, CallOptions, Driver, RemoveOptions, WriteOptions } from "../driver.ts";
import type { Entry } from "../entry.ts";
import { type StorageError, isStorageError } from "../errors.ts";
import { isReplayable } from "../lib/body.ts";
import { type RetryPolicy, retryPolicy, waitToRetry, withRetry } from "../lib/retry-policy.ts";
import { type Operation, intercept } from "./intercept.ts";
import { retryList, retryListParts, retryListUploads, retryListVersions } from "./retry-list.ts";
import { retryRead } from "./retry-read.ts";

/**
 * `driver` with failed calls made again as `options` say, over `DEFAULT_RETRY`.
 * @throws StorageError `invalid-argument` for numbers that are none.
 */
export function retry(driver: Driver, options: Partial<RetryPolicy> = {}): Driver {
  const policy = retryPolicy(options);
  return intercept(driver, {
    rewrap: (view) => retry(view, options),
    around: (call, run) =>
      ONCE.has(call.operation) ? run() : withRetry(policy, run, call.options?.signal),
    methods: {
      list: (directory, given) => retryList(driver, policy, directory, given),
      listVersions: (path, given) => retryListVersions(driver, policy, path, given),
      read: (path, given) => retryRead(driver, policy, path, given),
      write: (path, body, given) => retryWrite(driver, policy, path, { body, ...given }),
      remove: (path, given) => retryRemove(driver, policy, path, given),
      removeMany: (paths, given) => retryRemoveMany(driver, policy, paths, given),
    },
    multipart: {
      listParts: (upload, given) => retryListParts(driver, policy, upload, given),
      listUploads: (directory, given) => retryListUploads(driver, policy, directory, given),
    },
  });
}

const ONCE: ReadonlySet<Operation> = new Set<Operation>(["move", "stage.commit", "removeStale"]);

async function retryWrite(
  driver: Driver,
  policy: RetryPolicy,
  path: string,
  { body, ...options }: WriteOptions & { readonly body: Body },
): Promise<Entry> {
  const write = (): Promise<Entry> => driver.write(path, body, options);
  return isReplayable(body) ? withRetry(policy, write, options.signal) : write();
}

/** With `ifMatch`, a second attempt that finds nothing left has found what was wanted. */
async function retryRemove(
  driver: Driver,
  policy: RetryPolicy,
  path: string,
  options: RemoveOptions = {},
): Promise<void> {
  const attempt = async (n: number): Promise<void> => {
    try {
      await driver.remove(path, options);
    } catch (error) {
      const mayBeOurs = n > 1 && isStorageError(error, "precondition-failed");
      if (!mayBeOurs) throw error;
      const { signal } = options;
      if ((await driver.stat(path, { signal })) !== undefined) throw error;
    }
  };
  await withRetry(policy, attempt, options.signal);
}

/** The call may succeed and some of its paths fail: only those are tried again. */
async function retryRemoveMany(
  driver: Driver,
  policy: RetryPolicy,
  paths: readonly string[],
  options: CallOptions = {},
): Promise<readonly StorageError[]> {
  const lost: StorageError[] = [];
  let pending = paths;
  for (let n = 1; ; n++) {
    const failures = await withRetry(
      policy,
      () => driver.removeMany!(pending, options),
      options.signal,
    );
    const mayPass = (failure: StorageError): boolean =>
      n < policy.maxAttempts && failure.retry !== "never" && paths.includes(failure.path ?? "");
    const again = failures.filter(mayPass);
    lost.push(...failures.filter((failure) => !mayPass(failure)));
    if (again[0] === undefined) return lost;
    await waitToRetry(policy, n, again[0], options.signal);
    pending = again.map((failure) => failure.path as string);
  }
}
