import {
  type Driver,
  type Entry,
  type HashName,
  StorageError,
  createHasher,
} from "@omnisync/storage";

/**
 * The hash of a whole file, computed where it lies if its store can.
 * @throws StorageError `changed` or `precondition-failed` if it is not the listed one any more.
 */
export async function hashFile(
  driver: Driver,
  path: string,
  entry: Pick<Entry, "size" | "etag">,
  name: HashName,
  signal: AbortSignal,
): Promise<string> {
  const ifMatch = entry.etag;
  if (driver.readBlock !== undefined) {
    const block = await driver.readBlock(path, {
      offset: 0,
      length: entry.size,
      hashes: [name],
      hashOnly: true,
      ifMatch,
      signal,
    });
    if (block.entry.size !== entry.size) throw new StorageError("changed", { path });
    return block.hashes[name]!;
  }
  const hasher = createHasher(name);
  const { body } = await driver.read(path, { ifMatch, signal });
  for await (const chunk of body) hasher.update(chunk);
  return hasher.digest();
}

/** Bytes that tell most files of one size apart. */
const HEAD = 16 * 1024;

/** BLAKE3 of what a file begins with, by a driver that reads blocks. @throws StorageError as `hashFile`. */
export async function hashHead(
  driver: Driver,
  path: string,
  ifMatch: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const block = { offset: 0, length: HEAD, hashes: ["blake3"], hashOnly: true } as const;
  return (await driver.readBlock!(path, { ...block, ifMatch, signal })).hashes.blake3!;
}
