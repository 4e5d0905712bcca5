/** Signatures and deltas of local files, made in threads of their own. */
import type { BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { checkBlockSize, chooseBlockSize } from "./block-size.ts";
import { DeltaError } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import type { OpenFile } from "./delta-worker.ts";
import { JobThread } from "./job-thread.ts";
import type { Signature } from "./signature.ts";
import type { SignTask, Task, TaskResults } from "./tasks.ts";

export interface FileJobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far; now and then. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface SignFileOptions extends FileJobOptions {
  /** Default: by the size of the file, see `chooseBlockSize`. */
  readonly blockSize?: number | undefined;
  /** With two, each reads all of the file, and the page cache should hold it. Default: 2 for a large file if there are as many processors. */
  readonly threads?: 1 | 2 | undefined;
}

/** From this size on, in bytes, a second thread gains more than its start costs. */
const WORTH_TWO_THREADS = 128 * 1024 ** 2;

/**
 * The signature of a local file, bound to no object yet.
 * @throws DeltaError `changed` if the file changed meanwhile, `invalid-argument` for a block size out of bounds; the
 * errors of `node:fs`; the reason of the signal.
 */
export async function signFile(
  path: string,
  { blockSize, threads, signal, onProgress }: SignFileOptions = {},
): Promise<Signature> {
  if (blockSize !== undefined) checkBlockSize(blockSize);
  return withUnchanged(path, signal, async (file) => {
    const { size } = file;
    const task = { kind: "sign", blockSize: blockSize ?? chooseBlockSize(size), size } as const;
    const options = { file, signal, onProgress };
    const count = threads ?? Math.min(2, size < WORTH_TWO_THREADS ? 1 : availableParallelism());
    if (count === 1) return run({ ...task, hashWhole: true }, options);
    return signWithTwo({ ...task, hashWhole: false }, options);
  });
}

export interface DeltaOfFileOptions extends FileJobOptions {
  /** Make the file's own signature in the same pass. Default: true. */
  readonly sign?: boolean | undefined;
}

/**
 * What of the object with the signature `old` is in a local file, and the file's own signature.
 * @throws as `signFile`
 */
export async function deltaOfFile(
  path: string,
  old: Signature,
  { sign = true, signal, onProgress }: DeltaOfFileOptions = {},
): Promise<Delta> {
  const signWith = sign ? old.blockSize : undefined;
  return withUnchanged(path, signal, (file) =>
    run({ kind: "match", old, size: file.size, signWith }, { file, signal, onProgress }),
  );
}

/** @throws DeltaError `changed` if what `work` read was not one content from beginning to end */
async function withUnchanged<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const handle = await open(path);
  try {
    const before = await handle.stat({ bigint: true });
    const result = await work({ descriptor: handle.fd, size: Number(before.size) });
    if (isSame(before, await handle.stat({ bigint: true }))) return result;
    throw new DeltaError("changed", `${path} changed while it was read`);
  } finally {
    await handle.close();
  }
}

function isSame(before: BigIntStats, after: BigIntStats): boolean {
  const { size, mtimeNs, ctimeNs } = before;
  return after.size === size && after.mtimeNs === mtimeNs && after.ctimeNs === ctimeNs;
}

interface RunOptions extends FileJobOptions {
  readonly file: OpenFile;
}

/** Ends before anybody closes the file. */
function run<T extends Task>(task: T, options: RunOptions): Promise<TaskResults[T["kind"]]> {
  return threadOf(task, options).result;
}

/** One hashes the whole, the other all that is about blocks: that is about the same work. */
async function signWithTwo(task: SignTask, options: RunOptions): Promise<Signature> {
  const blocks = threadOf(task, options);
  try {
    const whole = threadOf({ kind: "hash" }, { ...options, onProgress: undefined });
    try {
      const [signature, contentHash] = await Promise.all([blocks.result, whole.result]);
      return { ...signature, contentHash };
    } finally {
      await whole.stop();
    }
  } finally {
    await blocks.stop();
  }
}

function threadOf<T extends Task>(task: T, { file, signal, onProgress }: RunOptions): JobThread<T> {
  return new JobThread(task, {
    file,
    signal,
    onMessage: (message) => message.kind === "progress" && onProgress?.(message.bytes),
  });
}
