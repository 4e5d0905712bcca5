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

/** Operations in the making: what continues the last one lengthens it. */
export class OpList {
  readonly #mostCopies: number;
  #ops: DeltaOp[] = [];
  #copies = 0;
  #end = 0;

  /** @param mostCopies The shorter ones of more than twice so many are given up: what they copy is inserted. */
  constructor(mostCopies: number = Infinity) {
    this.#mostCopies = mostCopies;
  }

  get ops(): readonly DeltaOp[] {
    return this.#ops;
  }

  insert(length: number): void {
    if (length === 0) return;
    const last = this.#ops.at(-1);
    if (last?.kind === "insert") this.#replaceLast({ ...last, length: last.length + length });
    else this.#ops.push({ kind: "insert", offset: this.#end, length });
    this.#end += length;
  }

  copy(oldOffset: number, length: number): void {
    const last = this.#ops.at(-1);
    if (last?.kind === "copy" && last.oldOffset + last.length === oldOffset) {
      this.#replaceLast({ ...last, length: last.length + length });
    } else {
      // Before the new one, which may get longer.
      if (this.#copies >= 2 * this.#mostCopies) this.#dropShortCopies();
      this.#ops.push({ kind: "copy", offset: this.#end, length, oldOffset });
      this.#copies++;
    }
    this.#end += length;
  }

  /** Keeps the longest, as many as may be. */
  #dropShortCopies(): void {
    const copies = this.#ops.filter(({ kind }) => kind === "copy");
    const longest = copies.toSorted((left, right) => right.length - left.length);
    const kept = new Set(longest.slice(0, this.#mostCopies));
    const all = this.#ops;
    [this.#ops, this.#copies, this.#end] = [[], 0, 0];
    for (const op of all) {
      if (op.kind === "copy" && kept.has(op)) this.copy(op.oldOffset, op.length);
      else this.insert(op.length);
    }
  }

  #replaceLast(op: DeltaOp): void {
    this.#ops[this.#ops.length - 1] = op;
  }
}

/** For the way between threads: two numbers for each operation, its length and its place in the old content or -1. */
export function packOps(ops: readonly DeltaOp[]): Float64Array<ArrayBuffer> {
  const packed = new Float64Array(ops.length * 2);
  ops.forEach((op, index) => {
    packed[index * 2] = op.length;
    packed[index * 2 + 1] = op.kind === "copy" ? op.oldOffset : -1;
  });
  return packed;
}

export function unpackOps(packed: Float64Array): readonly DeltaOp[] {
  const ops: DeltaOp[] = [];
  let offset = 0;
  for (let at = 0; at < packed.length; at += 2) {
    const length = packed[at]!;
    const oldOffset = packed[at + 1]!;
    if (oldOffset < 0) ops.push({ kind: "insert", offset, length });
    else ops.push({ kind: "copy", offset, length, oldOffset });
    offset += length;
  }
  return ops;
}
