import type { DeltaOp } from "./delta.ts";
import {
  type Signature,
  blockLength,
  checkHashes,
  countBlocks,
  isSameStrong,
} from "./signature.ts";
import { StrongIndex } from "./strong-index.ts";

/** A piece of the remote object, in order; together they are all of it. */
export type FetchStep = ReuseStep | RangeStep;

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

export interface FetchPlanOptions {
  /** What lies between two ranges is fetched with them if it is no longer than so many bytes: cheaper than a request. Default 0. */
  readonly mergeGap?: number | undefined;
}

/**
 * What to fetch of a remote object, and what to take from an old local file.
 * @param remote The signature of the remote object.
 * @param ops What `DeltaMatcher` found of it in the local file: `oldOffset` is in the remote object.
 * @throws DeltaError `invalid-argument` for a signature whose hashes were moved to a thread
 */
export function planFetch(
  remote: Signature,
  ops: readonly DeltaOp[],
  { mergeGap = 0 }: FetchPlanOptions = {},
): readonly FetchStep[] {
  checkHashes(remote);
  const places = placesOf(remote, ops);
  const steps: FetchStep[] = [];
  for (let index = 0; index < places.length; index++) {
    const offset = index * remote.blockSize;
    const length = blockLength(remote, index);
    const localOffset = places[index]!;
    if (localOffset < 0) addFetch(steps, { offset, length, mergeGap });
    else addReuse(steps, { offset, length, localOffset });
  }
  return steps;
}

/** Where each block of the remote object lies in the local file; -1 if nowhere. */
function placesOf(remote: Signature, ops: readonly DeltaOp[]): Float64Array {
  const { blockSize } = remote;
  const places = new Float64Array(countBlocks(remote.size, blockSize)).fill(-1);
  for (const op of ops) {
    if (op.kind === "insert") continue;
    const first = op.oldOffset / blockSize;
    for (let i = 0; i * blockSize < op.length; i++) places[first + i] = op.offset + i * blockSize;
  }
  keepInPlace(places, remote, ops);
  if (places.includes(-1)) fillInEqual(places, remote);
  return places;
}

/** Of equal blocks the matcher may have found another than the one that lies where it is to lie. */
function keepInPlace(places: Float64Array, remote: Signature, ops: readonly DeltaOp[]): void {
  const { blockSize, strong } = remote;
  for (const op of ops) {
    if (op.kind === "insert" || op.offset % blockSize !== 0) continue;
    const [there, here] = [op.oldOffset / blockSize, op.offset / blockSize];
    const count = Math.min(Math.ceil(op.length / blockSize), places.length - here);
    for (let i = 0; i < count; i++) {
      if (isSameStrong(strong, there + i, here + i)) places[here + i] = op.offset + i * blockSize;
    }
  }
}

/** The matcher knows one of several equal blocks; what it found serves for all of them. */
function fillInEqual(places: Float64Array, { strong }: Signature): void {
  const found = new StrongIndex(strong, places.length);
  for (let index = 0; index < places.length; index++) if (places[index]! >= 0) found.add(index);
  for (let index = 0; index < places.length; index++) {
    if (places[index]! >= 0) continue;
    const equal = found.find(index);
    if (equal >= 0) places[index] = places[equal]!;
  }
}

function addReuse(steps: FetchStep[], step: Omit<ReuseStep, "kind">): void {
  const last = steps.at(-1);
  if (last?.kind === "reuse" && last.localOffset + last.length === step.localOffset) {
    steps[steps.length - 1] = { ...last, length: last.length + step.length };
  } else steps.push({ kind: "reuse", ...step });
}

interface Missing {
  readonly offset: number;
  readonly length: number;
  readonly mergeGap: number;
}

function addFetch(steps: FetchStep[], { offset, length, mergeGap }: Missing): void {
  // What is reused since the last range may be cheaper to fetch than another request.
  let from = steps.length;
  while (from > 0 && steps[from - 1]!.kind === "reuse") from--;
  const last = steps[from - 1];
  if (last?.kind === "fetch" && offset - last.offset - last.length <= mergeGap) {
    steps.length = from;
    steps[from - 1] = { ...last, length: offset + length - last.offset };
  } else steps.push({ kind: "fetch", offset, length });
}
