/** Takes content in, in order; then `finish()`. */
export interface Taker<Result> {
  /** The bytes are somebody else's again afterwards. */
  take(bytes: Uint8Array): void;
  finish(): Result;
}

/** One that has memory of its own, which may be filled without a copy: fill `space()`, say how much, and again. */
export interface FillableTaker<Result> extends Taker<Result> {
  /** Never empty. */
  space(): Uint8Array;
  filled(length: number): void;
}

/** `take` for what can be filled. */
export function pour(
  bytes: Uint8Array,
  taker: Pick<FillableTaker<unknown>, "space" | "filled">,
): void {
  for (let from = 0; from < bytes.length;) {
    const space = taker.space();
    const piece = bytes.subarray(from, from + space.length);
    space.set(piece);
    taker.filled(piece.length);
    from += piece.length;
  }
}
