/** Everything that the main thread can ask a worker to do, by name. */
import { changeAttributes, makeDirectories, removeDirectory } from "./attribute-operations.ts";
import { copyRange, openBase } from "./base-operations.ts";
import type { ConfinedTree, RootSpec } from "./confined-tree.ts";
import {
  continueHash,
  continuePrefixHash,
  endHash,
  endPrefixHash,
  startHash,
  startPrefixHash,
} from "./hash-operations.ts";
import { flush } from "./flush-operation.ts";
import { identify } from "./identify.ts";
import { hardLink, makeSpecial, readLink, writeLink } from "./link-operations.ts";
import { openPatch } from "./patch-operations.ts";
import { copySmall, hashRange, look, openRead, readBlock } from "./read-operations.ts";
import { endWalk, nextPage, startWalk } from "./walk-operations.ts";
import {
  abortWrite,
  beginWrite,
  commitWrite,
  completeWrite,
  removeFile,
  removeFiles,
  removeLeftover,
  rename,
  resumeWrite,
  space,
  writeBytes,
} from "./write-operations.ts";

export interface OperationContext {
  /** The tree of the driver that asks. */
  readonly tree: ConfinedTree;
  /** Another driver's tree. */
  readonly open: (spec: RootSpec) => ConfinedTree;
  /** Buffers of the answer that are handed over instead of copied. */
  readonly transfer: ArrayBuffer[];
}

export interface Operations {
  readonly look: typeof look;
  readonly identify: typeof identify;
  readonly openRead: typeof openRead;
  readonly readBlock: typeof readBlock;
  readonly hashRange: typeof hashRange;
  readonly startHash: typeof startHash;
  readonly continueHash: typeof continueHash;
  readonly endHash: typeof endHash;
  readonly startPrefixHash: typeof startPrefixHash;
  readonly continuePrefixHash: typeof continuePrefixHash;
  readonly endPrefixHash: typeof endPrefixHash;
  readonly copySmall: typeof copySmall;
  readonly writeBytes: typeof writeBytes;
  readonly openBase: typeof openBase;
  readonly copyRange: typeof copyRange;
  readonly beginWrite: typeof beginWrite;
  readonly resumeWrite: typeof resumeWrite;
  readonly completeWrite: typeof completeWrite;
  readonly commitWrite: typeof commitWrite;
  readonly abortWrite: typeof abortWrite;
  readonly removeFile: typeof removeFile;
  readonly removeFiles: typeof removeFiles;
  readonly makeDirectories: typeof makeDirectories;
  readonly removeDirectory: typeof removeDirectory;
  readonly rename: typeof rename;
  readonly changeAttributes: typeof changeAttributes;
  readonly readLink: typeof readLink;
  readonly hardLink: typeof hardLink;
  readonly openPatch: typeof openPatch;
  readonly makeSpecial: typeof makeSpecial;
  readonly writeLink: typeof writeLink;
  readonly flush: typeof flush;
  readonly space: typeof space;
  readonly removeLeftover: typeof removeLeftover;
  readonly startWalk: typeof startWalk;
  readonly nextPage: typeof nextPage;
  readonly endWalk: typeof endWalk;
}

export const OPERATIONS: Operations = {
  look,
  identify,
  openRead,
  readBlock,
  hashRange,
  startHash,
  continueHash,
  endHash,
  startPrefixHash,
  continuePrefixHash,
  endPrefixHash,
  copySmall,
  writeBytes,
  openBase,
  copyRange,
  beginWrite,
  resumeWrite,
  commitWrite,
  completeWrite,
  abortWrite,
  removeFile,
  removeFiles,
  makeDirectories,
  removeDirectory,
  rename,
  changeAttributes,
  readLink,
  hardLink,
  openPatch,
  makeSpecial,
  writeLink,
  flush,
  space,
  removeLeftover,
  startWalk,
  nextPage,
  endWalk,
};

export type OperationName = keyof Operations;

/** The arguments of an operation, without the context. */
export type OperationArguments<K extends OperationName> =
  Parameters<Operations[K]> extends [OperationContext, ...infer Rest] ? Rest : never;
export type OperationResult<K extends OperationName> = ReturnType<Operations[K]>;
