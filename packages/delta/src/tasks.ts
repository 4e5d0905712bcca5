/** What a thread can be told to make out of content. */
import { BlockSigner } from "./block-signer.ts";
import { ContentHasher } from "./content-hasher.ts";
import { type Delta, DeltaMatcher } from "./delta-matcher.ts";
import { HashSpool, type SpoolSizes } from "./hash-spool.ts";
import { RollingEngine } from "./rolling-engine.ts";
import { SignatureBuilder } from "./signature-builder.ts";
import { countBlocks, type Signature } from "./signature.ts";
import type { FillableTaker, Taker } from "./taker.ts";
import type { WasmMemory } from "./wasm-memory.ts";

/** `size` is what is expected; a guess is fine. */
export type Task = BlockTask | HashTask;

/** What is about blocks. */
export type BlockTask = SignTask | MatchTask;

/** A signature; without the hash of the whole (empty then) if another thread makes it. */
export interface SignTask {
  readonly kind: "sign";
  readonly blockSize: number;
  readonly size: number;
  readonly hashWhole: boolean;
}

/** The BLAKE3 of the whole, for one of two threads that share pieces. */
interface HashTask {
  readonly kind: "hash";
}

/** A delta, and with `signWith` the signature of the new content; `hashWhole` as in `SignTask`. */
export interface MatchTask {
  readonly kind: "match";
  readonly old: Signature;
  readonly size: number;
  readonly signWith: number | undefined;
  readonly mostCopies: number | undefined;
  readonly once: boolean | undefined;
  readonly hashWhole: boolean;
}

export interface TaskResults {
  readonly sign: Signature;
  readonly hash: Uint8Array;
  readonly match: Delta;
}

/** What a file for the hashes of a task has to hold. */
export function spoolSizes({ old, size, signWith }: MatchTask): SpoolSizes {
  return {
    oldBlocks: countBlocks(old.size, old.blockSize),
    newBlocks: signWith === undefined ? 0 : countBlocks(size, signWith),
  };
}

/** @param spool Descriptor of a file for hashes: those of a new signature are left there, if there is room. */
export function takerOf(
  task: BlockTask,
  spool: number | undefined,
): FillableTaker<TaskResults[BlockTask["kind"]]> {
  return task.kind === "sign" ? new SignatureBuilder(task.blockSize, task) : matcherOf(task, spool);
}

/**
 * The same of pieces that lie in `memory`.
 * @param spool As in `takerOf`.
 */
export function pieceTakerOf(
  task: Task,
  spool: number | undefined,
  memory: WasmMemory,
): Taker<TaskResults[Task["kind"]]> {
  switch (task.kind) {
    case "sign": {
      const { blockSize, size, hashWhole } = task;
      const expectedBlocks = countBlocks(size, blockSize);
      const engine = new RollingEngine(0, undefined, memory);
      return new BlockSigner(blockSize, engine, { expectedBlocks, hashWhole });
    }
    case "hash":
      return new ContentHasher();
    case "match":
      return matcherOf(task, spool);
  }
}

function matcherOf(task: MatchTask, spool: number | undefined): DeltaMatcher {
  const file = spool === undefined ? undefined : HashSpool.reserve(spool, spoolSizes(task));
  const matcher = new DeltaMatcher(task.old, { ...task, spool: file });
  // It has copied them.
  release(task.old.weak);
  if (file !== undefined) release(task.old.strong);
  return matcher;
}

/** Of memory that this thread alone has nobody else knows. */
function release({ buffer, byteLength }: Uint8Array | Uint32Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
