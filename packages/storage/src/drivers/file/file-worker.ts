/**
 * The thread that makes the system calls. A message holds many calls; they run one after the other,
 * synchronously, and are answered in a few messages, so that a call costs a fraction of a thread hop.
 */
import { parentPort } from "node:worker_threads";
import { ConfinedTree, type RootSpec } from "./confined-tree.ts";
import { whenDescriptorsAllow } from "./descriptor-shortage.ts";
import { type WireError, fromSystemError, packError } from "./file-errors.ts";
import { OPERATIONS, type OperationContext, type OperationName } from "./operations.ts";

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

const trees = new Map<string, ConfinedTree>();

parentPort?.on("message", (batch: CallBatch) => runBatch(batch));

function runBatch(batch: CallBatch): void {
  let answers: WireAnswer[] = [];
  let transfer: ArrayBuffer[] = [];
  for (const call of batch.calls) {
    answers.push(runCall(batch, call, transfer));
    if (answers.length < ANSWERS_PER_MESSAGE) continue;
    parentPort?.postMessage(answers, transfer);
    answers = [];
    transfer = [];
  }
  // Before the last answer: whoever gets it may remove the directories that are held open here.
  for (const tree of trees.values()) tree.release();
  trees.clear();
  if (answers.length > 0) parentPort?.postMessage(answers, transfer);
}

function runCall(batch: CallBatch, call: WireCall, transfer: ArrayBuffer[]): WireAnswer {
  const [id, root, name, args] = call;
  const context: OperationContext = {
    tree: openTree(batch.roots[root] as RootSpec),
    open: openTree,
    transfer,
  };
  // The main thread's `FilePool.call` is typed by the same table.
  const operation = OPERATIONS[name] as (context: OperationContext, ...args: unknown[]) => unknown;
  for (const tree of trees.values()) tree.trim();
  try {
    return [id, whenDescriptorsAllow(() => operation(context, ...args), releaseAll)];
  } catch (error) {
    const path = typeof args[0] === "string" ? args[0] : "";
    return [id, undefined, packError(fromSystemError(error, path))];
  }
}

function openTree(spec: RootSpec): ConfinedTree {
  const key = `${spec.follow ? 1 : 0}${spec.create ? 1 : 0}${spec.root}`;
  const known = trees.get(key);
  if (known !== undefined) return known;
  const tree = new ConfinedTree(spec);
  trees.set(key, tree);
  return tree;
}

function releaseAll(): void {
  for (const tree of trees.values()) tree.release();
}
