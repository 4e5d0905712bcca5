/**
 * HMAC-SHA-256 of many short texts under one key, as two hashes each: `createHmac` makes native objects
 * that cost twice as much, and again when they are collected. https://www.rfc-editor.org/rfc/rfc2104
 */
import { sha256 } from "./sha256.ts";

const BLOCK = 64;
const HASH_SIZE = 32;

export class HmacKey {
  /** The key with its inner padding, and room for a text. */
  #inner: Buffer = Buffer.alloc(4 * BLOCK);
  readonly #outer: Buffer = Buffer.alloc(BLOCK + HASH_SIZE);

  constructor(key: Uint8Array) {
    const short = key.byteLength > BLOCK ? Buffer.from(sha256(key), "hex") : key;
    for (let i = 0; i < BLOCK; i++) {
      const byte = short[i] ?? 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  /** Hex. */
  digest(text: string): string {
    const most = BLOCK + 3 * text.length;
    if (this.#inner.byteLength < most) this.#inner = Buffer.concat([this.#inner], most);
    const size = BLOCK + this.#inner.write(text, BLOCK, "utf8");
    this.#outer.write(sha256(this.#inner.subarray(0, size)), BLOCK, "hex");
    return sha256(this.#outer);
  }
}
