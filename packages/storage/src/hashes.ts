/**
 * Hashes by name. One-shot and incremental, lower-case hex everywhere.
 * BLAKE3 is omnisync's own content identity; MD5 and the CRCs are what stores speak.
 */
import { blake3, Blake3Hasher } from "@napi-rs/blake-hash";
import { createHash, hash as hashOnce } from "node:crypto";
import { crc32 } from "node:zlib";

export const HASH_NAMES = ["blake3", "sha256", "sha1", "md5", "crc32"] as const;

export type HashName = (typeof HASH_NAMES)[number];

/** Hex digits of each. */
export const HASH_DIGITS: ReadonlyMap<string, number> = new Map<HashName, number>([
  ["blake3", 64],
  ["sha256", 64],
  ["sha1", 40],
  ["md5", 32],
  ["crc32", 8],
]);

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Lower-case hex. Ends the hasher. */
  digest(): string;
}

/** The hash of bytes that are already in memory. */
export function hashBytes(name: HashName, bytes: Uint8Array): string {
  if (name === "blake3") return blake3(bytes).toString("hex");
  if (name === "crc32") return hex32(crc32(bytes));
  return hashOnce(name, bytes, "hex");
}

/** A hasher that is fed piece by piece. */
export function createHasher(name: HashName): Hasher {
  if (name === "crc32") return new Crc32Hasher();
  if (name === "blake3") {
    const hasher = new Blake3Hasher();
    return {
      update: (bytes) => void hasher.update(bytes),
      digest: () => hasher.digestBuffer().toString("hex"),
    };
  }
  const hasher = createHash(name);
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest("hex") };
}

class Crc32Hasher implements Hasher {
  #value = 0;
  update(bytes: Uint8Array): void {
    this.#value = crc32(bytes, this.#value);
  }
  digest(): string {
    return hex32(this.#value);
  }
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}
