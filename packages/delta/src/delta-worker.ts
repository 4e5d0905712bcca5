/** The thread of one task: it reads an open file, or takes what is handed over. */
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { DeltaError, type DeltaErrorCode } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import { DirectFile } from "./direct-reads.ts";
import { Pace, type PaceOptions } from "./pace.ts";
import { pour, type Taker } from "./taker.ts";
import { type Task, takerOf } from "./tasks.ts";

export interface ThreadJob {
  readonly task: Task;
  /** What to read; without it content is handed over. */
  readonly file?: OpenFile | undefined;
  /** If the file is larger, in bytes, and in no cache, it is read past the cache. */
  readonly directAbove: number;
  /** Descriptor of a file for what does not fit into memory: `takerOf`. */
  readonly spool?: number | undefined;
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

const { task, file, spool, pace, directAbove } = workerData as ThreadJob;
const port = parentPort!;
/** Bytes that progress was told of. */
let told = 0;

void guard(() => (file === undefined ? takeFromPort(takerOf(task, spool)) : takeFile(file)));

/** A `DeltaError` loses its class between threads. Other errors reach the asker as they are. */
async function guard(work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    post({ kind: "refused", code: error.code, message: error.message });
  }
}

function takeFromPort(taker: Taker<object>): void {
  port.on("message", (input: ThreadInput) => {
    void guard(() => {
      if (input === "all") return postResult(taker);
      pour(input, taker);
      post({ kind: "taken", memory: input.buffer }, [input.buffer]);
    });
  });
}

/** Others may read by the same descriptor. */
async function takeFile(open: OpenFile): Promise<void> {
  const other = pace && new Pace(pace);
  const mayBeDirect = open.size > directAbove && pace?.number !== 1;
  const direct = mayBeDirect ? DirectFile.open(open) : undefined;
  if (direct === undefined) {
    if (other?.reached(0) === false) return post({ kind: "result", result: new Uint8Array() });
    const taker = takerOf(task, spool);
    readFrom(0, open, taker, other);
    return postResult(taker);
  }
  // Who would follow finds nothing in the cache.
  other?.leaveAlone();
  const taker = takerOf(task.kind === "hash" ? task : { ...task, hashWhole: true }, spool);
  try {
    let read = 0;
    await direct.readTo((piece) => {
      pour(piece, taker);
      tell((read += piece.length));
    });
    readFrom(read, open, taker, undefined);
  } finally {
    direct.close();
  }
  postResult(taker);
}

/** From the page cache right into the taker's memory. */
function readFrom(
  position: number,
  { descriptor, size }: OpenFile,
  taker: Taker<object>,
  other: Pace | undefined,
): void {
  let read = position;
  for (;;) {
    const space = taker.space();
    const count = readSync(descriptor, space, 0, space.length, read);
    if (count === 0) break;
    taker.filled(count);
    read += count;
    if (other?.reached(read) === false) throw new DeltaError("stopped", "the other thread failed");
    tell(read);
  }
  other?.end();
  if (read !== size) throw new DeltaError("changed", "the file changed while it was read");
}

function tell(read: number): void {
  if (read - told < PROGRESS_EVERY) return;
  told = read;
  post({ kind: "progress", bytes: read });
}

function postResult(taker: Taker<object>): void {
  const result = taker.finish();
  if (!("ops" in result)) return post({ kind: "result", result });
  const { packed: ops } = (result as Delta).ops;
  post({ kind: "result", result: { ...result, ops } }, [ops.buffer]);
}

function post(message: ThreadMessage, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, moved);
}
