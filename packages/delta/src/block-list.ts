import { STRONG_BYTES } from "./signature.ts";

/** Of all blocks, in order. */
export interface BlockColumns {
  /** 32 bytes each. */
  readonly strong: Uint8Array;
  /** b, then a. */
  readonly weak: Uint32Array;
}

/** The hashes and sums of blocks as they are found: two columns that grow, in memory that threads share. */
export class BlockList {
  length = 0;
  #strong: Uint8Array;
  #weak: Uint32Array;

  /** @param expected How many blocks there will be, if known; more are fine. */
  constructor(expected: number) {
    const room = Math.max(16, expected);
    this.#strong = strongColumn(room);
    this.#weak = weakColumn(room);
  }

  add(strong: Uint8Array, b: number, a: number): void {
    if (this.length * 2 === this.#weak.length) this.#resize(this.length * 2);
    this.#strong.set(strong, this.length * STRONG_BYTES);
    this.#weak[this.length * 2] = b;
    this.#weak[this.length * 2 + 1] = a;
    this.length++;
  }

  strongOf(index: number): Uint8Array | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.#strong.subarray(index * STRONG_BYTES, (index + 1) * STRONG_BYTES);
  }

  /** Add nothing afterwards. */
  columns(): BlockColumns {
    if (this.#weak.length !== this.length * 2) this.#resize(this.length);
    return { strong: this.#strong, weak: this.#weak };
  }

  #resize(blocks: number): void {
    const strong = strongColumn(blocks);
    const weak = weakColumn(blocks);
    strong.set(this.#strong.subarray(0, strong.length));
    weak.set(this.#weak.subarray(0, weak.length));
    this.#strong = strong;
    this.#weak = weak;
  }
}

/** Room for the hashes of `blocks` blocks: zeros, which take memory only when they are written. */
export function strongColumn(blocks: number, isShared: boolean = true): Uint8Array {
  return new Uint8Array(memory(blocks * STRONG_BYTES, isShared));
}

/** Room for the sums of `blocks` blocks. */
export function weakColumn(blocks: number, isShared: boolean = true): Uint32Array {
  return new Uint32Array(memory(blocks * 8, isShared));
}

function memory(size: number, isShared: boolean): ArrayBufferLike {
  return isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
}
