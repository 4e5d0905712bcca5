/**
 * What is in memory begins at a multiple of this. V8 copies memory that threads may share byte by byte where the places do not
 * lie alike to machine words: six times slower.
 */
const ALIGNED = 64;

/** The part of a stream that is in memory: bytes come in at the end, and leave at the front when room is needed. */
export class ContentWindow {
  /** Position in the stream of the first byte that is here. */
  start = 0;
  /** Position in the stream after the last byte that is here. */
  end = 0;
  readonly #bytes: Uint8Array;
  readonly #piece: number;

  /** @param piece At most so many bytes are asked for at a time: what is worked on stays in the cache. */
  constructor(bytes: Uint8Array, piece: number) {
    this.#bytes = bytes;
    this.#piece = piece;
  }

  /** Where the next bytes go. `keep`: from this position on, bytes are still needed. */
  space(keep: number): Uint8Array {
    const used = this.end - this.start;
    if (this.#bytes.length - used < this.#piece) {
      const start = keep - (keep % ALIGNED);
      this.#bytes.copyWithin(0, start - this.start, used);
      this.start = start;
    }
    const offset = this.end - this.start;
    return this.#bytes.subarray(offset, Math.min(this.#bytes.length, offset + this.#piece));
  }

  /** Position in the window of a position in the stream. */
  offsetOf(position: number): number {
    return position - this.start;
  }

  bytes(position: number, length: number): Uint8Array {
    return this.#bytes.subarray(position - this.start, position - this.start + length);
  }
}
