import { Blake3Hasher } from "@napi-rs/blake-hash";
import { PIECE } from "./signature-builder.ts";

/** The BLAKE3 of content that passes by: fill `space()`, say how much, and again; then `finish()`. */
export class ContentHasher {
  readonly #hasher = new Blake3Hasher();
  readonly #space = new Uint8Array(PIECE);

  space(): Uint8Array {
    return this.#space;
  }

  filled(length: number): void {
    this.#hasher.update(this.#space.subarray(0, length));
  }

  /** 32 bytes. */
  finish(): Uint8Array {
    return new Uint8Array(this.#hasher.digestBuffer());
  }
}
