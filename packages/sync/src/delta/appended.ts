/** Whether a file is what an object is, with more at its end: told without a signature, by the MD5s of the parts it was sent in. */
import { type Driver, type Entry, createHasher } from "@omnisync/storage";
import { cut } from "../plan/choose-strategy.ts";
import { inParallel } from "../run/in-parallel.ts";

/** Blocks hashed at once. */
const AT_ONCE = 4;

export interface Beginning {
  readonly driver: Driver;
  readonly path: string;
  readonly entry: Entry;
  readonly signal: AbortSignal;
}

/** @param object complete. `false` also where nobody can tell. */
export async function beginsWith(
  { driver, path, entry, signal }: Beginning,
  object: Entry,
): Promise<boolean> {
  const { parts, size } = object;
  if (parts === undefined || driver.readBlock === undefined) return false;
  if (size === 0 || size >= entry.size) return false;
  const digests: string[] = [];
  await inParallel(cut(size, parts.size), AT_ONCE, signal, async (piece, signal) => {
    const { offset, length, number } = piece;
    const block = { offset, length, hashes: ["md5"], hashOnly: true } as const;
    const read = await driver.readBlock!(path, { ...block, ifMatch: entry.etag, signal });
    digests[number - 1] = read.hashes.md5!;
  });
  const hasher = createHasher("md5");
  for (const digest of digests) hasher.update(Buffer.from(digest, "hex"));
  return hasher.digest() === parts.md5;
}
