/** What is known of a file's content without reading it, and the same computed by reading it. */
import {
  type Driver,
  type Entry,
  type HashName,
  StorageError,
  createHasher,
} from "@omnisync/storage";
import { hashFile } from "../run/hash-file.ts";

/** Strongest first. CRC32 still finds bytes that went bad, which is all that is asked of it here. */
const BY_STRENGTH: readonly HashName[] = ["blake3", "sha256", "sha1", "md5", "crc32"];

/** A hash of the whole content, or of its parts (`Entry.parts`), with its value. */
export type KnownContent =
  | { readonly kind: "hash"; readonly name: HashName; readonly value: string }
  | { readonly kind: "parts"; readonly size: number; readonly value: string };

/** The strongest thing that the store, or what omnisync keeps there, tells of the content. */
export function knownContent({ hashes, parts }: Entry): KnownContent | undefined {
  for (const name of BY_STRENGTH) {
    const value = hashes?.[name];
    if (value !== undefined) return { kind: "hash", name, value };
    // By parts is MD5, so it comes where MD5 does.
    if (name === "md5" && parts !== undefined)
      return { kind: "parts", size: parts.size, value: parts.md5 };
  }
  return undefined;
}

/**
 * Reads a file to its end and computes what there is to compare `known` with; with nothing known, BLAKE3.
 * @param entry as listed; `path` in the store.
 * @returns also the entry that describes what was read, which knows more than a listing.
 * @throws StorageError `changed` or `precondition-failed` if it is not the listed one any more, `corrupt`
 *   if the store itself says so.
 */
export async function readContent(
  driver: Driver,
  path: string,
  entry: Entry,
  known: (entry: Entry) => KnownContent | undefined,
  signal: AbortSignal,
): Promise<ContentRead> {
  if (driver.readBlock !== undefined) {
    const whole = entry.complete ? entry : await complete(driver, path, entry, signal);
    const expected = known(whole);
    // By parts means from an object store, which has no blocks to read in threads.
    if (expected?.kind !== "parts") {
      const name = expected?.name ?? "blake3";
      const value = await hashFile(driver, path, whole, name, signal);
      return { entry: whole, expected, value };
    }
  }
  const { entry: found, body } = await driver.read(path, { ifMatch: entry.etag, signal });
  const expected = known(found);
  const value =
    expected?.kind === "parts"
      ? await digestParts(body, expected.size)
      : await digest(body, expected?.name ?? "blake3");
  return { entry: found, expected, value };
}

export interface ContentRead {
  readonly entry: Entry;
  readonly expected: KnownContent | undefined;
  /** What the content has where `expected` has its value. */
  readonly value: string;
}

async function complete(
  driver: Driver,
  path: string,
  listed: Entry,
  signal: AbortSignal,
): Promise<Entry> {
  const entry = await driver.stat(path, { signal });
  if (entry === undefined) throw new StorageError("not-found", { path });
  if (entry.etag !== listed.etag) throw new StorageError("changed", { path });
  return entry;
}

async function digest(body: AsyncIterable<Uint8Array>, name: HashName): Promise<string> {
  const hasher = createHasher(name);
  for await (const chunk of body) hasher.update(chunk);
  return hasher.digest();
}

/** The MD5 of the MD5s of pieces of `size` bytes; the last may be shorter. */
async function digestParts(body: AsyncIterable<Uint8Array>, size: number): Promise<string> {
  const whole = createHasher("md5");
  let piece = createHasher("md5");
  let filled = 0;
  const endPiece = (): void => {
    whole.update(Buffer.from(piece.digest(), "hex"));
    piece = createHasher("md5");
    filled = 0;
  };
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength;) {
      if (filled === size) endPiece();
      const taken = chunk.subarray(at, at + size - filled);
      piece.update(taken);
      filled += taken.byteLength;
      at += taken.byteLength;
    }
  }
  endPiece();
  return whole.digest();
}
