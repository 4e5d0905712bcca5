/** A file put together out of order, invisible until its commit. */
import type { Stage, StageOptions, WriteOptions } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { checkBytes, isCount } from "../../lib/body.ts";
import { checkPath, joinPath, parentPath } from "../../path.ts";
import type { WriteWish } from "./atomic-write.ts";
import type { FileCaller } from "./file-caller.ts";
import { beginWithBase } from "./stage-base.ts";
import { rowEntry } from "./stat-row.ts";
import { TempWriter } from "./temp-writer.ts";

/** What of the options a worker needs; refuses those that a file cannot have. */
type ToWish = (options: WriteOptions) => WriteWish;

/** Goes on with a leftover if there is one that fits, else begins anew. */
export async function openStage(
  caller: FileCaller,
  path: string,
  size: number,
  { toWish, ...options }: StageOptions & { readonly toWish: ToWish },
): Promise<Stage> {
  if (!isCount(size)) {
    throw new StorageError("invalid-argument", { path, message: `${size} is not a size` });
  }
  const { hash, resume, base, sparse, signal } = options;
  if (base !== undefined) checkPath(base.path);
  if (resume !== undefined) {
    const kept = { leftover: checkPath(resume), size, sparse };
    const resumed = await TempWriter.resume(caller, path, kept);
    if (resumed !== undefined) return createStage(resumed, size, toWish);
  }
  // Whether it is to be durable shows at the commit, when its directories are there already.
  const wish = toWish({ ...options, durable: true });
  if (base !== undefined) {
    const writer = await beginWithBase(caller, path, { base, size, wish, signal });
    return createStage(writer, size, toWish);
  }
  const writer = await TempWriter.begin(caller, path, wish, size);
  if (hash !== undefined) writer.expectHash(hash);
  return createStage(writer, size, toWish);
}

function createStage(writer: TempWriter, size: number, toWish: ToWish): Stage {
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
      checkBytes(path, bytes);
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
      return rowEntry(path, await writer.commit(toWish({ size, ...options })));
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
