/**
 * Keeps two threads that read the same file one behind the other: what the first has read the second finds in the page
 * cache, however large the file is. Side by side they would get into each other's way at every page that is not there.
 */
import { PIECE } from "./signature-builder.ts";

/** Pieces that the first has to be ahead, and may be. */
const LEAST_LEAD = (16 * 1024 ** 2) / PIECE;
const MOST_LEAD = (256 * 1024 ** 2) / PIECE;
/** Ahead of everything: it waits for nobody and nobody for it. */
const AT_END = 0x7fff_ffff;
/** Milliseconds after which a thread that waits looks again. */
const PATIENCE = 1000;

/** What both threads see; `number` is 0 for the first and 1 for the second. */
export interface PaceOptions {
  readonly memory: SharedArrayBuffer;
  readonly number: 0 | 1;
}

export function paceMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

export class Pace {
  /** Pieces that each has read. 5 TiB are 20 million. */
  readonly #read: Int32Array;
  readonly #own: 0 | 1;

  constructor({ memory, number }: PaceOptions) {
    this.#read = new Int32Array(memory);
    this.#own = number;
  }

  /** So many bytes were read. Waits as long as the next are not to be read. */
  reached(bytes: number): void {
    const own = Math.floor(bytes / PIECE);
    this.#tell(own);
    const at = 1 - this.#own;
    for (;;) {
      const other = Atomics.load(this.#read, at);
      if (this.#own === 0 ? own - other <= MOST_LEAD : other - own >= LEAST_LEAD) return;
      Atomics.wait(this.#read, at, other, PATIENCE);
    }
  }

  /** Nothing more is read. */
  end(): void {
    this.#tell(AT_END);
  }

  #tell(count: number): void {
    Atomics.store(this.#read, this.#own, count);
    Atomics.notify(this.#read, this.#own);
  }
}
