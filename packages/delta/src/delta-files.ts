/** Signatures and deltas of local files, made in threads of their own. */
import type { BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { checkBlockSize, chooseBlockSize } from "./block-size.ts";
import { DeltaError } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import type { OpenFile } from "./delta-worker.ts";
import { mostCached } from "./direct-reads.ts";
import { JobThread } from "./job-thread.ts";
import { givePiecesMemory, releaseBoth, takePiecesMemory } from "./shared-pieces.ts";
import type { Signature } from "./signature.ts";
import type { BlockTask, MatchTask, SignTask, Task, TaskResults } from "./tasks.ts";
import type { WasmMemory } from "./wasm-memory.ts";

export interface FileJobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far; now and then. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /**
   * On Linux, a file of more bytes of which most is not in the page cache is read past the cache. Default: half of the memory
   * there is, for the cache does not keep such a file until somebody reads it again.
   */
  readonly directAbove?: number | undefined;
}

export interface SignFileOptions extends FileJobOptions {
  /** Default: by the size of the file, see `chooseBlockSize`. */
  readonly blockSize?: number | undefined;
  /** With two, one hashes the whole. Default: 2 for a large file if there are as many processors. */
  readonly threads?: 1 | 2 | undefined;
}

/** From this size on, in bytes, a second thread gains more than its start costs. */
const WORTH_TWO_THREADS = 128 * 1024 ** 2;

/**
 * The signature of a local file, bound to no object yet.
 * @throws DeltaError `changed` if the file changed meanwhile, `invalid-argument` for a block size out of bounds; the
 * errors of `node:fs`; the reason of the signal.
 */
export async function signFile(path: string, options: SignFileOptions = {}): Promise<Signature> {
  if (options.blockSize !== undefined) checkBlockSize(options.blockSize);
  return withUnchanged(path, options.signal, (file) => signOpenFile(file, options));
}

/**
 * The same of a file that somebody opened, who has to see that it does not change, and closes it afterwards: when this
 * ends, nobody reads it any more.
 */
export async function signOpenFile(
  file: OpenFile,
  { blockSize = chooseBlockSize(file.size), ...options }: SignFileOptions = {},
): Promise<Signature> {
  checkBlockSize(blockSize);
  const { size } = file;
  const task = (hashWhole: boolean): SignTask => ({ kind: "sign", blockSize, size, hashWhole });
  if (isForOne(file, options)) return withOne(task(true), file, options);
  const { made, contentHash } = await withTwo(task(false), file, options);
  return withHash(made, contentHash);
}

export interface DeltaOfFileOptions extends FileJobOptions {
  /** Make the file's own signature in the same pass. Default: true. */
  readonly sign?: boolean | undefined;
  /** Bytes per block of that. Default: as those of `old`. */
  readonly blockSize?: number | undefined;
  /** As in `SignFileOptions`. */
  readonly threads?: 1 | 2 | undefined;
  /** As in `MatcherOptions`. */
  readonly mostCopies?: number | undefined;
  /** As in `MatcherOptions`. */
  readonly once?: boolean | undefined;
  /**
   * If the file's own signature and `old` have more than 16 MiB together, both are kept in a temporary file meanwhile, and
   * the new one is left there: `Signature.spool`, to be closed. Default: false.
   */
  readonly spool?: boolean | undefined;
}

/**
 * What of the object with the signature `old` is in a local file, and the file's own signature.
 * @throws as `signFile`
 */
export async function deltaOfFile(
  path: string,
  old: Signature,
  options: DeltaOfFileOptions = {},
): Promise<Delta> {
  return withUnchanged(path, options.signal, (file) => deltaOfOpenFile(file, old, options));
}

/** The same of a file that somebody opened, as `signOpenFile`. */
export async function deltaOfOpenFile(
  file: OpenFile,
  old: Signature,
  { sign = true, blockSize = old.blockSize, mostCopies, once, ...options }: DeltaOfFileOptions = {},
): Promise<Delta> {
  const signWith = sign ? checkBlockSize(blockSize) : undefined;
  const { size } = file;
  const task = (hashWhole: boolean): MatchTask => ({
    ...{ kind: "match", old, size, signWith, mostCopies, once, hashWhole },
  });
  if (!sign || isForOne(file, options)) return withOne(task(true), file, options);
  const { made, contentHash } = await withTwo(task(false), file, options);
  return { ops: made.ops, signature: withHash(made.signature!, contentHash) };
}

function isForOne({ size }: OpenFile, { threads }: Pick<SignFileOptions, "threads">): boolean {
  if (threads !== undefined) return threads === 1;
  return size < WORTH_TWO_THREADS || availableParallelism() < 2;
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

/** Ends before anybody closes the file. */
function withOne<T extends Task>(
  task: T,
  file: OpenFile,
  options: JobOptions,
): Promise<TaskResults[T["kind"]]> {
  return threadOf(task, { ...options, file }).result;
}

/**
 * One hashes the whole, the other all that is about blocks. A file that is not in the page cache that one reads alone, past the
 * cache: that is as quick as the disk. The hash is empty then.
 */
async function withTwo<T extends BlockTask>(
  task: T,
  file: OpenFile,
  options: JobOptions,
): Promise<Halves<T>> {
  const pieces = takePiecesMemory();
  try {
    return await shareWork(task, { ...options, file, pieces });
  } finally {
    givePiecesMemory(pieces);
  }
}

interface Halves<T extends BlockTask> {
  readonly made: TaskResults[T["kind"]];
  readonly contentHash: Uint8Array;
}

/** Both threads have ended when this ends. */
async function shareWork<T extends BlockTask>(
  task: T,
  options: ThreadOptions & { readonly pieces: WasmMemory },
): Promise<Halves<T>> {
  const blocks = threadOf(task, options);
  try {
    const whole = threadOf({ kind: "hash" } as const, { ...options, onProgress: undefined });
    try {
      const [made, contentHash] = await Promise.all([blocks.result, whole.result]);
      return { made, contentHash };
    } finally {
      releaseBoth(options.pieces);
      await whole.stop();
    }
  } catch (error) {
    await blocks.stop();
    await blocks.result.then(closeSpool, () => {});
    throw error;
  }
}

/** Of a result that nobody gets. */
function closeSpool(made: object): void {
  if ("signature" in made) (made as Delta).signature?.spool?.close();
}

/** A hash that is empty was made with the signature. */
function withHash(signature: Signature, contentHash: Uint8Array): Signature {
  return contentHash.length > 0 ? { ...signature, contentHash } : signature;
}

type JobOptions = FileJobOptions & Pick<DeltaOfFileOptions, "spool">;

interface ThreadOptions extends JobOptions {
  readonly file: OpenFile;
  readonly pieces?: WasmMemory | undefined;
}

function threadOf<T extends Task>(
  task: T,
  { file, pieces, signal, spool, onProgress, directAbove = mostCached() }: ThreadOptions,
): JobThread<T> {
  return new JobThread(task, {
    ...{ file, pieces, signal, spool, directAbove },
    onMessage: (message) => message.kind === "progress" && onProgress?.(message.bytes),
  });
}
