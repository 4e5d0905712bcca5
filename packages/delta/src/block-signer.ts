import { Blake3Hasher } from "@napi-rs/blake-hash";
import { BlockList } from "./block-list.ts";
import { digestOf } from "./block-hash.ts";
import type { HashSpool, SpooledBlocks } from "./hash-spool.ts";
import type { RollingEngine } from "./rolling-engine.ts";
import type { Signature } from "./signature.ts";

export interface BlockSignerOptions {
  readonly expectedBlocks: number;
  /** Hash the whole too; the signature's `contentHash` is empty without. */
  readonly hashWhole: boolean;
  /** What was signed is left there. */
  readonly spool?: HashSpool | undefined;
}

/** Signs the blocks of content that passes by, in pieces of any length. */
export class BlockSigner {
  readonly blockSize: number;
  readonly #engine: RollingEngine;
  readonly #whole: Blake3Hasher | undefined;
  readonly #blocks: BlockList | SpooledBlocks;
  /** Bytes of whole blocks that were signed. */
  #signed = 0;
  /** Of the block that has not come whole: its bytes so far, their hash and sums. */
  #length = 0;
  readonly #hasher = new Blake3Hasher();
  #a = 0;
  #b = 0;

  constructor(
    blockSize: number,
    engine: RollingEngine,
    { expectedBlocks, hashWhole, spool }: BlockSignerOptions,
  ) {
    this.blockSize = blockSize;
    this.#engine = engine;
    this.#blocks = spool?.newBlocks() ?? new BlockList(expectedBlocks);
    if (hashWhole) this.#whole = new Blake3Hasher();
  }

  /** @param bytes In the engine's memory. */
  take(bytes: Uint8Array): void {
    this.#whole?.update(bytes);
    for (let from = 0; from < bytes.length;) {
      const part = bytes.subarray(from, from + this.blockSize - this.#length);
      this.#add(part);
      if (this.#length === this.blockSize) this.#endBlock();
      from += part.length;
    }
  }

  /** The hash of the block at `position`, if that is where a whole block begins that was signed lately. */
  strongAt(position: number): Uint8Array | undefined {
    const index = position / this.blockSize;
    return Number.isInteger(index) ? this.#blocks.strongOf(index) : undefined;
  }

  /** All has come. */
  finish(): Signature {
    if (this.#length > 0) this.#endBlock();
    return {
      blockSize: this.blockSize,
      size: this.#signed,
      contentHash: new Uint8Array(this.#whole?.digestBuffer() ?? []),
      identity: {},
      ...this.#blocks.columns(),
    };
  }

  /** In b each byte counts as often as bytes follow it, and once more. */
  #add(part: Uint8Array): void {
    const engine = this.#engine;
    this.#hasher.update(part);
    engine.sums(part);
    this.#b = (this.#b + Math.imul(part.length, this.#a) + engine.b) >>> 0;
    this.#a = (this.#a + engine.a) >>> 0;
    this.#length += part.length;
  }

  #endBlock(): void {
    this.#blocks.add(digestOf(this.#hasher), this.#b, this.#a);
    this.#hasher.reset();
    this.#signed += this.#length;
    this.#length = 0;
    this.#a = 0;
    this.#b = 0;
  }
}
