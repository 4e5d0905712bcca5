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
  readonly #trees = new Map<string, ConfinedTree>();

  run({ root, name, args, transfer }: Call): Outcome {
    const open = (spec: RootSpec): ConfinedTree => this.#open(spec);
    const context: OperationContext = { tree: open(root), open, transfer };
    // Who asks is typed by the same table.
    const operation = OPERATIONS[name] as (
      context: OperationContext,
      ...args: unknown[]
    ) => unknown;
    for (const tree of this.#trees.values()) tree.trim();
    try {
      const attempt = (): unknown => operation(context, ...args);
      return { result: whenDescriptorsAllow(attempt, () => this.#releaseAll()) };
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

  #releaseAll(): void {
    for (const tree of this.#trees.values()) tree.release();
  }

  #open(spec: RootSpec): ConfinedTree {
    const see = spec.see === undefined ? "" : `${spec.see.which}:${spec.see.base ?? ""}`;
    const key = `${spec.follow ? 1 : 0}${spec.create ? 1 : 0}${see}\0${spec.root}`;
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const tree = new ConfinedTree(spec);
    this.#trees.set(key, tree);
    return tree;
  }
}
