/** What the worker does: reads a file once, from the page cache right into the window of the engine. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type Delta, DeltaMatcher } from "./delta-matcher.ts";
import { DeltaError } from "./delta-error.ts";
import { SignatureBuilder } from "./signature-builder.ts";
import { chooseBlockSize } from "./block-size.ts";
import type { Signature } from "./signature.ts";

export type FileJob = SignJob | MatchJob;

interface SignJob {
  readonly kind: "sign";
  readonly path: string;
  readonly blockSize: number | undefined;
}

interface MatchJob {
  readonly kind: "match";
  readonly path: string;
  readonly old: Signature;
  readonly sign: boolean;
}

export interface FileResults {
  readonly sign: Signature;
  readonly match: Delta;
}

/** `onProgress` gets the bytes read so far, at most every 16 MiB. */
export function runFileJob(job: FileJob, onProgress: (bytes: number) => void): Signature | Delta {
  const file = openSync(job.path, "r");
  try {
    const before = fstatSync(file, { bigint: true });
    const size = Number(before.size);
    const taker =
      job.kind === "sign"
        ? new SignatureBuilder(job.blockSize ?? chooseBlockSize(size), size)
        : new DeltaMatcher(job.old, { size, signWith: job.sign ? job.old.blockSize : undefined });
    const read = readInto(taker, file, onProgress);
    const after = fstatSync(file, { bigint: true });
    const same = after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs;
    if (read !== size || !same || after.size !== before.size) {
      throw new DeltaError("changed", `${job.path} changed while it was read`);
    }
    return taker.finish();
  } finally {
    closeSync(file);
  }
}

const PROGRESS_EVERY = 16 * 1024 ** 2;

/** Something that takes content: a builder of signatures, a matcher. */
interface Taker {
  space(): Uint8Array;
  filled(length: number): void;
}

function readInto(taker: Taker, file: number, onProgress: (bytes: number) => void): number {
  let read = 0;
  let told = 0;
  for (;;) {
    const space = taker.space();
    const count = readSync(file, space, 0, space.length, null);
    if (count === 0) return read;
    taker.filled(count);
    read += count;
    if (read - told < PROGRESS_EVERY) continue;
    told = read;
    onProgress(read);
  }
}
