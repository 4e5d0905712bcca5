/** Signs or matches all of a file: by its descriptor where there is one, which spares handing its content from thread to thread. */
import {
  type Delta,
  DeltaError,
  type FileJobOptions,
  type OpenFile,
  type Signature,
  deltaOfOpenFile,
  matchInThread,
  signInThread,
  signOpenFile,
} from "@omnisync/delta";
import { type OpenedFile, StorageError, isStorageError, toStorageError } from "@omnisync/storage";
import { type Content, feed } from "./feed.ts";

/** @throws StorageError as `feed` */
export async function signContent(content: Content, blockSize: number): Promise<Signature> {
  const { driver, entry, signal } = content;
  if (driver.openFile === undefined) {
    return feed(content, signInThread({ blockSize, size: entry.size, signal }));
  }
  return withOpenFile(content, (file, options) => signOpenFile(file, { blockSize, ...options }));
}

export interface MatchOptions {
  /** Bytes per block of the content's own signature; none is made without. A large one may be left in a file: `Signature.spool`. */
  readonly signWith: number;
  /** As in `MatcherOptions`. */
  readonly mostCopies: number | undefined;
}

/**
 * @param own Without it the content is what was there before: where it has a block is told once.
 * @throws as `feed`
 */
export async function matchContent(
  content: Content,
  old: Signature,
  own: MatchOptions | undefined,
): Promise<Delta> {
  const { driver, entry, signal } = content;
  if (driver.openFile === undefined) {
    const options = { ...own, once: own === undefined, size: entry.size, spool: true, signal };
    return feed(content, matchInThread(old, options));
  }
  const { signWith: blockSize, mostCopies } = own ?? {};
  const isOld = own === undefined;
  const how = { sign: !isOld, blockSize, mostCopies, once: isOld, spool: true };
  return withOpenFile(content, (file, options) =>
    deltaOfOpenFile(file, old, { ...how, ...options }),
  );
}

async function withOpenFile<T extends Signature | Delta>(
  content: Content,
  work: (file: OpenFile, options: FileJobOptions) => Promise<T>,
): Promise<T> {
  const { driver, path, entry, signal, onBytes } = content;
  const { size, etag } = entry;
  const opened = await driver.openFile!(path, { ifMatch: etag, signal });
  let made: T | undefined;
  try {
    let told = 0;
    const onProgress = (bytes: number): void => {
      onBytes?.(bytes - told);
      told = bytes;
    };
    made = await work({ descriptor: opened.descriptor, size }, { signal, onProgress });
    onProgress(size);
    await opened.confirm();
    return made;
  } catch (error) {
    // Nobody gets it, so nobody would close what of it lies in a file.
    if (made !== undefined && "ops" in made) made.signature?.spool?.close();
    throw await asStorageError(error, content, opened);
  } finally {
    await opened.close();
  }
}

/** What became of the content counts for more than how a thread met it. */
async function asStorageError(
  error: unknown,
  { path, signal }: Content,
  opened: OpenedFile,
): Promise<unknown> {
  if (signal.aborted || isStorageError(error)) return error;
  if (error instanceof DeltaError && error.code !== "changed") return error;
  try {
    await opened.confirm();
  } catch (found) {
    return found;
  }
  return error instanceof DeltaError
    ? new StorageError("changed", { path, message: error.message, cause: error })
    : toStorageError(error, { path });
}
