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
/** The other has nothing to do any more. */
const LEFT_ALONE = -1;
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

/** Neither waits any more, nor goes on: a thread that is stopped while it starts may not notice (Node 24.21). */
export function releaseBoth(memory: SharedArrayBuffer): void {
  const read = new Int32Array(memory);
  for (const at of [0, 1]) {
    Atomics.store(read, at, LEFT_ALONE);
    Atomics.notify(read, at);
  }
}

export class Pace {
  /** Pieces that each has read. 5 TiB are 20 million. */
  readonly #read: Int32Array;
  readonly #own: 0 | 1;

  constructor({ memory, number }: PaceOptions) {
    this.#read = new Int32Array(memory);
    this.#own = number;
  }

  /** So many bytes were read. Waits as long as the next are not to be read; false if that is not up to this thread any more. */
  reached(bytes: number): boolean {
    const own = Math.floor(bytes / PIECE);
    this.#tell(own);
    const at = 1 - this.#own;
    for (;;) {
      const other = Atomics.load(this.#read, at);
      if (other === LEFT_ALONE) return false;
      if (this.#own === 0 ? own - other <= MOST_LEAD : other - own >= LEAST_LEAD) return true;
      Atomics.wait(this.#read, at, other, PATIENCE);
    }
  }

  /** Instead of reading so that the other can follow. */
  leaveAlone(): void {
    this.#tell(LEFT_ALONE);
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
