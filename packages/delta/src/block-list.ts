import { STRONG_BYTES } from "./signature.ts";

/** The hashes and sums of blocks as they are found: two columns that grow. */
export class BlockList {
  length = 0;
  #strong: Uint8Array;
  #weak: Uint32Array;

  /** @param expected How many blocks there will be, if known; more are fine. */
  constructor(expected: number) {
    const room = Math.max(16, expected);
    this.#strong = new Uint8Array(room * STRONG_BYTES);
    this.#weak = new Uint32Array(room * 2);
  }

  add(strong: Uint8Array, b: number, a: number): void {
    if (this.length * 2 === this.#weak.length) this.#grow();
    this.#strong.set(strong, this.length * STRONG_BYTES);
    this.#weak[this.length * 2] = b;
    this.#weak[this.length * 2 + 1] = a;
    this.length++;
  }

  strongOf(index: number): Uint8Array {
    return this.#strong.subarray(index * STRONG_BYTES, (index + 1) * STRONG_BYTES);
  }

  /** All hashes; add nothing afterwards. */
  strong(): Uint8Array {
    const length = this.length * STRONG_BYTES;
    return this.#strong.length === length ? this.#strong : this.#strong.slice(0, length);
  }

  /** All sums; add nothing afterwards. */
  weak(): Uint32Array {
    const length = this.length * 2;
    return this.#weak.length === length ? this.#weak : this.#weak.slice(0, length);
  }

  #grow(): void {
    const strong = new Uint8Array(this.#strong.length * 2);
    const weak = new Uint32Array(this.#weak.length * 2);
    strong.set(this.#strong);
    weak.set(this.#weak);
    this.#strong = strong;
    this.#weak = weak;
  }
}
