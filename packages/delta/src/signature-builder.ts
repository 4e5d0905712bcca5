import { BlockSigner } from "./block-signer.ts";
import { RollingEngine } from "./rolling-engine.ts";
import { countBlocks, type Signature } from "./signature.ts";
import { pour } from "./taker.ts";

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
  readonly #space: Uint8Array;
  readonly #signer: BlockSigner;

  constructor(blockSize: number, { size = 0, hashWhole = true }: SignatureBuilderOptions = {}) {
    const engine = new RollingEngine(PIECE);
    this.#space = engine.window;
    const expectedBlocks = countBlocks(size, blockSize);
    this.#signer = new BlockSigner(blockSize, engine, { expectedBlocks, hashWhole });
  }

  /** Where the next bytes go; never empty. */
  space(): Uint8Array {
    return this.#space;
  }

  /** The first `length` bytes of `space()` are there now. */
  filled(length: number): void {
    this.#signer.take(this.#space.subarray(0, length));
  }

  /** The next bytes, from anywhere. */
  take(bytes: Uint8Array): void {
    pour(bytes, this);
  }

  /** The signature of all that came, bound to no object yet. */
  finish(): Signature {
    return this.#signer.finish();
  }
}
