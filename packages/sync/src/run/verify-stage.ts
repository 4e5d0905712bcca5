/** Compares what lies in a stage with the strongest thing the source's store knows of its content. */
import {
  type Entry,
  type HashName,
  type Stage,
  StorageError,
  createHasher,
} from "@omnisync/storage";
import { cut } from "../plan/choose-strategy.ts";
import type { Transfer } from "./transfer.ts";

/** The hash of the whole that the store knows; the strongest of several. */
export function strongestHash({ hashes }: Pick<Entry, "hashes">): HashName | undefined {
  return (["blake3", "sha256", "md5"] as const).find((known) => hashes?.[known] !== undefined);
}

/**
 * By the MD5s of parts only if nothing better is known: MD5 costs five times what BLAKE3 does.
 * @param digests MD5s of the source's parts, as far as they are known already.
 * @throws StorageError `corrupt`
 */
export async function verifyStage(
  { fromPath, context }: Transfer,
  { hashes, parts, size }: Pick<Entry, "hashes" | "parts" | "size">,
  stage: Stage,
  digests: readonly string[] = [],
): Promise<void> {
  const { signal } = context;
  const expect = (actual: string, expected: string): void => {
    if (actual === expected) return;
    throw new StorageError("corrupt", {
      path: fromPath,
      message: "what arrived is not what the store holds",
    });
  };
  if (hashes?.blake3 === undefined && parts !== undefined) {
    const hasher = createHasher("md5");
    for (const piece of cut(size, parts.size)) {
      const digest = digests[piece.number - 1] ?? (await stage.hash("md5", piece, { signal }));
      hasher.update(Buffer.from(digest, "hex"));
    }
    return expect(hasher.digest(), parts.md5);
  }
  const name = strongestHash({ hashes });
  if (name !== undefined)
    expect(await stage.hash(name, { offset: 0, length: size }, { signal }), hashes![name]!);
}
