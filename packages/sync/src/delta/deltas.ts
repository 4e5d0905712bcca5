/** How a run makes deltas. A run that is to make none has none of these. */
import { chooseBlockSize } from "@omnisync/delta";
import { checkDeltaOptions } from "../check-options/check-options.ts";
import type { DeltaOptions, SignaturePlacement } from "../options/delta-options.ts";
import { Budget } from "../run/gate.ts";
import { Comparisons } from "./comparisons.ts";

const MiB = 1024 * 1024;

/** Smaller files are as quickly sent as looked at. Bytes. */
export const DELTA_THRESHOLD: number = 50 * MiB;

/** Each takes a thread, and memory for some blocks. */
const FILES_AT_ONCE = 2;
/** More would be a signature that nobody wants to read. */
const MOST_BLOCKS = 1_500_000;

export class Deltas {
  readonly threshold: number;
  readonly placement: SignaturePlacement;
  readonly generate: boolean;
  /** Files that are signed or matched at once. */
  readonly threads: Budget = new Budget(FILES_AT_ONCE);
  /** What the question whether a file is to be sent found out for its sending. */
  readonly comparisons: Comparisons = new Comparisons();
  readonly #blockSize: number | undefined;
  readonly #failures: Map<string, number> = new Map();
  #areCopiesDone = true;

  /** @throws StorageError `invalid-argument` for options that are none. */
  constructor(options: DeltaOptions) {
    checkDeltaOptions(options);
    const { threshold, blockSize, signatures, generate } = options;
    this.threshold = threshold ?? DELTA_THRESHOLD;
    this.placement = signatures ?? "reserved";
    this.generate = generate ?? false;
    this.#blockSize = blockSize;
  }

  /** Bytes per block of the signature of a file of `size` bytes that takes the place of one with blocks of `old`. */
  blockSizeFor(size: number, old?: number): number {
    if (this.#blockSize !== undefined && size <= this.#blockSize * MOST_BLOCKS)
      return this.#blockSize;
    const best = chooseBlockSize(size);
    // Matching and signing share their hashes if the blocks are of one size.
    if (old !== undefined && old >= best / 2 && old <= best * 2) return old;
    return best;
  }

  /** A delta onto what lies at this path failed, because it was not what it seemed to be. */
  noteFailure(path: string): void {
    this.#failures.set(path, (this.#failures.get(path) ?? 0) + 1);
  }

  /** The store does not get done with copying parts: no other file of the run is to wait for that. */
  noteNoCopies(): void {
    this.#areCopiesDone = false;
  }

  /** Whether the store copies parts, as far as was seen. */
  get areCopiesDone(): boolean {
    return this.#areCopiesDone;
  }

  /** After a fresh look and a second failure, the whole is sent. */
  isWorthTrying(path: string): boolean {
    return (this.#failures.get(path) ?? 0) < 2;
  }
}
