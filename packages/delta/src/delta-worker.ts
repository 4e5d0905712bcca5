/** The thread of one task: it reads an open file, or takes what is handed over. */
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { DeltaError, type DeltaErrorCode } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import { DirectFile } from "./direct-reads.ts";
import { SharedPieces } from "./shared-pieces.ts";
import type { FillableTaker, Taker } from "./taker.ts";
import { type BlockTask, pieceTakerOf, type Task, takerOf } from "./tasks.ts";
import type { WasmMemory } from "./wasm-memory.ts";

export interface ThreadJob {
  readonly task: Task;
  /** What to read; without it content is handed over. */
  readonly file?: OpenFile | undefined;
  /** If the file is larger, in bytes, and in no cache, it is read past the cache. */
  readonly directAbove: number;
  /** Descriptor of a file for what does not fit into memory: `takerOf`. */
  readonly spool?: number | undefined;
  /** What is shared with another thread that takes in the same file: `SharedPieces`. */
  readonly pieces?: WasmMemory | undefined;
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

const { task, file, spool, pieces, directAbove } = workerData as ThreadJob;
const port = parentPort!;
/** Bytes that progress was told of. */
let told = 0;

void guard(() => {
  if (task.kind === "hash") return hashShared();
  return file === undefined ? takeFromPort(takerOf(task, spool)) : takeFile(task, file);
});

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
      taker.take(input);
      post({ kind: "taken", memory: input.buffer }, [input.buffer]);
    });
  });
}

/** If the other thread says so; else the hash is empty. */
function hashShared(): void {
  const shared = new SharedPieces(pieces!, file!, 1);
  if (shared.isShared()) takeShared(shared, pieces!);
  else post({ kind: "result", result: new Uint8Array() });
}

/** Others may read by the same descriptor. */
async function takeFile(blockTask: BlockTask, open: OpenFile): Promise<void> {
  const shared = pieces && new SharedPieces(pieces, open, 0);
  const direct = open.size > directAbove ? DirectFile.open(open) : undefined;
  if (shared !== undefined && direct === undefined) {
    shared.share();
    return takeShared(shared, pieces!);
  }
  shared?.leave();
  const taker = takerOf({ ...blockTask, hashWhole: true }, spool);
  readFrom(direct === undefined ? 0 : await readDirect(direct, taker), open, taker);
  postResult(taker);
}

function takeShared(shared: SharedPieces, memory: WasmMemory): void {
  const taker = pieceTakerOf(task, spool, memory);
  let taken = 0;
  shared.forEach((piece) => {
    taker.take(piece);
    tell((taken += piece.length));
  });
  postResult(taker);
}

/** How many bytes it read. */
async function readDirect(direct: DirectFile, taker: Taker<object>): Promise<number> {
  try {
    let read = 0;
    await direct.readTo((piece) => {
      taker.take(piece);
      tell((read += piece.length));
    });
    return read;
  } finally {
    direct.close();
  }
}

/** Right into the taker's memory. */
function readFrom(
  position: number,
  { descriptor, size }: OpenFile,
  taker: FillableTaker<object>,
): void {
  let read = position;
  for (;;) {
    const space = taker.space();
    const count = readSync(descriptor, space, 0, space.length, read);
    if (count === 0) break;
    taker.filled(count);
    tell((read += count));
  }
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
