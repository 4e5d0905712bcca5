/** Where bytes have content that must be written, if zeros may be holes. */

/** What file systems allocate at once; a shorter run of zeros would save nothing. */
const BLOCK = 4096;
const ZEROS: Buffer = Buffer.alloc(BLOCK);

export interface DataRun {
  readonly offset: number;
  readonly length: number;
}

/** The runs of blocks that are not all zeros, in order. `align`: where `bytes` begins in its file. */
export function dataRuns(bytes: Uint8Array, align = 0): readonly DataRun[] {
  const runs: { offset: number; length: number }[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const end = Math.min(at + BLOCK - ((align + at) % BLOCK), bytes.byteLength);
    if (!isZero(bytes.subarray(at, end))) {
      const last = runs.at(-1);
      if (last !== undefined && last.offset + last.length === at) last.length += end - at;
      else runs.push({ offset: at, length: end - at });
    }
    at = end;
  }
  return runs;
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.byteLength, 0, bytes.byteLength) === 0;
}
