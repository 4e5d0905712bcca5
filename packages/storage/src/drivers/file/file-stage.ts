/** A file put together out of order, invisible until its commit. */
import type { Stage, WriteOptions } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { isCount } from "../../lib/body.ts";
import { joinPath, parentPath } from "../../path.ts";
import type { WriteWish } from "./atomic-write.ts";
import { rowEntry } from "./stat-row.ts";
import type { TempWriter } from "./temp-writer.ts";

/** @param toWish what of the options a worker needs; refuses those that a file cannot have. */
export function createStage(
  writer: TempWriter,
  size: number,
  toWish: (options: WriteOptions) => WriteWish,
): Stage {
  const { path } = writer;
  const checkRange = (offset: number, length: number): void => {
    if (isCount(offset) && isCount(length) && offset + length <= size) return;
    throw new StorageError("invalid-argument", {
      path,
      message: "lies outside the announced size",
    });
  };
  return {
    async write(offset, bytes, options = {}) {
      throwIfAborted(options.signal, path);
      checkRange(offset, bytes.byteLength);
      await writer.write(bytes, offset);
    },
    async hash(name, range, options = {}) {
      throwIfAborted(options.signal, path);
      checkRange(range.offset, range.length);
      return writer.hash(name, range);
    },
    async commit(options = {}): Promise<Entry> {
      throwIfAborted(options.signal, path);
      const row = await writer.commit(toWish({ size, ...options }));
      await writer.end();
      return rowEntry(path, row);
    },
    abort() {
      return writer.abort();
    },
    leftover: {
      path: joinPath(parentPath(path), writer.tempName),
      resumed: writer.resumed,
      keep: () => writer.end(),
    },
  };
}
