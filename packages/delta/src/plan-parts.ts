import { type CopyOp, type DeltaOp, sizeOf } from "./delta.ts";
import { DeltaError } from "./delta-error.ts";
import { checkPartRules, type PartRules } from "./part-rules.ts";
import { type CopiedStretch, planRuns } from "./plan-runs.ts";

/** A part of the new object, in order; the part number is the place in the list plus one. */
export type PlannedPart = CopyPart | UploadPart;

/** Bytes `oldOffset` to `oldOffset + length` of the old object. */
export interface CopyPart {
  readonly kind: "copy";
  readonly offset: number;
  readonly length: number;
  readonly oldOffset: number;
}

/** Bytes `offset` to `offset + length` of the new file. */
export interface UploadPart {
  readonly kind: "upload";
  readonly offset: number;
  readonly length: number;
}

export interface PartPlan {
  readonly parts: readonly PlannedPart[];
  /** Bytes that are uploaded; the rest is copied inside the store. */
  readonly uploadBytes: number;
  readonly copyBytes: number;
}

/**
 * The parts that make the new object out of the old one: the fewest bytes uploaded, in few
 * parts. If that is more parts than the store takes, the shortest copies are given up.
 * An empty file has no parts.
 * @throws DeltaError `too-large` if the file needs more or larger parts than the rules allow; `invalid-argument` for
 * rules that contradict each other.
 */
export function planParts(ops: Iterable<DeltaOp>, rules: PartRules): PartPlan {
  checkPartRules(rules);
  const size = sizeOf(ops);
  if (size > rules.maxPart * rules.maxParts) throw tooLarge(size);
  const copies = copiesOf(ops, size, rules);
  const many = copies.length > rules.maxParts;
  const whole = many ? undefined : attempt(copies, size, rules);
  const plan = whole ?? planFewer(copies, size, rules);
  if (plan === undefined) throw tooLarge(size);
  return summarize(plan);
}

/** Those that may be parts; the last part may be short. */
function copiesOf(ops: Iterable<DeltaOp>, size: number, { minPart }: PartRules): CopyOp[] {
  const copies: CopyOp[] = [];
  for (const op of ops) {
    if (op.kind !== "copy") continue;
    if (op.length >= minPart || op.offset + op.length === size) copies.push(op);
  }
  return copies;
}

/** The best plan with these copies; `undefined` if it has too many parts. */
function attempt(
  copies: readonly CopyOp[],
  size: number,
  rules: PartRules,
): PlannedPart[] | undefined {
  const partsOf = (kind: PlannedPart["kind"], length: number): number =>
    countParts(length, kind === "copy" ? rules.copyPart : rules.uploadPart, rules);
  const stretches = planRuns(copies, { minPart: rules.minPart, size, partsOf });
  let count = 0;
  let end = 0;
  for (const { offset, length } of stretches) {
    count += partsOf("upload", offset - end) + partsOf("copy", length);
    end = offset + length;
  }
  count += partsOf("upload", size - end);
  return count <= rules.maxParts ? cut(stretches, size, rules) : undefined;
}

/** With larger parts, and with as many of the copies, longest first, as give few enough of them. */
function planFewer(
  copies: readonly CopyOp[],
  size: number,
  given: PartRules,
): PlannedPart[] | undefined {
  // Cutting runs may take an eighth of the number, the rest is for copies and what is between. Larger parts cost
  // nothing where they are copied; but one that is sent lies in memory, so of those half the number is allowed.
  const inParts = (share: number): number =>
    Math.min(given.maxPart, Math.ceil(size / Math.ceil(given.maxParts * share)));
  const rules = {
    ...given,
    uploadPart: Math.max(given.uploadPart, inParts(1 / 2)),
    copyPart: Math.max(given.copyPart, inParts(1 / 8)),
  };
  const byLength = copies.toSorted((left, right) => right.length - left.length);
  let best: PlannedPart[] | undefined;
  let low = 0;
  let high = Math.min(copies.length, rules.maxParts);
  while (low <= high) {
    const count = (low + high) >>> 1;
    const kept = new Set(byLength.slice(0, count));
    const chosen = copies.filter((copy) => kept.has(copy));
    const parts = attempt(chosen, size, rules);
    if (parts === undefined) high = count - 1;
    else {
      best = parts;
      low = count + 1;
    }
  }
  return best;
}

/** Copied stretches and what is between them, cut into parts. */
function cut(stretches: readonly CopiedStretch[], size: number, rules: PartRules): PlannedPart[] {
  const parts: PlannedPart[] = [];
  const upload = (offset: number, end: number): void => {
    for (const length of cutLengths(end - offset, rules.uploadPart, rules)) {
      parts.push({ kind: "upload", offset, length });
      offset += length;
    }
  };
  let end = 0;
  for (const stretch of stretches) {
    upload(end, stretch.offset);
    end = stretch.offset;
    for (const length of cutLengths(stretch.length, rules.copyPart, rules)) {
      const oldOffset = stretch.oldOffset + end - stretch.offset;
      parts.push({ kind: "copy", offset: end, length, oldOffset });
      end += length;
    }
  }
  upload(end, size);
  return parts;
}

/** As few as the wished length allows, and no shorter than the rules allow. */
function countParts(length: number, wished: number, { minPart, maxPart }: PartRules): number {
  if (length === 0) return 0;
  const needed = Math.ceil(length / maxPart);
  const possible = Math.max(1, Math.floor(length / minPart));
  return Math.max(needed, Math.min(Math.ceil(length / wished), possible));
}

/** Equal lengths, up to one byte. */
function cutLengths(length: number, wished: number, rules: PartRules): number[] {
  const count = countParts(length, wished, rules);
  const rest = length % Math.max(1, count);
  return Array.from({ length: count }, (_, i) => Math.floor(length / count) + (i < rest ? 1 : 0));
}

function summarize(parts: readonly PlannedPart[]): PartPlan {
  const bytesOf = (kind: PlannedPart["kind"]): number =>
    parts.reduce((sum, part) => (part.kind === kind ? sum + part.length : sum), 0);
  return { parts, uploadBytes: bytesOf("upload"), copyBytes: bytesOf("copy") };
}

function tooLarge(size: number): DeltaError {
  return new DeltaError("too-large", `${size} bytes are more than the store takes in parts`);
}
