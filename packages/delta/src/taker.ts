/** Takes content: fill `space()`, say how much, and again; then `finish()`. */
export interface Taker<Result> {
  /** Never empty. */
  space(): Uint8Array;
  filled(length: number): void;
  finish(): Result;
}

/** Hands over bytes that lie somewhere else. */
export function pour(bytes: Uint8Array, taker: Pick<Taker<unknown>, "space" | "filled">): void {
  for (let from = 0; from < bytes.length;) {
    const space = taker.space();
    const piece = bytes.subarray(from, from + space.length);
    space.set(piece);
    taker.filled(piece.length);
    from += piece.length;
  }
}
