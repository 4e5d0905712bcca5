/** Calls that are made in the thread that asks, for who would wait longer for a thread to start. */
import { throwIfAborted } from "../../errors.ts";
import type { CallRunner } from "./call-runner.ts";
import type { RootSpec } from "./confined-tree.ts";
import { unpackError } from "./file-errors.ts";
import type { CallLane, PoolCallOptions } from "./file-pool.ts";
import type { OperationArguments, OperationName, OperationResult } from "./operations.ts";

export const CALLS_HERE: CallLane = { call };

let runner: CallRunner | undefined;

async function call<K extends OperationName>(
  root: RootSpec,
  name: K,
  args: OperationArguments<K>,
  options: PoolCallOptions = {},
): Promise<OperationResult<K>> {
  runner ??= new (await import("./call-runner.ts")).CallRunner();
  // Signals and timers have their turn between two calls.
  await new Promise((resolve) => setImmediate(resolve));
  throwIfAborted(options.signal);
  const { result, error } = runner.run({ root, name, args, transfer: [] });
  runner.release();
  if (error !== undefined) throw unpackError(error);
  return result as OperationResult<K>;
}
