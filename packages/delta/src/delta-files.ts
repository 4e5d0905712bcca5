/** Signatures and deltas of local files, made in a thread of their own. */
import { Worker } from "node:worker_threads";
import { checkBlockSize } from "./block-size.ts";
import { DeltaError } from "./delta-error.ts";
import type { WorkerMessage } from "./delta-worker.ts";
import type { Delta } from "./delta-matcher.ts";
import type { FileJob, FileResults } from "./file-jobs.ts";
import type { Signature } from "./signature.ts";

export interface FileJobOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far; now and then. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface SignFileOptions extends FileJobOptions {
  /** Default: by the size of the file, see `chooseBlockSize`. */
  readonly blockSize?: number | undefined;
}

/**
 * The signature of a local file, bound to no object yet.
 * @throws DeltaError `changed` if the file changed meanwhile, `invalid-argument` for a block size out of bounds; the
 * errors of `node:fs`; the reason of the signal.
 */
export async function signFile(
  path: string,
  { blockSize, ...options }: SignFileOptions = {},
): Promise<Signature> {
  if (blockSize !== undefined) checkBlockSize(blockSize);
  return runInThread({ kind: "sign", path, blockSize }, options);
}

export interface DeltaOfFileOptions extends FileJobOptions {
  /** Make the file's own signature in the same pass. Default: true. */
  readonly sign?: boolean | undefined;
}

/**
 * What of the object with the signature `old` is in a local file, and the file's own signature.
 * @throws as `signFile`
 */
export function deltaOfFile(
  path: string,
  old: Signature,
  { sign = true, ...options }: DeltaOfFileOptions = {},
): Promise<Delta> {
  return runInThread({ kind: "match", path, old, sign }, options);
}

async function runInThread<J extends FileJob>(
  job: J,
  { signal, onProgress }: FileJobOptions,
): Promise<FileResults[J["kind"]]> {
  signal?.throwIfAborted();
  // Compiled or not: the worker is the file beside this one, with the same ending.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`./delta-worker.${ending}`, import.meta.url);
  const worker = new Worker(url, { name: "omnisync-delta", execArgv: [], workerData: job });
  const stop = Promise.withResolvers<never>();
  const onAbort = (): void => stop.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([stop.promise, resultOf<J>(worker, onProgress)]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

function resultOf<J extends FileJob>(
  worker: Worker,
  onProgress: FileJobOptions["onProgress"],
): Promise<FileResults[J["kind"]]> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "progress") onProgress?.(message.bytes);
      else if (message.kind === "result") resolve(message.result as FileResults[J["kind"]]);
      else reject(new DeltaError(message.code, message.message));
    });
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}
