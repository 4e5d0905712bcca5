import type { DeltaOp } from "./delta.ts";
import {
  type Signature,
  blockLength,
  checkHashes,
  countBlocks,
  isSameStrong,
} from "./signature.ts";
import { StrongIndex } from "./strong-index.ts";

/** A piece of the remote object. */
export type FetchStep = ReuseStep | RangeStep | RepeatStep;

/** Bytes of the remote object at `offset` that lie in the local file at `localOffset`. */
export interface ReuseStep {
  readonly kind: "reuse";
  readonly offset: number;
  readonly length: number;
  readonly localOffset: number;
}

/** A range of the remote object to fetch. */
export interface RangeStep {
  readonly kind: "fetch";
  readonly offset: number;
  readonly length: number;
}

/**
 * Bytes of the remote object at `offset` that are those at `sourceOffset`, further to its front: they come with what is
 * fetched there. Of a row of equal blocks the two overlap.
 */
export interface RepeatStep {
  readonly kind: "repeat";
  readonly offset: number;
  readonly length: number;
  readonly sourceOffset: number;
}

export interface FetchPlanOptions {
  /** What lies between two ranges is fetched with them if it is no longer than so many bytes: cheaper than a request. Default 0. */
  readonly mergeGap?: number | undefined;
}

/** A stretch of the remote object. */
interface Range {
  readonly offset: number;
  readonly length: number;
}

/** Of a block: there is no other way to have it. Zero or more is where it lies in the local file. */
const FETCH = -1;
/** Less than that is the number of an equal block that is fetched: `repeatOf` makes one of the other, either way. */
const repeatOf = (value: number): number => FETCH - 1 - value;

/**
 * What to fetch of a remote object, and what to take from an old local file.
 * @param remote The signature of the remote object.
 * @param ops What `DeltaMatcher` found of it in the local file: `oldOffset` is in the remote object.
 * @throws DeltaError `invalid-argument` for a signature whose hashes were moved to a thread
 */
export function planFetch(
  remote: Signature,
  ops: Iterable<DeltaOp>,
  { mergeGap = 0 }: FetchPlanOptions = {},
): FetchPlan {
  checkHashes(remote);
  const places = placesOf(remote, ops);
  if (places.includes(FETCH)) fillInEqual(places, remote);
  mergeGaps(places, mergeGap / remote.blockSize);
  return new FetchPlan(remote, places);
}

/** Takes eight bytes per block of the remote object, and four more if some of what is fetched repeats itself. */
export class FetchPlan {
  /** Bytes to fetch. */
  readonly fetched: number;
  readonly #remote: Pick<Signature, "size" | "blockSize">;
  readonly #places: Float64Array;
  /** Of a block that is fetched, and of each that repeats it, the next one that does; 0 for none. */
  readonly #repeats: Uint32Array | undefined;

