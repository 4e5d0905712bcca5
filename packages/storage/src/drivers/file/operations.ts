/** Everything that the main thread can ask a worker to do, by name. */
import type { ConfinedTree, RootSpec } from "./confined-tree.ts";
import { copySmall, hashRange, look, openRead, readBlock } from "./read-operations.ts";
import { endWalk, nextPage, startWalk } from "./walk-operations.ts";
import {
  abortWrite,
  beginWrite,
  changeAttributes,
  commitWrite,
  makeDirectories,
  readLink,
  removeDirectory,
  removeFile,
  removeFiles,
  removeLeftover,
  rename,
  space,
  writeBytes,
  writeLink,
} from "./write-operations.ts";

export interface OperationContext {
  /** The tree of the driver that asks. */
  readonly tree: ConfinedTree;
  /** Another driver's tree. */
  readonly open: (spec: RootSpec) => ConfinedTree;
  /** Buffers of the answer that are handed over instead of copied. */
  readonly transfer: ArrayBuffer[];
}

export const OPERATIONS = {
  look,
  openRead,
  readBlock,
  hashRange,
  copySmall,
  writeBytes,
  beginWrite,
  commitWrite,
  abortWrite,
  removeFile,
  removeFiles,
  makeDirectories,
  removeDirectory,
  rename,
  changeAttributes,
  readLink,
  writeLink,
  space,
  removeLeftover,
  startWalk,
  nextPage,
  endWalk,
} as const;

export type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;

/** The arguments of an operation, without the context. */
export type OperationArguments<K extends OperationName> =
  Parameters<Operations[K]> extends [OperationContext, ...infer Rest] ? Rest : never;
export type OperationResult<K extends OperationName> = ReturnType<Operations[K]>;
