import { readSync } from "node:fs";
import { STRONG_BYTES } from "./signature.ts";

/** The strong hashes of the blocks of an object, wherever they lie. */
export interface BlockHashes {
  /** Whether block `index` has this hash. */
  isAt(index: number, strong: Uint8Array): boolean;
}

export class HashesInMemory implements BlockHashes {
  readonly #column: Uint8Array;

  constructor(column: Uint8Array) {
    this.#column = column;
  }

  isAt(index: number, strong: Uint8Array): boolean {
    return isSame(this.#column, index * STRONG_BYTES, strong);
  }
}

/** Read at once: mostly a block is asked for after the one before it. */
const HASHES_PER_PAGE = 128;

export class HashesInFile implements BlockHashes {
  readonly #descriptor: number;
  readonly #page: Uint8Array = new Uint8Array(HASHES_PER_PAGE * STRONG_BYTES);
  /** Which page is here. */
  #number = -1;

  /** @param descriptor Of a file that begins with them. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  isAt(index: number, strong: Uint8Array): boolean {
    const number = Math.floor(index / HASHES_PER_PAGE);
    if (number !== this.#number) {
      readSync(this.#descriptor, this.#page, 0, this.#page.length, number * this.#page.length);
      this.#number = number;
    }
    return isSame(this.#page, (index % HASHES_PER_PAGE) * STRONG_BYTES, strong);
  }
}

function isSame(column: Uint8Array, start: number, strong: Uint8Array): boolean {
  for (let i = 0; i < STRONG_BYTES; i++) if (column[start + i] !== strong[i]) return false;
  return true;
}
