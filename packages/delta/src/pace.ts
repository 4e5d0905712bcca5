/**
 * Keeps two threads that read the same file near each other: what one has read the other finds in the page cache, however
 * large the file is. A thread that is far ahead waits.
 */
import { PIECE } from "./signature-builder.ts";

/** Pieces that one may be ahead. */
const LEAD = (256 * 1024 ** 2) / PIECE;
/** Ahead of everything: it waits for nobody and nobody for it. */
const AT_END = 0x7fff_ffff;
/** Milliseconds after which a thread that waits looks again. */
const PATIENCE = 1000;

/** What both threads see; `number` is 0 for one and 1 for the other. */
export interface PaceOptions {
  readonly memory: SharedArrayBuffer;
  readonly number: number;
}

export function paceMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

export class Pace {
  /** Pieces that each has read. 5 TiB are 20 million. */
  readonly #read: Int32Array;
  readonly #own: number;
  readonly #other: number;

  constructor({ memory, number }: PaceOptions) {
    this.#read = new Int32Array(memory);
    this.#own = number;
    this.#other = 1 - number;
  }

  /** So many bytes were read. Waits for the other thread if it is far behind. */
  reached(bytes: number): void {
    const own = Math.floor(bytes / PIECE);
    this.#tell(own);
    for (;;) {
      const other = Atomics.load(this.#read, this.#other);
      if (own - other <= LEAD) return;
      Atomics.wait(this.#read, this.#other, other, PATIENCE);
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
