/**
 * A range of one version of a file, whatever becomes of the connection: one that breaks off is opened anew where it
 * broke. Else each break would cost all that came over it, and a long transfer over a bad line would never end.
 */
import {
  type CallOptions,
  type Driver,
  type ExactRange,
  StorageError,
  isStorageError,
  toStorageError,
} from "@omnisync/storage";

export interface RangeSource {
  readonly driver: Driver;
  readonly path: string;
  /** Without one nobody could tell whether what comes next is of the same content. */
  readonly etag: string | undefined;
}

/** How often in a row a connection may break before as much as this has come. */
const FRUITLESS = 4;
const WORTH_A_CONNECTION = 64 * 1024;

/**
 * @throws StorageError `unavailable` if connections go on breaking: what was transferred may be gone on with later.
 *   `precondition-failed` if the content is another by now.
 */
export async function* readRange(
  { driver, path, etag }: RangeSource,
  { offset, length }: ExactRange,
  options: CallOptions & { readonly lend?: boolean | undefined },
): AsyncGenerator<Uint8Array> {
  const end = offset + length;
  let at = offset;
  let fruitless = 0;
  do {
    const begun = at;
    const range = { offset: at, length: end - at };
    const { body } = await driver.read(path, { ...options, range, ifMatch: etag });
    try {
      for await (const chunk of body) {
        at += chunk.byteLength;
        yield chunk;
      }
      if (at !== end) throw new StorageError("corrupt", { path, message: "a range ended early" });
    } catch (error) {
      options.signal?.throwIfAborted();
      const isBroken = isStorageError(error, "corrupt", "unavailable", "timeout");
      if (!isBroken || etag === undefined || at >= end) throw error;
      fruitless = at - begun < WORTH_A_CONNECTION ? fruitless + 1 : 0;
      if (fruitless >= FRUITLESS) throw keepsBreaking(path, error);
    }
  } while (at < end);
}

function keepsBreaking(path: string, cause: unknown): StorageError {
  const { message } = toStorageError(cause, { path });
  return new StorageError("unavailable", {
    ...{ path, operation: "read", cause },
    message: `the connection breaks off each time: ${message}`,
  });
}
