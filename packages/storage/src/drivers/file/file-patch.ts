/** A file that is written into as it lies. Its descriptor is closed when no write is under way. */
import { close, fstat, fsync, ftruncate, write } from "node:fs";
import { promisify } from "node:util";
import type { Patch } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { checkBytes, isCount } from "../../lib/body.ts";
import { fromSystemError } from "./file-errors.ts";
import { rowEntry, statRow } from "./stat-row.ts";

const [closeFile, statFile, syncFile, truncateFile, writeFile] = [
  promisify(close),
  promisify(fstat),
  promisify(fsync),
  promisify(ftruncate),
  promisify(write),
] as const;

/** @param fd becomes the patch's own. */
export function createPatch(fd: number, entry: Entry): Patch {
  const { path } = entry;
  const busy = new Set<Promise<unknown>>();
  let ended = false;
  const use = async <T>(work: () => Promise<T>): Promise<T> => {
    if (ended) throw new StorageError("closed", { path, message: "was closed" });
    const running = work();
    busy.add(running);
    try {
      return await running;
    } catch (error) {
      throw fromSystemError(error, path, "patch");
    } finally {
      busy.delete(running);
    }
  };
  const leave = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await Promise.allSettled(busy);
    await closeFile(fd);
  };
  return {
    entry,
    async write(offset, bytes, options = {}) {
      throwIfAborted(options.signal, path);
      checkBytes(path, bytes);
      if (!isCount(offset)) {
        throw new StorageError("invalid-argument", { path, message: `${offset} is no offset` });
      }
      await use(() => writeFully(fd, bytes, offset));
    },
    async close(size, options = {}) {
      const stats = await use(async () => {
        await truncateFile(fd, size);
        if (options.durable) await syncFile(fd);
        return statFile(fd);
      });
      await leave();
      return rowEntry(path, statRow(stats));
    },
    leave,
  };
}

async function writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const rest = bytes.byteLength - done;
    const { bytesWritten } = await writeFile(fd, bytes, done, rest, position + done);
    done += bytesWritten;
  }
}
