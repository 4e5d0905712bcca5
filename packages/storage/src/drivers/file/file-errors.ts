/** The one place where an error of the operating system becomes a `StorageError`. */
import { type ErrorCode, type RetryClass, StorageError, printable } from "../../errors.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry?: RetryClass;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: "not-found", message: "does not exist" },
  EEXIST: { code: "already-exists", message: "exists already" },
  ENOTDIR: { code: "not-a-directory", message: "is not a directory, or lies under something else" },
  EISDIR: { code: "is-a-directory", message: "is a directory" },
  ENOTEMPTY: { code: "directory-not-empty", message: "the directory is not empty" },
  EACCES: { code: "permission-denied", message: "permission denied" },
  EPERM: { code: "permission-denied", message: "operation not permitted" },
  ENAMETOOLONG: { code: "name-too-long", message: "the name is too long for this file system" },
  ENOSPC: { code: "no-space", message: "no space left on the file system" },
  EDQUOT: { code: "no-space", message: "the disk quota is used up" },
  EFBIG: { code: "too-large", message: "larger than a file may be here (file system or ulimit)" },
  EROFS: { code: "read-only", message: "the file system is mounted read-only" },
  ELOOP: { code: "unsupported", message: "is a symbolic link; links are never followed" },
  EXDEV: { code: "unsupported", message: "lies on another file system; copy instead" },
  ENOTSUP: { code: "unsupported", message: "the file system does not support this" },
  EOPNOTSUPP: { code: "unsupported", message: "the file system does not support this" },
  ENOSYS: { code: "unsupported", message: "the file system does not support this" },
  EINVAL: { code: "invalid-argument", message: "refused by the file system" },
  EILSEQ: { code: "invalid-path", message: "the file system does not take this name" },
  EMFILE: { code: "unavailable", message: "too many open files in this process" },
  ENFILE: { code: "unavailable", message: "too many open files on this machine" },
  EBUSY: { code: "unavailable", message: "is in use" },
  ETXTBSY: { code: "unavailable", message: "is being executed" },
  ESTALE: { code: "unavailable", message: "the network file system lost this file" },
  ETIMEDOUT: { code: "timeout", message: "the file system did not answer" },
  EIO: { code: "internal", message: "input/output error: the disk may be failing" },
};

/** An error thrown by `node:fs`, told of as what it means for `path`. */
export function fromSystemError(error: unknown, path: string, operation?: string): StorageError {
  if (error instanceof StorageError) return error;
  const name = errorName(error);
  const meaning = name === undefined ? undefined : MEANINGS[name];
  if (meaning === undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return new StorageError("internal", { path, operation, message, cause: error });
  }
  const message = `${meaning.message} (${name})`;
  return new StorageError(meaning.code, { path, operation, message, cause: error });
}

export function changed(path: string): StorageError {
  return new StorageError("changed", { path, message: "changed while it was being read" });
}

/** `ENOENT` and its like; `undefined` for anything that no system call threw. */
export function errorName(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof StorageError || !("code" in error)) {
    return undefined;
  }
  return typeof error.code === "string" ? error.code : undefined;
}

export function isSystemError(error: unknown, ...names: readonly string[]): boolean {
  const name = errorName(error);
  return name !== undefined && names.includes(name);
}

/** A `StorageError` as it travels between threads. */
export interface WireError {
  readonly code: ErrorCode;
  readonly retry: RetryClass;
  readonly text: string;
  readonly path: string | undefined;
  readonly operation: string | undefined;
}

export function packError(error: StorageError): WireError {
  const { code, retry, path, operation, message } = error;
  // The constructor puts the path before the text, here and again where it is unpacked.
  const lead = path === undefined ? "" : `${printable(path)}: `;
  const text = message.startsWith(lead) ? message.slice(lead.length) : message;
  return { code, retry, text, path, operation };
}

export function unpackError(wire: WireError): StorageError {
  const { code, retry, text, path, operation } = wire;
  return new StorageError(code, { retry, message: text, path, operation });
}