  constructor({ size, blockSize }: Signature, places: Float64Array) {
    this.#remote = { size, blockSize };
    this.#places = places;
    this.#repeats = repeatsOf(places);
    this.fetched = places.reduce(
      (sum, place, index) => (place === FETCH ? sum + blockLength(this.#remote, index) : sum),
      0,
    );
  }

  /** In order; together they are all of the remote object. */
  *steps(): Generator<FetchStep> {
    let last: FetchStep | undefined;
    for (let index = 0; index < this.#places.length; index++) {
      const step = this.#stepOf(index);
      const joined = last && join(last, step);
      if (last !== undefined && joined === undefined) yield last;
      last = joined ?? step;
    }
    if (last !== undefined) yield last;
  }

  /** Where else bytes of a range that is fetched belong. */
  *repeats({ offset, length }: Range): Generator<RepeatStep> {
    if (this.#repeats === undefined) return;
    const { blockSize } = this.#remote;
    for (let at = offset; at < offset + length;) {
      const index = Math.floor(at / blockSize);
      const within = at - index * blockSize;
      const count = Math.min(blockSize - within, offset + length - at);
      for (let to = this.#repeats[index]!; to > 0; to = this.#repeats[to]!) {
        yield { kind: "repeat", offset: to * blockSize + within, length: count, sourceOffset: at };
      }
      at += count;
    }
  }

  #stepOf(index: number): FetchStep {
    const place = this.#places[index]!;
    const offset = index * this.#remote.blockSize;
    const length = blockLength(this.#remote, index);
    if (place === FETCH) return { kind: "fetch", offset, length };
    if (place >= 0) return { kind: "reuse", offset, length, localOffset: place };
    // The one before, in a row, so that a row is one step.
    const first = repeatOf(place);
    const isRow = index - 1 === first || this.#places[index - 1] === place;
    const source = isRow ? index - 1 : first;
    return { kind: "repeat", offset, length, sourceOffset: source * this.#remote.blockSize };
  }
}

/** One step of two that follow each other, if they are of one kind and place. */
function join(left: FetchStep, right: FetchStep): FetchStep | undefined {
  const length = left.length + right.length;
  if (left.kind === "fetch") return right.kind === "fetch" ? { ...left, length } : undefined;
  if (left.kind === "reuse") {
    const follows = right.kind === "reuse" && left.localOffset + left.length === right.localOffset;
    return follows ? { ...left, length } : undefined;
  }
  const follows = right.kind === "repeat" && left.sourceOffset + left.length === right.sourceOffset;
  return follows ? { ...left, length } : undefined;
}

/** Where each block of the remote object lies in the local file, as far as that was found. */
function placesOf(remote: Signature, ops: Iterable<DeltaOp>): Float64Array {
  const { blockSize } = remote;
  const places = new Float64Array(countBlocks(remote.size, blockSize)).fill(FETCH);
  for (const op of ops) {
    if (op.kind === "insert") continue;
    const first = op.oldOffset / blockSize;
    for (let i = 0; i * blockSize < op.length; i++) places[first + i] = op.offset + i * blockSize;
  }
  keepInPlace(places, remote, ops);
  return places;
}

/** Of equal blocks the matcher may have found another than the one that lies where it is to lie. */
function keepInPlace(places: Float64Array, remote: Signature, ops: Iterable<DeltaOp>): void {
  const { blockSize, strong } = remote;
  for (const op of ops) {
    if (op.kind === "insert" || op.offset % blockSize !== 0) continue;
    const [there, here] = [op.oldOffset / blockSize, op.offset / blockSize];
    const count = Math.min(Math.ceil(op.length / blockSize), places.length - here);
    for (let i = 0; i < count; i++) {
      const isSame =
        isSameStrong(strong, there + i, here + i) &&
        blockLength(remote, there + i) === blockLength(remote, here + i);
      if (isSame) places[here + i] = op.offset + i * blockSize;
    }
  }
}

/** The matcher knows one of several equal blocks; what it found serves for all of them. Of those it found none of, the first does. */
function fillInEqual(places: Float64Array, { size, blockSize, strong }: Signature): void {
  // A short one at the end equals no other, whatever a signature says: a whole one does not fit there.
  const whole = Math.floor(size / blockSize);
  const known = new StrongIndex(strong, whole);
  for (let index = 0; index < whole; index++) if (places[index]! >= 0) known.add(index);
  for (let index = 0; index < whole; index++) {
    if (places[index] !== FETCH) continue;
    const equal = known.find(index);
    if (equal < 0) known.add(index);
    else places[index] = places[equal] === FETCH ? repeatOf(equal) : places[equal]!;
  }
}

/** What is there anyway may be cheaper to fetch than another request. */
function mergeGaps(places: Float64Array, mostBlocks: number): void {
  let end: number | undefined;
  for (let index = 0; index < places.length; index++) {
    if (places[index] !== FETCH) continue;
    if (end !== undefined && index - end <= mostBlocks) places.fill(FETCH, end, index);
    end = index + 1;
  }
}

function repeatsOf(places: Float64Array): Uint32Array | undefined {
  let repeats: Uint32Array | undefined;
  // From behind, so that they come in order.
  for (let index = places.length - 1; index > 0; index--) {
    if (places[index]! >= FETCH) continue;
    repeats ??= new Uint32Array(places.length);
    const first = repeatOf(places[index]!);
    repeats[index] = repeats[first]!;
    repeats[first] = index;
  }
  return repeats;
}
