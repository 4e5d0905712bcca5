/** Between a place and a stream of the program. */
import {
  type Body,
  type Entry,
  type ReadOptions,
  type WriteOptions,
  throwIfAborted,
} from "@omnisync/storage";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Place } from "../options.ts";

/**
 * Writes a stream (any `AsyncIterable` of bytes, so Node's too) to a file, whole or not at all.
 * @returns the new entry.
 * @throws StorageError as `Driver.write`; what the stream throws, as `internal` with it as the cause.
 */
export function copyToPath(body: Body, to: Place, options: WriteOptions = {}): Promise<Entry> {
  return to.driver.write(to.path, body, options);
}

/**
 * Writes a file to a stream and ends the stream. A file that breaks off destroys it, so that what reads it
 * never takes a part for the whole.
 * @returns the entry of what was read.
 * @throws StorageError as `Driver.read`; what the stream throws.
 */
export async function copyFromPath(
  from: Place,
  stream: Writable,
  options: ReadOptions = {},
): Promise<Entry> {
  const { entry, body } = await from.driver.read(from.path, options);
  const { signal } = options;
  try {
    await pipeline(body, stream, signal === undefined ? {} : { signal });
  } catch (error) {
    // Node has an error of its own for that.
    throwIfAborted(signal, from.path);
    throw error;
  }
  return entry;
}
