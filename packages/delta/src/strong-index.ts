import { STRONG_BYTES, isSameStrong } from "./signature.ts";

/** Finds blocks by their hashes where they lie: four to eight bytes a block instead of a map of copies. */
export class StrongIndex {
  readonly #strong: Buffer;
  /** Numbers of blocks plus one; 0 is empty. */
  readonly #slots: Uint32Array;

  constructor(strong: Uint8Array, blocks: number) {
    this.#strong = Buffer.from(strong.buffer, strong.byteOffset, strong.byteLength);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(2, blocks * 1.5))));
  }

  /** Of equal blocks the first stands for all. */
  add(index: number): void {
    const slot = this.#slotOf(index);
    if (slot >= 0 && this.#slots[slot] === 0) this.#slots[slot] = index + 1;
  }

  /** A block that was added, with the same hash as block `index`; -1 if there is none. */
  find(index: number): number {
    const slot = this.#slotOf(index);
    return slot < 0 ? -1 : this.#slots[slot]! - 1;
  }

  /** The slot of its hash, or the empty one where it belongs; -1 if there are too many others. */
  #slotOf(index: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#strong.readUInt32LE(index * STRONG_BYTES) & mask;
    for (let probe = 0; probe < PROBES; probe++, slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (other < 0 || isSameStrong(this.#strong, index, other)) return slot;
    }
    return -1;
  }
}

/** Slots that are looked at. Hashes made to collide in their first bytes are forgotten, and cost no more. */
const PROBES = 64;
