/**
 * Finds what of an old object, known by its signature alone, is in new content. Strategy, at each place:
 *
 * 1. the old block that lies here if nothing shifted since the last match, or if nothing shifted at all, by its strong hash;
 * 2. the same one block further: if it matches, what is between is new, for no whole block fits in between;
 * 3. only then byte by byte, by the rolling sums, over one block. A hit tells the new shift, and 1. goes on with it.
 *
 * So rolling is paid for only where content differs, and a shifted file rolls over one block. Where nothing was found for
 * a while, only every fourth block is rolled over, of the largest every second; a hit looks back for what was passed over.
 * What can be missed there is shifted content of less than five blocks.
 *
 * Whatever the input, each byte is hashed a bounded number of times: see `#credit`.
 */
import { hashBlock } from "./block-hash.ts";
import { BlockSigner } from "./block-signer.ts";
import { ContentWindow } from "./content-window.ts";
import { type BlockHashes, HashesInMemory } from "./block-hashes.ts";
import { type DeltaOps, OpList } from "./delta.ts";
import type { HashSpool } from "./hash-spool.ts";
import { RollingEngine } from "./rolling-engine.ts";
import { PIECE } from "./signature-builder.ts";
import { blockLength, checkColumns, countBlocks, type Signature } from "./signature.ts";
import { pour } from "./taker.ts";

export interface MatcherOptions {
  /** Make the signature of the new content as well, in the same pass, with blocks of so many bytes. */
  readonly signWith?: number | undefined;
  /** With `signWith`: hash the whole too; without it the signature's `contentHash` is empty. Default: true. */
  readonly hashWhole?: boolean | undefined;
  /** Bytes of the new content that are expected; a guess is fine. */
  readonly size?: number | undefined;
  /**
   * How many copies are of use, such as a store takes parts. Where more than twice as many are found, only the longest are
   * told, so that their number takes no memory. Default: all.
   */
  readonly mostCopies?: number | undefined;
  /**
   * Of a block that is found in many places only the first is told, and what may be its own: `planFetch` needs no more, and
   * in a huge file of few blocks that come again and again all of them would take much memory. Default: false.
   */
  readonly once?: boolean | undefined;
}

export interface DeltaMatcherOptions extends MatcherOptions {
  /** The hashes of the old object are taken there, and those of the new one left there. */
  readonly spool?: HashSpool | undefined;
}

export interface Delta {
  /** All of the new content, in order. */
  readonly ops: DeltaOps;
  /** Of the new content, if `signWith` was given. */
  readonly signature: Signature | undefined;
}

/** Blocks that may be hashed in vain before rolled bytes have to pay for it. */
const CREDIT_BLOCKS = 8;

/** After so many blocks without a match, only one of several is rolled over (`sparseness`). */
const PATIENCE = 16;

/** More room spares moving bytes within the window, but is memory. */
const MOST_SPARE = 4 * 1024 ** 2;

/** Passed over blocks are looked back at, and so have to be in memory. */
function sparseness(blockSize: number): number {
  return blockSize > 4 * 1024 ** 2 ? 2 : 4;
}

/** What is looked back at and what is ahead, and room for more. */
function windowSize(blockSize: number): number {
  const needed = (sparseness(blockSize) + 1) * blockSize + 2 * PIECE;
  return needed + Math.min(needed, MOST_SPARE);
}

/** Fill `space()`, say how much, and again; then `finish()`. */
export class DeltaMatcher {
  readonly #old: Pick<Signature, "blockSize" | "size">;
  readonly #hashes: BlockHashes;
  readonly #engine: RollingEngine;
  readonly #window: ContentWindow;
  readonly #signer: BlockSigner | undefined;
  readonly #sparse: number;
  readonly #ops: OpList;
  /** Of each old block whether it was told of, where once will do. */
  readonly #told: Uint8Array | undefined;
  /** Up to here there are operations; from here to `#position` all is new so far. */
  #done = 0;
  #position = 0;
  /** Blocks since the last match. */
  #misses = 0;
  /** Add it to a position in the new content to have the place in the old one. */
  #shift = 0;
  /** The block at this position, with this shift, is known to differ. */
  #differsAt = -1;
  /**
   * Bytes that may be hashed to verify equal sums. Content made so that sums are equal everywhere and
   * hashes are not would cost a block per byte; so each hash in vain costs a block of credit, and each
   * byte rolled over earns one byte.
   */
  #credit: number;

  constructor(
    old: Signature,
    { signWith, hashWhole = true, size = 0, mostCopies, once, spool }: DeltaMatcherOptions = {},
  ) {
    checkColumns(old);
    this.#ops = new OpList(mostCopies);
    if (once) this.#told = new Uint8Array(countBlocks(old.size, old.blockSize));
    this.#old = { blockSize: old.blockSize, size: old.size };
    this.#engine = new RollingEngine(windowSize(old.blockSize), old);
    this.#window = new ContentWindow(this.#engine.window, PIECE);
    this.#credit = CREDIT_BLOCKS * old.blockSize;
    this.#sparse = sparseness(old.blockSize);
    this.#hashes = spool?.keepOld(old.strong) ?? new HashesInMemory(old.strong);
    if (signWith === undefined) return;
    const expectedBlocks = countBlocks(size, signWith);
    const options = { expectedBlocks, hashWhole, spool };
    this.#signer = new BlockSigner(signWith, this.#engine, options);
  }

  /** Where the next bytes go; never empty. */
  space(): Uint8Array {
    return this.#window.space(this.#lookBack());
  }

