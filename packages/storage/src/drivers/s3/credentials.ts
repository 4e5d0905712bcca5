/**
 * Credentials, and the cache that renews them. Every request asks for credentials, from many
 * workers at once; the cache answers from memory, renews ahead of the end, and lets one renewal
 * serve all who wait. Where credentials come from is decided in `credential-chain.ts`.
 */
import { StorageError } from "../../errors.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Milliseconds since the epoch. `undefined`: they do not end. */
  readonly expiresAt?: number | undefined;
}

/**
 * Gives credentials that are good now.
 * @throws StorageError `unauthenticated` that says what to do.
 */
export type CredentialSource = (options?: CredentialOptions) => Promise<Credentials>;

interface CredentialOptions {
  /** The store called the last ones expired: fetch new ones whatever the clock says. */
  readonly refresh?: boolean | undefined;
}

/** Credentials are renewed this long before they end: 5 minutes, in milliseconds. */
const REFRESH_AHEAD: number = 5 * 60_000;
/**
 * After an attempt to renew, credentials near their end are used this long before the next one,
 * milliseconds: it may have failed, or have given the same ones again.
 */
const RETRY_PAUSE = 30_000;
/** A forced refresh this soon after a renewal gets its result: workers notice an expiry one by one. */
const REFRESH_GAP = 5_000;

/**
 * A source that remembers what `load` gives.
 * If a renewal fails, credentials that still last go on being used; a forced one has none to fall back on.
 */
export function cachedCredentials(
  load: () => Promise<Credentials>,
  now: () => number = Date.now,
): CredentialSource {
  let current: Credentials | undefined;
  let loadedAt = -Infinity;
  let pauseUntil = -Infinity;
  let pending: Promise<Credentials> | undefined;

  const renew = (): Promise<Credentials> => {
    pending ??= load()
      .then((loaded) => {
        current = loaded;
        loadedAt = now();
        return loaded;
      })
      .catch((error: unknown) => {
        throw asUnauthenticated(error);
      })
      .finally(() => {
        pauseUntil = now() + RETRY_PAUSE;
        pending = undefined;
      });
    return pending;
  };

  return async ({ refresh = false } = {}) => {
    if (current === undefined) return renew();
    if (refresh) return now() - loadedAt < REFRESH_GAP ? current : renew();
    const left = (current.expiresAt ?? Infinity) - now();
    if (left > REFRESH_AHEAD || (left > 0 && now() < pauseUntil)) return current;
    if (left <= 0) return renew();
    const old = current;
    try {
      return await renew();
    } catch (error) {
      if (old.expiresAt !== undefined && old.expiresAt > now()) return old;
      throw error;
    }
  };
}

/** Any failure to get credentials is one of authentication; its cause tells more. */
function asUnauthenticated(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError("unauthenticated", {
    message: "could not get credentials for S3; sign in again, or give an access key",
    cause: error,
  });
}
