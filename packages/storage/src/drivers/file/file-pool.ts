/**
 * The threads that make the system calls, shared by all file drivers of the process. Calls that are
 * made in one turn of the event loop travel in one message per thread. Threads start with a driver or
 * a call, do not keep the process alive when idle, and end with the last driver.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { StorageError } from "../../errors.ts";
import type { RootSpec } from "./confined-tree.ts";
import { PATIENCE, PAUSE } from "./descriptor-shortage.ts";
import { unpackError } from "./file-errors.ts";
import type { CallBatch, WireAnswer, WireCall } from "./file-worker.ts";
import type { OperationArguments, OperationName, OperationResult } from "./operations.ts";

export interface PoolCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Buffers among the arguments that are handed over instead of copied. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
  /** Bytes that the call moves: long calls count for more when the least busy thread is chosen. */
  readonly bytes?: number | undefined;
}

/** What takes calls: one thread, or all of them. */
export interface CallLane {
  call<K extends OperationName>(
    root: RootSpec,
    name: K,
    args: OperationArguments<K>,
    options?: PoolCallOptions,
  ): Promise<OperationResult<K>>;
}

interface PendingCall {
  readonly root: RootSpec;
  readonly name: OperationName;
  readonly args: readonly unknown[];
  readonly weight: number;
  readonly options: PoolCallOptions;
  readonly resolve: (result: never) => void;
  readonly reject: (error: StorageError) => void;
}

/** Bytes that take about as long as the rest of a call. */
const WEIGHT_STEP = 64 * 1024;
const MOST_WORKERS = 4;
/** Calls that keep a thread busy. With fewer waiting, a second thread would only cost. */
const ENOUGH = 32;

let shared: FilePool | undefined;
let users = 0;

/** The process's pool. Each `acquirePool` is matched by one `releasePool`. */
export function acquirePool(startsThread: boolean): FilePool {
  shared ??= new FilePool(Math.min(MOST_WORKERS, availableParallelism()));
  // A thread takes a while to start. Each driver will want one for its walk, two of them at once.
  if (startsThread) shared.lanes[users]?.start();
  users++;
  return shared;
}

export async function releasePool(): Promise<void> {
  users--;
  if (users > 0) return;
  const pool = shared;
  shared = undefined;
  await pool?.close();
}

export class FilePool implements CallLane {
  readonly lanes: readonly Lane[];

  constructor(workers: number) {
    this.lanes = Array.from({ length: workers }, () => new Lane());
  }

  /** Makes a call on the least busy thread. */
  call<K extends OperationName>(
    root: RootSpec,
    name: K,
    args: OperationArguments<K>,
    options?: PoolCallOptions,
  ): Promise<OperationResult<K>> {
    return this.lane().call(root, name, args, options);
  }

  /**
   * The first thread that has little to do, else the least busy one. So work that one thread can do
   * starts, warms up and wakes one only.
   */
  lane(): Lane {
    let best = this.lanes[0] as Lane;
    for (const lane of this.lanes) {
      if (lane.load < ENOUGH) return lane;
      if (lane.load < best.load) best = lane;
    }
    return best;
  }

  /** The least busy thread. For work that goes on, such as a walk. */
  idlestLane(): Lane {
    return this.lanes.reduce((best, lane) => (lane.load < best.load ? lane : best));
  }

  /** The thread for all calls that must not overtake each other at one file. */
  laneOf(key: string): Lane {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) >>> 0;
    return this.lanes[hash % this.lanes.length] as Lane;
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }
}

/** One thread and what waits for it. */
export class Lane implements CallLane {
  /** How much is waiting or being done. */
  load = 0;
  #worker: Worker | undefined;
  /** The thread has loaded its code. Nothing is sent before: what was handed over could not be sent again. */
  #ready = false;
  /** Until when a thread that cannot load for want of descriptors is started again. */
  #patience: number | undefined;
  #serial = 0;
  #waiting: PendingCall[] = [];
  #flushing = false;
  #closing = false;
  readonly #onIdle: (() => void)[] = [];
  readonly #sent = new Map<number, PendingCall>();

  /**
   * A call that was aborted before it was sent throws `aborted`; one that is being made is waited
   * for, as it may have an effect that the caller must know of, and takes milliseconds.
   */
  call<K extends OperationName>(
    root: RootSpec,
    name: K,
    args: OperationArguments<K>,
    options: PoolCallOptions = {},
  ): Promise<OperationResult<K>> {
    return new Promise((resolve, reject) => {
      const weight = 1 + (options.bytes ?? 0) / WEIGHT_STEP;
      this.load += weight;
      this.#waiting.push({ root, name, args, weight, options, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => this.#flush());
    });
  }

