import { DeltaError } from "./delta-error.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

export const SMALLEST_BLOCK: number = 64 * KIB;
export const LARGEST_BLOCK: number = 5 * MIB;
const LARGEST_POWER_OF_TWO = 4 * MIB;
/** A signature of this many blocks takes 1.25 MiB. */
const MANY_BLOCKS = 32_768;
/** Beyond, every block counts: at 5 TiB a signature takes 40 MiB of memory. */
const HUGE = 1024 ** 4;

/**
 * Bytes per block for a file of `size` bytes: the smallest power of two that gives at most 32,768 blocks;
 * 64 KiB up to 2 GiB, 4 MiB from 64 GiB on; 5 MiB above 1 TiB.
 */
export function chooseBlockSize(size: number): number {
  if (size > HUGE) return LARGEST_BLOCK;
  let block = SMALLEST_BLOCK;
  while (block < LARGEST_POWER_OF_TWO && size > block * MANY_BLOCKS) block *= 2;
  return block;
}

/**
 * Returns `blockSize` if it is a multiple of 64 KiB from 64 KiB to 5 MiB.
 * @throws DeltaError `invalid-argument`
 */
export function checkBlockSize(blockSize: number): number {
  if (isBlockSize(blockSize)) return blockSize;
  const message = `a block size is a multiple of 64 KiB from 64 KiB to 5 MiB, not ${blockSize}`;
  throw new DeltaError("invalid-argument", message);
}

export function isBlockSize(value: number): boolean {
  return value >= SMALLEST_BLOCK && value <= LARGEST_BLOCK && value % SMALLEST_BLOCK === 0;
}
