/**
 * The one error of the storage layer. Drivers translate whatever their protocol says into a
 * `StorageError` at one place (`<name>-errors.ts`); everything above decides by `code` and `retry`
 * alone, never by text. Return or throw: nothing in this package logs and goes on.
 */

/**
 * What went wrong, in words that mean the same on every store. `docs/spec/storage.md` lists them all
 * (a test compares the two lists).
 */
export const ERROR_CODES = [
  "not-found",
  "already-exists",
  "not-a-directory",
  "is-a-directory",
  "directory-not-empty",
  "permission-denied",
  "unauthenticated",
  "precondition-failed",
  "changed",
  "unsupported",
  "invalid-path",
  "invalid-argument",
  "name-too-long",
  "no-space",
  "too-large",
  "throttled",
  "timeout",
  "unavailable",
  "corrupt",
  "read-only",
  "closed",
  "aborted",
  "internal",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * Whether the same call may succeed if it is made again.
 * - `never`: the answer will not change by itself.
 * - `now`: the failure was of this attempt (a reset connection): try again at once, with little delay.
 * - `later`: the store is busy or away: back off; `retryAfter` says how long if the store said so.
 */
export type RetryClass = "never" | "now" | "later";

const DEFAULT_RETRY: Readonly<Record<ErrorCode, RetryClass>> = {
  "not-found": "never",
  "already-exists": "never",
  "not-a-directory": "never",
  "is-a-directory": "never",
  "directory-not-empty": "never",
  "permission-denied": "never",
  unauthenticated: "never",
  "precondition-failed": "never",
  changed: "never",
  unsupported: "never",
  "invalid-path": "never",
  "invalid-argument": "never",
  "name-too-long": "never",
  "no-space": "never",
  "too-large": "never",
  throttled: "later",
  timeout: "later",
  unavailable: "later",
  corrupt: "now",
  "read-only": "never",
  closed: "never",
  aborted: "never",
  internal: "never",
};

export interface StorageErrorContext {
  /** One sentence for a person: what was tried and what to do. Default: the code in words. */
  readonly message?: string;
  /** The path inside the store, or the location as the user wrote it. */
  readonly path?: string | undefined;
  /** What was being done: `read`, `list`, `uploadPart` … */
  readonly operation?: string | undefined;
  /** Overrides the retry class that the code has by default. */
  readonly retry?: RetryClass | undefined;
  /** Milliseconds that the store asked us to wait (HTTP `Retry-After`). */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** An error of a store, with a stable code. Never carries a secret or a signed URL. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: ErrorCode;
  readonly retry: RetryClass;
  readonly path: string | undefined;
  readonly operation: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, context: StorageErrorContext = {}) {
    super(
      describe(code, context),
      context.cause === undefined ? undefined : { cause: context.cause },
    );
    this.code = code;
    this.retry = context.retry ?? DEFAULT_RETRY[code];
    this.path = context.path;
    this.operation = context.operation;
    this.retryAfter = context.retryAfter;
  }
}

/** Whether `error` is a `StorageError`, of one of `codes` if any are given. */
export function isStorageError(
  error: unknown,
  ...codes: readonly ErrorCode[]
): error is StorageError {
  return error instanceof StorageError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * `error` as a `StorageError`: itself if it is one, `aborted` for an aborted signal, else `internal`
 * with the original as cause.
 */
export function toStorageError(error: unknown, context: StorageErrorContext = {}): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof Error && error.name === "AbortError") {
    return new StorageError("aborted", { ...context, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new StorageError("internal", { message, ...context, cause: error });
}

/** Throws `aborted` if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, path?: string): void {
  if (signal?.aborted) throw new StorageError("aborted", { path, cause: signal.reason });
}

function describe(code: ErrorCode, context: StorageErrorContext): string {
  const what = context.message ?? code.replaceAll("-", " ");
  // The root has no name to begin with.
  return context.path ? `${printable(context.path)}: ${what}` : what;
}

/** A name as it may stand in a log line: control characters escaped, so that no name can forge a line. */
export function printable(name: string): string {
  return name.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => {
      if (c === "\n") return "\\n";
      if (c === "\t") return "\\t";
      if (c === "\r") return "\\r";
      return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}
