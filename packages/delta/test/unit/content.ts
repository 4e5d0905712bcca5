/** Content for tests: made of a seed, edited by scripts, put together again from deltas. */
import fc from "fast-check";
import type { DeltaOp, FetchStep } from "../../src/index.ts";
import { DeltaMatcher, type Delta, type MatcherOptions } from "../../src/delta-matcher.ts";
import { SignatureBuilder } from "../../src/signature-builder.ts";
import type { Signature } from "../../src/signature.ts";
import { pour, type Taker } from "../../src/taker.ts";

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
  pour(bytes, taker);
  return taker.finish();
}

/** What a delta makes: copies from the old content, inserts from the new one. Gaps and overlaps throw. */
export function apply(ops: readonly DeltaOp[], old: Uint8Array, fresh: Uint8Array): Uint8Array {
  return assemble(
    ops.map((op) => ({
      offset: op.offset,
      bytes:
        op.kind === "copy"
          ? old.subarray(op.oldOffset, op.oldOffset + op.length)
          : fresh.subarray(op.offset, op.offset + op.length),
    })),
  );
}

export function applyFetch(
  steps: readonly FetchStep[],
  local: Uint8Array,
  remote: Uint8Array,
): Uint8Array {
  return assemble(
    steps.map((step) => ({
      offset: step.offset,
      bytes:
        step.kind === "reuse"
          ? local.subarray(step.localOffset, step.localOffset + step.length)
          : remote.subarray(step.offset, step.offset + step.length),
    })),
  );
}

function assemble(pieces: readonly { offset: number; bytes: Uint8Array }[]): Uint8Array {
  let end = 0;
  for (const { offset, bytes } of pieces) {
    if (offset !== end || bytes.length === 0) throw new Error(`a piece at ${offset}, not ${end}`);
    end += bytes.length;
  }
  return Buffer.concat(pieces.map((piece) => piece.bytes));
}

export function insertedBytes(ops: readonly DeltaOp[]): number {
  return ops.reduce((sum, op) => (op.kind === "insert" ? sum + op.length : sum), 0);
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