  /**
   * Ends the thread once what was asked of it is done: one that is stopped in the middle of a write
   * leaves a temporary file behind. Clean-up that comes later starts and ends a thread once more.
   */
  async close(): Promise<void> {
    this.#closing = true;
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    await this.#end();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ready = false;
    await worker?.terminate();
  }

  #isIdle(): boolean {
    return this.#sent.size === 0 && this.#waiting.length === 0;
  }

  #rest(): void {
    if (!this.#isIdle()) return;
    this.#worker?.unref();
    for (const resolve of this.#onIdle.splice(0)) resolve();
    if (this.#closing) void this.#end();
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#waiting.length > 0 && !this.#ready) return this.start().ref();
    const roots: RootSpec[] = [];
    const calls: WireCall[] = [];
    const transfer: ArrayBuffer[] = [];
    for (const call of this.#waiting) {
      if (call.options.signal?.aborted) {
        this.load -= call.weight;
        call.reject(new StorageError("aborted", { cause: call.options.signal.reason }));
        continue;
      }
      const id = ++this.#serial;
      this.#sent.set(id, call);
      transfer.push(...(call.options.transfer ?? []));
      calls.push([id, position(roots, call.root), call.name, call.args]);
    }
    this.#waiting = [];
    if (calls.length === 0) return this.#rest();
    const worker = this.start();
    worker.ref();
    try {
      worker.postMessage({ roots, calls } satisfies CallBatch, transfer);
    } catch (cause) {
      const message = "an argument cannot be sent to another thread";
      this.#fail(new StorageError("invalid-argument", { message, cause }));
    }
  }

  /** The thread, started if it is not running. It does not keep the process alive. */
  start(): Worker {
    this.#worker ??= this.#create();
    return this.#worker;
  }

  #create(): Worker {
    // Compiled or not: the worker is the file beside this one, with the same ending.
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./file-worker.${ending}`, import.meta.url), {
      name: "omnisync-file",
      execArgv: [],
      // Descriptors that a call opens are handed to the main thread and must outlive this one.
      trackUnmanagedFds: false,
      // Nearly all it makes is garbage at once; left alone, V8 gives it several times this.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    worker.once("message", () => {
      if (this.#worker === worker) this.#begin();
    });
    worker.on("message", (answers: readonly WireAnswer[]) => this.#settle(answers));
    worker.on("error", (cause) => this.#lose(worker, cause));
    worker.on("exit", () => this.#lose(worker, undefined));
    worker.unref();
    return worker;
  }

  #begin(): void {
    this.#ready = true;
    this.#patience = undefined;
    this.#flush();
  }

  #settle(answers: readonly WireAnswer[]): void {
    for (const [id, result, error] of answers) {
      const call = this.#sent.get(id);
      if (call === undefined) continue;
      this.#sent.delete(id);
      this.load -= call.weight;
      if (error === undefined) call.resolve(result as never);
      else call.reject(unpackError(error));
    }
    this.#rest();
  }

  /** A thread died: its calls fail, the next call starts another. */
  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    const wasReady = this.#ready;
    this.#worker = undefined;
    this.#ready = false;
    // Without descriptors loading fails in many ways, of which only some say so.
    if (!wasReady && this.#waiting.length > 0) {
      this.#patience ??= Date.now() + PATIENCE;
      if (Date.now() < this.#patience) return void setTimeout(() => this.#flush(), PAUSE);
      this.#patience = undefined;
    }
    // Calls that came since a thread loaded are for the next one; those for which none did fail with it.
    if (!wasReady) for (const call of this.#waiting.splice(0)) this.#sent.set(++this.#serial, call);
    const message = "the thread that makes the file system calls died";
    this.#fail(new StorageError("internal", { message, cause }));
  }

  #fail(error: StorageError): void {
    for (const call of this.#sent.values()) {
      this.load -= call.weight;
      call.reject(error);
    }
    this.#sent.clear();
    this.#rest();
  }
}

function position(roots: RootSpec[], root: RootSpec): number {
  const at = roots.indexOf(root);
  return at < 0 ? roots.push(root) - 1 : at;
}
