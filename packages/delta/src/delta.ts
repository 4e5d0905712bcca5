/** A piece of the new content, in order; together they are all of it. */
export type DeltaOp = CopyOp | InsertOp;

/** `length` bytes of the new content at `offset` are in the old content at `oldOffset`. */
export interface CopyOp {
  readonly kind: "copy";
  readonly offset: number;
  readonly length: number;
  readonly oldOffset: number;
}

/** `length` bytes of the new content at `offset` are not known to be in the old one. */
export interface InsertOp {
  readonly kind: "insert";
  readonly offset: number;
  readonly length: number;
}

/** What a copy has as its place in the old content, and an insert has not. */
const NOWHERE = -1;

/** The operations of a delta, in order: sixteen bytes each, however many. */
export class DeltaOps implements Iterable<DeltaOp> {
  /** Two numbers for each: its length, and its place in the old content or -1. */
  readonly packed: Float64Array<ArrayBuffer>;

  constructor(packed: Float64Array<ArrayBuffer>) {
    this.packed = packed;
  }

  static from(ops: Iterable<DeltaOp>): DeltaOps {
    const list = new OpList();
    for (const op of ops) list.add(op);
    return list.finish();
  }

  get length(): number {
    return this.packed.length / 2;
  }

  *[Symbol.iterator](): Generator<DeltaOp> {
    let offset = 0;
    for (let at = 0; at < this.packed.length; at += 2) {
      const length = this.packed[at]!;
      const oldOffset = this.packed[at + 1]!;
      if (oldOffset === NOWHERE) yield { kind: "insert", offset, length };
      else yield { kind: "copy", offset, length, oldOffset };
      offset += length;
    }
  }
}

/** Bytes of the new content. */
export function sizeOf(ops: Iterable<DeltaOp>): number {
  let size = 0;
  for (const { length } of ops) size += length;
  return size;
}

/** Operations in the making: what continues the last one lengthens it. */
export class OpList {
  readonly #mostCopies: number;
  #packed = new Float64Array(128);
  #count = 0;
  #copies = 0;

  /** @param mostCopies The shorter ones of more than twice so many are given up: what they copy is inserted. */
  constructor(mostCopies: number = Infinity) {
    this.#mostCopies = mostCopies;
  }

  /** `offset` is where the last one ends. */
  add(op: DeltaOp): void {
    if (op.kind === "copy") this.copy(op.oldOffset, op.length);
    else this.insert(op.length);
  }

  insert(length: number): void {
    if (length === 0) return;
    if (this.#count > 0 && this.#packed[this.#count * 2 - 1] === NOWHERE) this.#lengthen(length);
    else this.#push(length, NOWHERE);
  }

  /** Whether a copy from there lengthens the last one. */
  continues(oldOffset: number): boolean {
    return this.#lastEnd() === oldOffset;
  }

  copy(oldOffset: number, length: number): void {
    if (this.continues(oldOffset)) return this.#lengthen(length);
    // Before the new one, which may get longer.
    if (this.#copies >= 2 * this.#mostCopies) this.#dropShortCopies();
    this.#push(length, oldOffset);
    this.#copies++;
  }

  finish(): DeltaOps {
    return new DeltaOps(this.#packed.slice(0, this.#count * 2));
  }

  /** Where in the old content the last operation ends, if it is a copy. */
  #lastEnd(): number | undefined {
    if (this.#count === 0) return undefined;
    const [length, oldOffset] = this.#packed.subarray(this.#count * 2 - 2, this.#count * 2);
    return oldOffset === NOWHERE ? undefined : oldOffset! + length!;
  }

  #lengthen(by: number): void {
    this.#packed[this.#count * 2 - 2]! += by;
  }

  #push(length: number, oldOffset: number): void {
    if (this.#count * 2 === this.#packed.length) {
      const larger = new Float64Array(this.#packed.length * 2);
      larger.set(this.#packed);
      this.#packed = larger;
    }
    this.#packed[this.#count * 2] = length;
    this.#packed[this.#count * 2 + 1] = oldOffset;
    this.#count++;
  }

  /** Keeps the longest, as many as may be. */
  #dropShortCopies(): void {
    const all = [...this.finish()];
    const copies = all.filter(({ kind }) => kind === "copy");
    const longest = copies.toSorted((left, right) => right.length - left.length);
    const kept = new Set(longest.slice(0, this.#mostCopies));
    [this.#count, this.#copies] = [0, 0];
    for (const op of all) {
      if (op.kind === "copy" && kept.has(op)) this.copy(op.oldOffset, op.length);
      else this.insert(op.length);
    }
  }
}
