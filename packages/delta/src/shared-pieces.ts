/**
 * Two threads take in the same file, each for a purpose of its own: what either has read, both take. Whoever has nothing to
 * take reads the next piece, so both are done at about the same time, whatever each makes of it.
 */
import { readSync } from "node:fs";
import { DeltaError } from "./delta-error.ts";
import type { OpenFile } from "./delta-worker.ts";
import { sharedWasmMemory, type WasmMemory } from "./wasm-memory.ts";

/** Bytes that are read and taken at a time, and how many such pieces there is room for. */
const PIECE = 512 * 1024;
const SLOTS = 8;
/** Where the slots begin: before them lies what the threads tell each other. */
const SLOTS_AT = 4096;
/** Milliseconds after which a thread that waits looks again. */
const PATIENCE = 1000;

/** What the numbers at the front mean. 5 TiB are 10 million pieces. */
const STATE = 0;
/** Counts what was told: who finds nothing to do waits for another. */
const NEWS = 1;
/** Pieces that somebody has read or is reading. */
const CLAIMED = 2;
/** Pieces that each of the two has taken. */
const TAKEN = 3;
/** For each slot the number of the piece in it, plus one. */
const HELD = 5;

const SHARED = 1;
/** The other has nothing to do any more. */
const LEFT = 2;

/** What nobody uses now: as many as were in use at once. */
const spare: WasmMemory[] = [];

/** Give it back when both threads have ended. */
export function takePiecesMemory(): WasmMemory {
  return spare.pop() ?? sharedWasmMemory(SLOTS_AT + SLOTS * PIECE);
}

export function givePiecesMemory(memory: WasmMemory): void {
  numbersOf(memory).fill(0);
  spare.push(memory);
}

/** Neither waits any more, nor goes on: a thread that is stopped while it starts may not notice (Node 24.21). */
export function releaseBoth(memory: WasmMemory): void {
  tell(numbersOf(memory), STATE, LEFT);
}

export class SharedPieces {
  readonly #numbers: Int32Array;
  readonly #slots: readonly Uint8Array[];
  readonly #file: OpenFile;
  readonly #own: 0 | 1;
  /** The last one is shorter than the others, maybe empty: so it shows when the file has grown. */
  readonly #count: number;

  /** @param own Which of the two this thread is: the first says whether they share. */
  constructor(memory: WasmMemory, file: OpenFile, own: 0 | 1) {
    const { buffer } = memory;
    this.#numbers = numbersOf(memory);
    this.#slots = Array.from(
      { length: SLOTS },
      (_, slot) => new Uint8Array(buffer, SLOTS_AT + slot * PIECE, PIECE),
    );
    this.#file = file;
    this.#own = own;
    this.#count = Math.floor(file.size / PIECE) + 1;
  }

  /** Both will take the pieces. */
  share(): void {
    tell(this.#numbers, STATE, SHARED);
  }

  /** The other has nothing to do. */
  leave(): void {
    tell(this.#numbers, STATE, LEFT);
  }

  /** What the first has said; waits for it. */
  isShared(): boolean {
    for (;;) {
      const news = Atomics.load(this.#numbers, NEWS);
      const state = Atomics.load(this.#numbers, STATE);
      if (state !== 0) return state === SHARED;
      this.#wait(news);
    }
  }

  /**
   * Calls `take` with all pieces in order; each is there during the call alone.
   * @throws DeltaError `changed` if the file has not the size that it had, `stopped` if this is not up to this thread any
   * more; what `take` throws; the errors of `node:fs`.
   */
  forEach(take: (piece: Uint8Array) => void): void {
    for (let number = 0; number < this.#count; number++) {
      const slot = this.#waitFor(number);
      take(slot.subarray(0, this.#lengthOf(number)));
      tell(this.#numbers, TAKEN + this.#own, number + 1);
    }
  }

  /** Until it is there, reads this piece or those that follow. */
  #waitFor(number: number): Uint8Array {
    for (;;) {
      const news = Atomics.load(this.#numbers, NEWS);
      if (Atomics.load(this.#numbers, STATE) !== SHARED) {
        throw new DeltaError("stopped", "the other thread failed");
      }
      const slot = number % SLOTS;
      if (Atomics.load(this.#numbers, HELD + slot) === number + 1) return this.#slots[slot]!;
      if (!this.#readNext()) this.#wait(news);
    }
  }

  /** False if there is nothing to read, or no room. */
  #readNext(): boolean {
    const next = Atomics.load(this.#numbers, CLAIMED);
    const [first, second] = [0, 1].map((who) => Atomics.load(this.#numbers, TAKEN + who));
    if (next >= this.#count || next >= Math.min(first!, second!) + SLOTS) return false;
    // Somebody was quicker: there may be more.
    if (Atomics.compareExchange(this.#numbers, CLAIMED, next, next + 1) !== next) return true;
    this.#read(next);
    tell(this.#numbers, HELD + (next % SLOTS), next + 1);
    return true;
  }

  #read(number: number): void {
    const slot = this.#slots[number % SLOTS]!;
    let length = 0;
    while (length < PIECE) {
      const position = number * PIECE + length;
      const count = readSync(this.#file.descriptor, slot, length, PIECE - length, position);
      if (count === 0) break;
      length += count;
    }
    if (length === this.#lengthOf(number)) return;
    throw new DeltaError("changed", "the file changed while it was read");
  }

  #lengthOf(number: number): number {
    return Math.min(PIECE, this.#file.size - number * PIECE);
  }

  #wait(news: number): void {
    Atomics.wait(this.#numbers, NEWS, news, PATIENCE);
  }
}

function numbersOf({ buffer }: WasmMemory): Int32Array {
  return new Int32Array(buffer, 0, HELD + SLOTS);
}

function tell(numbers: Int32Array, at: number, value: number): void {
  Atomics.store(numbers, at, value);
  Atomics.add(numbers, NEWS, 1);
  Atomics.notify(numbers, NEWS);
}
