/**
 * Which stretches of the old object to copy, so that as little as possible is uploaded although no part
 * may be shorter than `minPart`.
 *
 * A *run* is what lies between two copied stretches and has to be uploaded: the new bytes, filled up to
 * `minPart` with bytes that could have been copied, from the end of the stretch before, and only then from
 * the beginning of the stretch after. What matters for the rest is only how much was taken from the
 * beginning of the last copied stretch (`head`), so a shortest-path search over the stretches
 * finds the optimum. It looks back over few of them: a skipped stretch that has `minPart` bytes at
 * `minPart` or more from both ends of its run would always be worth copying, so those that may be skipped
 * overlap the first or the last `minPart` bytes of the run.
 */
import type { CopyOp } from "./delta.ts";

export interface CopiedStretch {
  readonly offset: number;
  readonly length: number;
  readonly oldOffset: number;
}

export interface RunPlanOptions {
  readonly minPart: number;
  /** Length of the new content. */
  readonly size: number;
  /** How many parts a stretch, or a run, of so many bytes becomes. */
  readonly partsOf: (kind: "copy" | "upload", length: number) => number;
}

/** A way to have all up to stretch `index`, copied up to its end. */
interface State {
  readonly index: number;
  readonly previous: State | undefined;
  /** Bytes uploaded so far. */
  readonly sent: number;
  readonly parts: number;
  /** Bytes uploaded of the beginning of this stretch, and of the end of the previous one. */
  readonly head: number;
  readonly tail: number;
}

/** More are thinned out: what that can cost is far below the length of a part. */
const MOST_STATES = 24;

/** The stretches to copy, in order; all else is to be uploaded. */
export function planRuns(copies: readonly CopyOp[], options: RunPlanOptions): CopiedStretch[] {
  const { size } = options;
  const stretches = copies.filter((copy) => canCopy(copy, options));
  const states: State[][] = [];
  let best: Finish = { sent: size, parts: options.partsOf("upload", size), state: undefined };
  for (let index = 0; index < stretches.length; index++) {
    const found = statesOf(index, stretches, { states, options });
    states.push(thin(found, options.minPart));
    for (const state of found) best = better(best, finish(state, stretches, options));
  }
  return trace(best.state, stretches);
}

function canCopy({ offset, length }: CopyOp, { minPart, size }: RunPlanOptions): boolean {
  return offset + length === size || length >= minPart;
}

interface Search {
  /** Of each stretch so far. */
  readonly states: readonly (readonly State[])[];
  readonly options: RunPlanOptions;
}

function statesOf(index: number, stretches: readonly CopyOp[], search: Search): State[] {
  const { options, states } = search;
  const found: State[] = [];
  for (let before = index - 1; before >= -1; before--) {
    const run = { before, after: index };
    if (isWasteful(run, stretches, options.minPart)) break;
    const previous = before < 0 ? [undefined] : states[before]!;
    for (const state of previous) keep(found, join(state, index, { stretches, options }));
  }
  return found;
}

interface Run {
  /** The copied stretches around it; -1 is the start of the file. */
  readonly before: number;
  readonly after: number;
}

/** Whether a stretch within the run would be worth copying, wherever exactly the run begins and ends. */
function isWasteful(
  { before, after }: Run,
  stretches: readonly CopyOp[],
  minPart: number,
): boolean {
  const begin = before < 0 ? 0 : stretches[before]!.offset + stretches[before]!.length;
  const end = stretches[after]!.offset;
  for (let skipped = before + 1; skipped < after; skipped++) {
    const { offset, length } = stretches[skipped]!;
    const from = Math.max(offset, begin + minPart);
    const to = Math.min(offset + length, end - minPart);
    if (to - from >= minPart) return true;
  }
  return false;
}

/** Goes from `previous` (or the start of the file) to stretch `index` with one run, if that can be. */
function join(
  previous: State | undefined,
  index: number,
  {
    stretches,
    options,
  }: { readonly stretches: readonly CopyOp[]; readonly options: RunPlanOptions },
): State | undefined {
  const { minPart, size, partsOf } = options;
  const stretch = stretches[index]!;
  const before = previous === undefined ? undefined : stretches[previous.index]!;
  const gap = stretch.offset - (before === undefined ? 0 : before.offset + before.length);
  const missing = gap === 0 ? 0 : Math.max(0, minPart - gap);
  const spare =
    before === undefined || previous === undefined ? 0 : before.length - previous.head - minPart;
  const tail = Math.min(missing, spare);
  const head = missing - tail;
  const last = stretch.offset + stretch.length === size;
  if (stretch.length - head < (last ? 1 : minPart)) return undefined;
  const run = gap + missing;
  const copied =
    before === undefined || previous === undefined ? 0 : before.length - previous.head - tail;
  return {
    index,
    previous,
    sent: (previous?.sent ?? 0) + run,
    parts: (previous?.parts ?? 0) + partsOf("upload", run) + partsOf("copy", copied),
    head,
    tail,
  };
}

/** Adds `state` unless another is as good in everything; drops those that it beats. */
function keep(states: State[], state: State | undefined): void {
  if (state === undefined || states.some((other) => beats(other, state))) return;
  const rest = states.filter((other) => !beats(state, other));
  states.splice(0, states.length, ...rest, state);
}

function beats(left: State, right: State): boolean {
  if (left.head > right.head) return false;
  return left.sent < right.sent || (left.sent === right.sent && left.parts <= right.parts);
}

/** Few states, of many that hardly differ: the cheapest of each sixteenth of what `head` can be, and the least `head`. */
function thin(states: State[], minPart: number): State[] {
  if (states.length <= MOST_STATES) return states;
  const cheapest = new Map<number, State>();
  const sorted = states.toSorted((left, right) => left.head - right.head);
  // Among states that do not beat each other, more head means fewer bytes.
  for (const state of sorted) cheapest.set(Math.floor((state.head * 16) / minPart), state);
  return [...new Set([sorted[0]!, ...cheapest.values()])];
}

interface Finish {
  readonly sent: number;
  readonly parts: number;
  readonly state: State | undefined;
}

/** The rest after the last copied stretch is the last part: it may be short. */
function finish(state: State, stretches: readonly CopyOp[], options: RunPlanOptions): Finish {
  const { offset, length } = stretches[state.index]!;
  const rest = options.size - offset - length;
  const parts = options.partsOf("copy", length - state.head) + options.partsOf("upload", rest);
  return { sent: state.sent + rest, parts: state.parts + parts, state };
}

function better(left: Finish, right: Finish): Finish {
  const difference = left.sent - right.sent || left.parts - right.parts;
  return difference <= 0 ? left : right;
}

function trace(last: State | undefined, stretches: readonly CopyOp[]): CopiedStretch[] {
  const copied: CopiedStretch[] = [];
  let tail = 0;
  for (let state = last; state !== undefined; state = state.previous) {
    const { offset, length, oldOffset } = stretches[state.index]!;
    const kept = length - state.head - tail;
    copied.push({ offset: offset + state.head, length: kept, oldOffset: oldOffset + state.head });
    tail = state.tail;
  }
  return copied.reverse();
}
