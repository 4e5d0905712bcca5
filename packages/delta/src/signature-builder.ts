import { BlockSigner } from "./block-signer.ts";
import { ContentWindow } from "./content-window.ts";
import { RollingEngine } from "./rolling-engine.ts";
import { countBlocks, type Signature } from "./signature.ts";

/** Bytes that are read and hashed at a time: with the tables they stay in a core's cache. */
export const PIECE: number = 256 * 1024;

/** Makes the signature of content that passes by: fill `space()`, say how much, and again; then `finish()`. */
export class SignatureBuilder {
  readonly #window: ContentWindow;
  readonly #signer: BlockSigner;

  /** @param size Bytes that are expected; a guess is fine. */
  constructor(blockSize: number, size = 0) {
    const engine = new RollingEngine(2 * blockSize + PIECE);
    this.#window = new ContentWindow(engine.window, PIECE);
    const expectedBlocks = countBlocks(size, blockSize);
    this.#signer = new BlockSigner(blockSize, engine, { window: this.#window, expectedBlocks });
  }

  /** Where the next bytes go; never empty. */
  space(): Uint8Array {
    return this.#window.space(this.#signer.position);
  }

  /** The first `length` bytes of `space()` are there now. */
  filled(length: number): void {
    this.#window.end += length;
    this.#signer.advance();
  }

  /** The signature of all that came, bound to no object yet. */
  finish(): Signature {
    return this.#signer.finish();
  }
}
