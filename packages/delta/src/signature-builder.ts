import { BlockSigner } from "./block-signer.ts";
import { ContentWindow } from "./content-window.ts";
import { RollingEngine } from "./rolling-engine.ts";
import { countBlocks, type Signature } from "./signature.ts";

/** Bytes that are read and hashed at a time: with the tables they stay in a core's cache. */
export const PIECE: number = 256 * 1024;

export interface SignatureBuilderOptions {
  /** Bytes that are expected; a guess is fine. */
  readonly size?: number | undefined;
  /** Hash the whole too; without it the signature's `contentHash` is empty. Default: true. */
  readonly hashWhole?: boolean | undefined;
}

/** Makes the signature of content that passes by: fill `space()`, say how much, and again; then `finish()`. */
export class SignatureBuilder {
  readonly #window: ContentWindow;
  readonly #signer: BlockSigner;

  constructor(blockSize: number, { size = 0, hashWhole = true }: SignatureBuilderOptions = {}) {
    const engine = new RollingEngine(2 * blockSize + PIECE);
    this.#window = new ContentWindow(engine.window, PIECE);
    const expectedBlocks = countBlocks(size, blockSize);
    const window = this.#window;
    this.#signer = new BlockSigner(blockSize, engine, { window, expectedBlocks, hashWhole });
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
