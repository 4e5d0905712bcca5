/**
 * Loaded before anything else, in every thread: `close` of a temporary file fails as it may on a network file system,
 * which sends the last bytes only then. As on Linux, the descriptor is closed all the same.
 */
import fs, { readlinkSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { closeSync, close } = fs;

function quota(fd: number): Error | undefined {
  if (!/\.omnisync-[^/]*\.tmp$/.test(readlinkSync(`/proc/self/fd/${fd}`))) return undefined;
  return Object.assign(new Error("EDQUOT: disk quota exceeded, close"), { code: "EDQUOT" });
}

fs.closeSync = (fd) => {
  const error = quota(fd);
  closeSync(fd);
  if (error !== undefined) throw error;
};

function failingClose(fd: number, callback?: (error: NodeJS.ErrnoException | null) => void): void {
  const error = quota(fd);
  close(fd, (none) => callback?.(error ?? none));
}

fs.close = Object.assign(failingClose, { __promisify__: close.__promisify__ });

syncBuiltinESMExports();
