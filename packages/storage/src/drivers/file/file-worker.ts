/**
 * The thread that makes the system calls. A message holds many calls; they run one after the other,
 * synchronously, and are answered in a few messages, so that a call costs a fraction of a thread hop.
 */
import { parentPort } from "node:worker_threads";
import { CallRunner } from "./call-runner.ts";
import type { RootSpec } from "./confined-tree.ts";
import type { WireError } from "./file-errors.ts";
import type { OperationName } from "./operations.ts";

/** A call: its number, whose tree it is about (a position in `CallBatch.roots`), what to do. */
export type WireCall = readonly [
  id: number,
  root: number,
  name: OperationName,
  args: readonly unknown[],
];

export interface CallBatch {
  readonly roots: readonly RootSpec[];
  readonly calls: readonly WireCall[];
}

/** An answer: the call's number, then its result or its error. */
export type WireAnswer = readonly [id: number, result: unknown, error?: WireError];

/** Answers are sent at the latest after this many, so that the asker can go on meanwhile. */
const ANSWERS_PER_MESSAGE = 32;

const runner = new CallRunner();

parentPort?.on("message", (batch: CallBatch) => runBatch(batch));
// Answers nothing: says that all is loaded.
parentPort?.postMessage([]);

function runBatch(batch: CallBatch): void {
  let answers: WireAnswer[] = [];
  let transfer: ArrayBuffer[] = [];
  for (const [id, root, name, args] of batch.calls) {
    const call = { root: batch.roots[root] as RootSpec, name, args, transfer };
    const { result, error } = runner.run(call);
    answers.push(error === undefined ? [id, result] : [id, undefined, error]);
    if (answers.length < ANSWERS_PER_MESSAGE) continue;
    parentPort?.postMessage(answers, transfer);
    answers = [];
    transfer = [];
  }
  // Before the last answer: whoever gets it may remove the directories that are held open here.
  runner.release();
  if (answers.length > 0) parentPort?.postMessage(answers, transfer);
}
