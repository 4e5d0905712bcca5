import { Blake3Hasher } from "@napi-rs/blake-hash";

/** The BLAKE3 of content that passes by. */
export class ContentHasher {
  readonly #hasher = new Blake3Hasher();

  take(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** 32 bytes. */
  finish(): Uint8Array {
    return new Uint8Array(this.#hasher.digestBuffer());
  }
}
