/** Content for tests: made of a seed, edited by scripts, put together again from deltas. */
import fc from "fast-check";
import type { DeltaOp, FetchPlan } from "../../src/index.ts";
import { DeltaMatcher, type Delta, type MatcherOptions } from "../../src/delta-matcher.ts";
import { SignatureBuilder } from "../../src/signature-builder.ts";
import type { Signature } from "../../src/signature.ts";
import type { Taker } from "../../src/taker.ts";

/** Bytes that never repeat, of a seed (xorshift). */
export function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let x = (seed * 2654435761 + 1) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, length);
}

export function sign(bytes: Uint8Array, blockSize: number): Signature {
  return fill(new SignatureBuilder(blockSize, { size: bytes.length }), bytes);
}

export function match(old: Signature, bytes: Uint8Array, options: MatcherOptions = {}): Delta {
  return fill(new DeltaMatcher(old, options), bytes);
}

function fill<T>(taker: Taker<T>, bytes: Uint8Array): T {
  taker.take(bytes);
  return taker.finish();
}

/** What a delta makes: copies from the old content, inserts from the new one. Gaps and overlaps throw. */
export function apply(ops: Iterable<DeltaOp>, old: Uint8Array, fresh: Uint8Array): Uint8Array {
  return assemble(
    Array.from(ops, (op) => ({
      offset: op.offset,
      bytes:
        op.kind === "copy"
          ? old.subarray(op.oldOffset, op.oldOffset + op.length)
          : fresh.subarray(op.offset, op.offset + op.length),
    })),
  );
}

/** What a plan makes, as told by its steps; and as done: what is fetched, in pieces of any length, is written wherever it belongs. */
export function applyFetch(plan: FetchPlan, local: Uint8Array, remote: Uint8Array): Uint8Array {
  const steps = [...plan.steps()];
  const done = Buffer.alloc(remote.length);
  const [times, told] = [new Uint8Array(remote.length), Buffer.alloc(remote.length)];
  const write = (offset: number, bytes: Uint8Array): void => {
    done.set(bytes, offset);
    for (let i = 0; i < bytes.length; i++) times[offset + i]!++;
  };
  let fetched = 0;
  for (const step of steps) {
    const { offset, length } = step;
    switch (step.kind) {
      case "reuse": {
        const bytes = local.subarray(step.localOffset, step.localOffset + length);
        told.set(bytes, offset);
        write(offset, bytes);
        break;
      }
      case "repeat":
        if (step.sourceOffset >= offset) throw new Error(`at ${offset} is what comes later`);
        for (let i = 0; i < length; i++) told[offset + i] = told[step.sourceOffset + i]!;
        break;
      case "fetch":
        fetched += length;
        told.set(remote.subarray(offset, offset + length), offset);
        for (let at = offset; at < offset + length; at += 777) {
          const count = Math.min(777, offset + length - at);
          write(at, remote.subarray(at, at + count));
          for (const repeat of plan.repeats({ offset: at, length: count })) {
            const { sourceOffset } = repeat;
            if (sourceOffset < at) throw new Error(`what is at ${sourceOffset} is not here`);
            write(repeat.offset, remote.subarray(sourceOffset, sourceOffset + repeat.length));
          }
        }
    }
  }
  if (fetched !== plan.fetched) throw new Error(`${fetched} bytes are fetched, not as said`);
  if (times.some((count) => count !== 1)) throw new Error("some bytes are not written once");
  if (Buffer.compare(told, done) !== 0) throw new Error("what is told is not what is done");
  assemble(
    steps.map(({ offset, length }) => ({ offset, bytes: done.subarray(offset, offset + length) })),
  );
  return done;
}

function assemble(pieces: readonly { offset: number; bytes: Uint8Array }[]): Uint8Array {
  let end = 0;
  for (const { offset, bytes } of pieces) {
    if (offset !== end || bytes.length === 0) throw new Error(`a piece at ${offset}, not ${end}`);
    end += bytes.length;
  }
  return Buffer.concat(pieces.map((piece) => piece.bytes));
}

export function insertedBytes(ops: Iterable<DeltaOp>): number {
  return [...ops].reduce((sum, op) => (op.kind === "insert" ? sum + op.length : sum), 0);
}

const KINDS = [
  "overwrite",
  "insert",
  "delete",
  "move",
  "append",
  "truncate",
  "repeat",
  "swap",
  "fill",
] as const;

export interface Edit {
  readonly kind: (typeof KINDS)[number];
  /** Where and how much, as fractions of the content. */
  readonly at: number;
  readonly to: number;
  readonly length: number;
  readonly seed: number;
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });

export const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    at: fraction,
    to: fraction,
    length: fc.oneof(fraction, fc.constantFrom(0.0001, 0.01)),
    seed: fc.nat(),
  }),
  { maxLength: 6 },
);

export function edit(bytes: Uint8Array, script: readonly Edit[]): Uint8Array {
  return script.reduce(editOnce, bytes);
}

function editOnce(bytes: Uint8Array, { kind, at, to, length, seed }: Edit): Uint8Array {
  const from = Math.floor(at * bytes.length);
  const count = Math.min(bytes.length - from, Math.ceil(length * bytes.length * 0.3));
  const target = Math.floor(to * (bytes.length - count));
  const before = bytes.subarray(0, from);
  const piece = bytes.subarray(from, from + count);
  const after = bytes.subarray(from + count);
  const rest = Buffer.concat([before, after]);
  const fresh = noise(count + 1, seed);
  switch (kind) {
    case "overwrite":
      return Buffer.concat([before, fresh.subarray(0, count), after]);
    case "insert":
      return Buffer.concat([before, fresh, piece, after]);
    case "delete":
      return rest;
    case "move":
      return Buffer.concat([rest.subarray(0, target), piece, rest.subarray(target)]);
    case "append":
      return Buffer.concat([bytes, fresh]);
    case "truncate":
      return bytes.subarray(0, bytes.length - count);
    case "repeat":
      return Buffer.concat([before, piece, piece, after]);
    case "swap":
      return Buffer.concat([after, piece, before]);
    case "fill":
      return Buffer.concat([before, new Uint8Array(count).fill(seed & 1), after]);
  }
}
