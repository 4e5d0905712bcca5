/** The thread of one task: it reads an open file, or takes what is handed over. */
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { packOps } from "./delta.ts";
import { DeltaError, type DeltaErrorCode } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import { Pace, type PaceOptions } from "./pace.ts";
import { pour, type Taker } from "./taker.ts";
import { type Task, takerOf } from "./tasks.ts";

export interface ThreadJob {
  readonly task: Task;
  /** What to read; without it content is handed over. */
  readonly file?: OpenFile | undefined;
  /** Of two threads that read the same file. */
  readonly pace?: PaceOptions | undefined;
}

/** A file that is open for reading; it is closed after the thread has ended. */
export interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
}

/** To the thread: content, or that it was all. */
export type ThreadInput = Uint8Array<ArrayBuffer> | "all";

export type ThreadMessage =
  /** Bytes read so far. */
  | { readonly kind: "progress"; readonly bytes: number }
  /** One piece was taken in; here is its memory. */
  | { readonly kind: "taken"; readonly memory: ArrayBuffer }
  | { readonly kind: "result"; readonly result: object }
  | { readonly kind: "refused"; readonly code: DeltaErrorCode; readonly message: string };

const PROGRESS_EVERY = 16 * 1024 ** 2;

const { task, file, pace } = workerData as ThreadJob;
const port = parentPort!;

guard(() => {
  const taker = takerOf(task);
  if (file === undefined) return takeFromPort(taker);
  readAll(file, taker, pace && new Pace(pace));
  postResult(taker);
});

/** A `DeltaError` loses its class between threads. Other errors reach the asker as they are. */
function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    post({ kind: "refused", code: error.code, message: error.message });
  }
}

function takeFromPort(taker: Taker<object>): void {
  port.on("message", (input: ThreadInput) => {
    guard(() => {
      if (input === "all") return postResult(taker);
      pour(input, taker);
      post({ kind: "taken", memory: input.buffer }, [input.buffer]);
    });
  });
}

/** From the page cache right into the taker's memory. Others may read by the same descriptor. */
function readAll(
  { descriptor, size }: OpenFile,
  taker: Taker<object>,
  pace: Pace | undefined,
): void {
  let read = 0;
  let told = 0;
  pace?.reached(0);
  for (;;) {
    const space = taker.space();
    const count = readSync(descriptor, space, 0, space.length, read);
    if (count === 0) break;
    taker.filled(count);
    read += count;
    pace?.reached(read);
    if (read - told < PROGRESS_EVERY) continue;
    told = read;
    post({ kind: "progress", bytes: read });
  }
  pace?.end();
  if (read !== size) throw new DeltaError("changed", "the file changed while it was read");
}

function postResult(taker: Taker<object>): void {
  const result = taker.finish();
  if (!("ops" in result)) return post({ kind: "result", result });
  const ops = packOps((result as Delta).ops);
  post({ kind: "result", result: { ...result, ops } }, [ops.buffer]);
}

function post(message: ThreadMessage, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, moved);
}
