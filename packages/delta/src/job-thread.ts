/** A thread with one task. It is gone before its result is told, whatever that is. */
import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { DeltaOps } from "./delta.ts";
import { DeltaError } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import type { OpenFile, ThreadInput, ThreadJob, ThreadMessage } from "./delta-worker.ts";
import { SpooledColumns, openSpool } from "./hash-spool.ts";
import { type Task, type TaskResults, spoolSizes } from "./tasks.ts";
import type { WasmMemory } from "./wasm-memory.ts";

export interface JobThreadOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the thread reads; without it, content is handed over. */
  readonly file?: OpenFile | undefined;
  /** As in `ThreadJob`. */
  readonly pieces?: WasmMemory | undefined;
  /** As in `ThreadJob`; default: never. */
  readonly directAbove?: number | undefined;
  /** Large signatures may be left in a file: see `DeltaOfFileOptions`. Default: false. */
  readonly spool?: boolean | undefined;
  /** Told of what is neither the result nor an error. */
  readonly onMessage?: ((message: ThreadMessage) => void) | undefined;
}

/** Whoever made one has to wait for its result or to stop it: it keeps the process alive. */
export class JobThread<T extends Task> {
  /** Nobody has to wait for it. */
  readonly result: Promise<TaskResults[T["kind"]]>;
  readonly #task: T;
  readonly #worker: Worker;
  /** Descriptor of a file for what would take too much memory in the thread; somebody else's once it is in the result. */
  #spool: number | undefined;
  readonly #outcome = Promise.withResolvers<TaskResults[T["kind"]]>();

  /** @throws the reason of a signal that is aborted already */
  constructor(
    task: T,
    { signal, file, pieces, directAbove = Infinity, spool = false, onMessage }: JobThreadOptions,
  ) {
    signal?.throwIfAborted();
    this.#task = task;
    if (spool && task.kind === "match") this.#spool = openSpool(spoolSizes(task));
    try {
      this.#worker = workerFor({ task, file, pieces, directAbove, spool: this.#spool });
    } catch (error) {
      this.#closeSpool();
      throw error;
    }
    const { resolve, reject } = this.#outcome;
    this.#worker.on("message", (message: ThreadMessage) => {
      if (message.kind === "result") resolve(unpack(message.result) as TaskResults[T["kind"]]);
      else if (message.kind === "refused") reject(new DeltaError(message.code, message.message));
      else onMessage?.(message);
    });
    this.#worker.on("error", reject);
    this.#worker.on("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
    this.result = this.#end(signal);
    this.result.catch(() => undefined);
  }

  /** @throws Error `DataCloneError` for memory that cannot be moved */
  post(input: ThreadInput, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(input, moved);
  }

  /** Ends the thread; the result is the error `stopped` if there was none yet. */
  async stop(): Promise<void> {
    this.#outcome.reject(new DeltaError("stopped", "the thread was stopped"));
    await this.#worker.terminate();
  }

  async #end(signal: AbortSignal | undefined): Promise<TaskResults[T["kind"]]> {
    const onAbort = (): void => this.#outcome.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return this.#withSpooled(await this.#outcome.promise);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      await this.#worker.terminate();
      this.#closeSpool();
    }
  }

  #withSpooled(result: TaskResults[T["kind"]]): TaskResults[T["kind"]] {
    if (this.#spool === undefined || this.#task.kind !== "match") return result;
    const { ops, signature } = result as Delta;
    if (signature === undefined || signature.weak.length > 0) return result;
    const spool = new SpooledColumns(this.#spool, spoolSizes(this.#task));
    this.#spool = undefined;
    return { ops, signature: { ...signature, spool } } as TaskResults[T["kind"]];
  }

  #closeSpool(): void {
    if (this.#spool !== undefined) closeSync(this.#spool);
    this.#spool = undefined;
  }
}

function workerFor(job: ThreadJob): Worker {
  // Compiled or not: the worker is the file beside this one, with the same ending.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new Worker(new URL(`./delta-worker.${ending}`, import.meta.url), {
    name: "omnisync-delta",
    execArgv: [],
    workerData: job,
    transferList: movedWith(job.task),
  });
}

/** Memory that holds nothing but one column, and that no threads share. */
function movedWith(task: Task): ArrayBuffer[] {
  if (task.kind !== "match") return [];
  const { strong, weak } = task.old;
  return [strong, weak]
    .filter(({ buffer, byteLength }) => buffer.byteLength === byteLength)
    .map(({ buffer }) => buffer)
    .filter((memory) => memory instanceof ArrayBuffer);
}

function unpack(result: object): unknown {
  if (!("ops" in result)) return result;
  return { ...result, ops: new DeltaOps(result.ops as DeltaOps["packed"]) };
}
