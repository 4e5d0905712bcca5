/** Sharing a file's blocks with a new one instead of copying them, where the file system can (a reflink). */
import { constants, copyFile, fchmod, fstat } from "node:fs";
import { promisify } from "node:util";
import type { FileBody } from "./file-body.ts";
import type { TempWriter } from "./temp-writer.ts";

const [changeMode, cloneContent, statFile] = [
  promisify(fchmod),
  promisify(copyFile),
  promisify(fstat),
] as const;

/**
 * Makes the content of the new file that of `source`.
 *
 * Node's call empties the target and gives it the source's mode before it tries, whatever comes of it. So it is
 * not made where that mode would let anybody in who was to be kept out, and the mode is set back; but what was in
 * the target is gone, also if it could not become a clone.
 */
export async function tryClone(source: FileBody, target: TempWriter): Promise<boolean> {
  const isWider = (source.mode & ~target.mode) !== 0;
  if (process.platform !== "linux" || isWider) return false;
  return target.use(async (fd) => {
    const { mode } = await statFile(fd);
    try {
      const [from, to] = [`/proc/self/fd/${source.fd}`, `/proc/self/fd/${fd}`];
      await cloneContent(from, to, constants.COPYFILE_FICLONE_FORCE);
      return true;
    } catch {
      // Most file systems cannot, each with its own error; copying tells the true one, if there is one.
      return false;
    } finally {
      await changeMode(fd, mode & 0o7777);
    }
  });
}
