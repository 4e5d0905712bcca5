import { Blake3Hasher } from "@napi-rs/blake-hash";
import { hashBlock } from "./block-hash.ts";
import { BlockList } from "./block-list.ts";
import type { ContentWindow } from "./content-window.ts";
import type { HashSpool, SpooledBlocks } from "./hash-spool.ts";
import type { RollingEngine } from "./rolling-engine.ts";
import type { Signature } from "./signature.ts";

export interface BlockSignerOptions {
  readonly window: ContentWindow;
  readonly expectedBlocks: number;
  /** Hash the whole too; the signature's `contentHash` is empty without. */
  readonly hashWhole: boolean;
  /** What was signed is left there. */
  readonly spool?: HashSpool | undefined;
}

/** Signs the blocks that pass through a window. */
export class BlockSigner {
  /** Up to here blocks are signed. */
  position = 0;
  readonly blockSize: number;
  readonly #engine: RollingEngine;
  readonly #window: ContentWindow;
  readonly #whole: Blake3Hasher | undefined;
  readonly #blocks: BlockList | SpooledBlocks;
  #hashed = 0;

  constructor(
    blockSize: number,
    engine: RollingEngine,
    { window, expectedBlocks, hashWhole, spool }: BlockSignerOptions,
  ) {
    this.blockSize = blockSize;
    this.#engine = engine;
    this.#window = window;
    this.#blocks = spool?.newBlocks() ?? new BlockList(expectedBlocks);
    if (hashWhole) this.#whole = new Blake3Hasher();
  }

  /** Takes note of what has come into the window. */
  advance(): void {
    const window = this.#window;
    this.#whole?.update(window.bytes(this.#hashed, window.end - this.#hashed));
    this.#hashed = window.end;
    while (window.end - this.position >= this.blockSize) this.#sign(this.blockSize);
  }

  /** The hash of the block at `position`, if that is where a whole block begins that was signed lately. */
  strongAt(position: number): Uint8Array | undefined {
    const index = position / this.blockSize;
    return Number.isInteger(index) ? this.#blocks.strongOf(index) : undefined;
  }

  /** All has come. */
  finish(): Signature {
    const rest = this.#window.end - this.position;
    if (rest > 0) this.#sign(rest);
    return {
      blockSize: this.blockSize,
      size: this.position,
      contentHash: new Uint8Array(this.#whole?.digestBuffer() ?? []),
      identity: {},
      ...this.#blocks.columns(),
    };
  }

  #sign(length: number): void {
    const engine = this.#engine;
    engine.sums(this.#window.offsetOf(this.position), length);
    this.#blocks.add(hashBlock(this.#window.bytes(this.position, length)), engine.b, engine.a);
    this.position += length;
  }
}
