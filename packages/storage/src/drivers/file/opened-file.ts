/** A file that a worker opened, for threads that are none of the driver's. */
import { close, fstat } from "node:fs";
import { promisify } from "node:util";
import type { OpenedFile } from "../../driver.ts";
import { changed, fromSystemError } from "./file-errors.ts";
import { type StatRow, rowEntry, statRow } from "./stat-row.ts";

const closeFile = promisify(close);
const statFile = promisify(fstat);

/** `row`: what it was when it was opened. */
export function openedFile(path: string, fd: number, row: StatRow): OpenedFile {
  const entry = rowEntry(path, row);
  let isOpen = true;
  return {
    entry,
    descriptor: fd,
    async confirm() {
      const now = await statFile(fd).catch((error: unknown) => {
        throw fromSystemError(error, path);
      });
      if (rowEntry(path, statRow(now)).etag !== entry.etag) throw changed(path);
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await closeFile(fd);
    },
  };
}
