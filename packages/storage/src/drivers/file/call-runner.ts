/** Makes calls of the operations' table in the thread that it is in, one after the other, synchronously. */
import { ConfinedTree, type RootSpec } from "./confined-tree.ts";
import { whenDescriptorsAllow } from "./descriptor-shortage.ts";
import { type WireError, fromSystemError, packError } from "./file-errors.ts";
import { OPERATIONS, type OperationContext, type OperationName } from "./operations.ts";

/** What to do, whose tree it is about, and what of the result is handed over instead of copied. */
export interface Call {
  readonly root: RootSpec;
  readonly name: OperationName;
  readonly args: readonly unknown[];
  readonly transfer: ArrayBuffer[];
}

export interface Outcome {
  readonly result?: unknown;
  readonly error?: WireError | undefined;
}

export class CallRunner {
  /** By the object that tells of them, which the calls of a batch share. */
  readonly #trees = new Map<RootSpec, ConfinedTree>();

  run({ root, name, args, transfer }: Call): Outcome {
    const context: OperationContext = { tree: this.#open(root), open: this.#open, transfer };
    // Who asks is typed by the same table.
    const operation = OPERATIONS[name] as (
      context: OperationContext,
      ...args: unknown[]
    ) => unknown;
    for (const tree of this.#trees.values()) tree.trim();
    try {
      const attempt = (): unknown => operation(context, ...args);
      return { result: whenDescriptorsAllow(attempt, this.#releaseAll) };
    } catch (error) {
      const path = typeof args[0] === "string" ? args[0] : "";
      return { error: packError(fromSystemError(error, path)) };
    }
  }

  /** Closes the directories that are held open: to be called after each batch of calls. */
  release(): void {
    this.#releaseAll();
    this.#trees.clear();
  }

  readonly #releaseAll = (): void => {
    for (const tree of this.#trees.values()) tree.release();
  };

  readonly #open = (spec: RootSpec): ConfinedTree => {
    let tree = this.#trees.get(spec);
    if (tree === undefined) this.#trees.set(spec, (tree = new ConfinedTree(spec)));
    return tree;
  };
}
