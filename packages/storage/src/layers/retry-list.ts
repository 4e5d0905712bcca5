/**
 * Listings that fail begin anew as long as no entry was given out; after that they go on behind the
 * last entry where the store lists in order, else the failure stands: a listing never becomes shorter,
 * and never gives an entry twice.
 */
import type {
  CallOptions,
  Driver,
  FileVersion,
  ListOptions,
  Part,
  Upload,
  VersionOptions,
} from "../driver.ts";
import type { Entry } from "../entry.ts";
import { Patience, type RetryPolicy } from "../lib/retry-policy.ts";
import { orderKey } from "../path.ts";

/** Goes on in the middle with `orderedList` and `resumableList`, which are about recursive listings. */
export function retryList(
  driver: Driver,
  policy: RetryPolicy,
  directory: string,
  options: ListOptions = {},
): AsyncIterable<readonly Entry[]> {
  let { startAfter } = options;
  const { orderedList, resumableList } = driver.capabilities;
  return retryPages(new Patience(policy, options.signal), {
    open: () => driver.list(directory, { ...options, startAfter }),
    resumable: options.recursive === true && orderedList && resumableList,
    take(page) {
      const last = page.at(-1);
      if (last !== undefined) startAfter = orderKey(last);
      return page;
    },
  });
}

/** Parts come by number: those given out already are left out when the listing begins anew. */
export function retryListParts(
  driver: Driver,
  policy: RetryPolicy,
  upload: Upload,
  options: CallOptions = {},
): AsyncIterable<readonly Part[]> {
  let last = 0;
  return retryPages(new Patience(policy, options.signal), {
    open: () => driver.multipart!.listParts(upload, options),
    resumable: true,
    take(page) {
      const fresh = page.filter((part) => part.number > last);
      last = fresh.at(-1)?.number ?? last;
      return fresh;
    },
  });
}

/** A page may end amid the versions of one path, and no call begins there. */
export function retryListVersions(
  driver: Driver,
  policy: RetryPolicy,
  path: string,
  options: VersionOptions = {},
): AsyncIterable<readonly FileVersion[]> {
  return retryPages(new Patience(policy, options.signal), {
    open: () => driver.listVersions!(path, options),
    resumable: false,
    take: (page) => page,
  });
}

export function retryListUploads(
  driver: Driver,
  policy: RetryPolicy,
  directory: string,
  options: CallOptions = {},
): AsyncIterable<readonly Upload[]> {
  return retryPages(new Patience(policy, options.signal), {
    open: () => driver.multipart!.listUploads(directory, options),
    resumable: false,
    take: (page) => page,
  });
}

interface Pages<T> {
  /** Lists from where `take` has come to. */
  open(): AsyncIterable<readonly T[]>;
  /** Whether `open` can begin anywhere but at the start. */
  readonly resumable: boolean;
  /** What to give out of a page. */
  take(page: readonly T[]): readonly T[];
}

async function* retryPages<T>(patience: Patience, pages: Pages<T>): AsyncIterable<readonly T[]> {
  let begun = false;
  for (;;) {
    try {
      for await (const page of pages.open()) {
        const fresh = pages.take(page);
        if (fresh.length === 0) continue;
        begun = true;
        patience.renew();
        yield fresh;
      }
      return;
    } catch (error) {
      if (begun && !pages.resumable) throw error;
      await patience.wait(error);
    }
  }
}