  /** The first `length` bytes of `space()` are there now. */
  filled(length: number): void {
    const { end } = this.#window;
    this.#window.end += length;
    this.#signer?.take(this.#window.bytes(end, length));
    while (this.#left() >= 2 * this.#old.blockSize) this.#step();
  }

  /** The next bytes, from anywhere. */
  take(bytes: Uint8Array): void {
    pour(bytes, this);
  }

  /** All of the new content has come. */
  finish(): Delta {
    while (this.#left() > 0) this.#step();
    this.#ops.insert(this.#position - this.#done);
    return { ops: this.#ops.finish(), signature: this.#signer?.finish() };
  }

  #left(): number {
    return this.#window.end - this.#position;
  }

  #step(): void {
    const { blockSize } = this.#old;
    const here = this.#position;
    if (this.#differsAt !== here && this.#copyInPlace(here)) return;
    const left = this.#left();
    if (left > blockSize && this.#copyInPlace(here + blockSize)) return;
    if (left < blockSize) return this.#finishTail();
    const places = Math.min(blockSize, left - blockSize + 1);
    this.#misses++;
    if (this.#misses > PATIENCE && this.#misses % this.#sparse !== 0) this.#position += places;
    else if (this.#roll(places)) return;
    this.#differsAt = here + blockSize;
  }

  /** Copies the old block that lies at `position`, by the shift or without one, if it is the same; what is before is inserted. */
  #copyInPlace(position: number): boolean {
    const shift = this.#shift;
    if (shift === 0) return this.#copyShifted(position, 0);
    // Of equal blocks the short one at the end is the last resort: behind it nothing lies where a block begins.
    const { size, blockSize } = this.#old;
    const isShort = position + shift + blockSize > size;
    const [first, second] = isShort ? [0, shift] : [shift, 0];
    return this.#copyShifted(position, first) || this.#copyShifted(position, second);
  }

  #copyShifted(position: number, shift: number): boolean {
    const old = position + shift;
    if (old < 0 || old >= this.#old.size || old % this.#old.blockSize !== 0) return false;
    const index = old / this.#old.blockSize;
    const length = blockLength(this.#old, index);
    if (position + length > this.#window.end) return false;
    if (!this.#hashes.isAt(index, this.#strongAt(position, length))) return false;
    this.#copy(position, old, length);
    return true;
  }

  /** Looks for any old block at `count` places from here on; passes over them if there is none. */
  #roll(count: number): boolean {
    const { blockSize } = this.#old;
    const here = this.#position;
    let passed = 0;
    while (passed < count) {
      const hit = this.#engine.search(this.#window.offsetOf(here + passed), count - passed);
      passed += hit;
      this.#credit = Math.min(this.#credit + hit, CREDIT_BLOCKS * blockSize);
      if (passed >= count) break;
      if (this.#credit >= blockSize) {
        const position = here + passed;
        const strong = this.#strongAt(position, blockSize);
        const index = this.#engine.find((known) => this.#hashes.isAt(known, strong));
        if (index >= 0) {
          this.#copyBackFrom(position, index);
          return true;
        }
        this.#credit += 1 - blockSize;
        passed++;
      } else {
        passed += blockSize - this.#credit;
        this.#credit = blockSize;
      }
    }
    this.#position = here + count;
    return false;
  }

  /** Copies a block that was found by rolling, and those before it that were passed over. */
  #copyBackFrom(position: number, index: number): void {
    const { blockSize } = this.#old;
    const earliest = this.#lookBack();
    let first = index;
    let start = position;
    while (first > 0 && start - blockSize >= earliest) {
      if (!this.#hashes.isAt(first - 1, this.#strongAt(start - blockSize, blockSize))) break;
      first--;
      start -= blockSize;
    }
    this.#copy(start, first * blockSize, position - start + blockSize);
  }

  /** The first byte that a match may still begin at. */
  #lookBack(): number {
    const { blockSize } = this.#old;
    return Math.max(this.#done, this.#position - (this.#sparse - 1) * blockSize);
  }

  /** Less than a block is left. The end of the old object may be the end of the new one. */
  #finishTail(): void {
    const { size, blockSize } = this.#old;
    const tail = size % blockSize;
    const position = this.#window.end - tail;
    if (tail > 0 && position >= this.#position) {
      this.#shift = size - this.#window.end;
      if (this.#copyInPlace(position)) return;
    }
    this.#position = this.#window.end;
  }

  #copy(position: number, oldOffset: number, length: number): void {
    this.#ops.insert(position - this.#done);
    if (this.#isOfUse(position, oldOffset, length)) this.#ops.copy(oldOffset, length);
    else this.#ops.insert(length);
    this.#position = position + length;
    this.#done = this.#position;
    this.#shift = oldOffset - position;
    this.#differsAt = -1;
    this.#misses = 0;
  }

  /** Of use is what takes no memory, too. */
  #isOfUse(position: number, oldOffset: number, length: number): boolean {
    if (this.#told === undefined) return true;
    const { blockSize, size } = this.#old;
    const end = Math.ceil((oldOffset + length) / blockSize);
    const blocks = this.#told.subarray(oldOffset / blockSize, end);
    const isNew = blocks.includes(0);
    blocks.fill(1);
    // It, or an equal one, may belong right there.
    const mayBeInPlace = position % blockSize === 0 && position < size;
    return isNew || mayBeInPlace || this.#ops.continues(oldOffset);
  }

  #strongAt(position: number, length: number): Uint8Array {
    const signed = length === this.#signer?.blockSize ? this.#signer.strongAt(position) : undefined;
    return signed ?? hashBlock(this.#window.bytes(position, length));
  }
}
