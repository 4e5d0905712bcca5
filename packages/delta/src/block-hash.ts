import { Blake3Hasher } from "@napi-rs/blake-hash";

const hasher = /* @__PURE__ */ new Blake3Hasher();

/** The BLAKE3 of a block, 32 bytes. */
export function hashBlock(bytes: Uint8Array): Uint8Array {
  hasher.reset();
  hasher.update(bytes);
  return digestOf(hasher);
}

/**
 * 32 bytes. What the library makes itself of a block, or as a buffer, leaves 300 bytes behind each time until the event loop
 * turns, and a thread that reads a file to its end has no such turns: 300 MB for a million blocks.
 */
export function digestOf(ofBlock: Pick<Blake3Hasher, "digest">): Uint8Array {
  return Buffer.from(ofBlock.digest("hex"), "hex");
}
