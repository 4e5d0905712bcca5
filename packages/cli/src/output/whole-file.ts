/** A file that is there whole or not at all, for its owner only. What stands in its place stays until then. */
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";

/** Writes beside and renames; a device or a pipe is written to as it is. */
export async function writeWholeFile(path: string, chunks: AsyncIterable<string>): Promise<void> {
  const old = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  if (old !== undefined && !old.isFile()) return fill(await open(path, "w"), chunks);
  const target = old === undefined ? path : await realpath(path);
  const temp = `${target}.${process.pid}.new`;
  const handle = await open(temp, "wx", 0o600);
  try {
    await fill(handle, chunks);
    await rename(temp, target);
  } catch (error) {
    await unlink(temp);
    throw error;
  }
}

async function fill(handle: FileHandle, chunks: AsyncIterable<string>): Promise<void> {
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}
