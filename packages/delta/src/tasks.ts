/** What a thread can be told to make out of content. */
import { ContentHasher } from "./content-hasher.ts";
import { type Delta, DeltaMatcher } from "./delta-matcher.ts";
import { HashSpool, type SpoolSizes } from "./hash-spool.ts";
import { SignatureBuilder } from "./signature-builder.ts";
import { countBlocks, type Signature } from "./signature.ts";
import type { Taker } from "./taker.ts";

/** `size` is what is expected; a guess is fine. */
export type Task = SignTask | HashTask | MatchTask;

/** A signature; without the hash of the whole (empty then) if another thread makes it. */
export interface SignTask {
  readonly kind: "sign";
  readonly blockSize: number;
  readonly size: number;
  readonly hashWhole: boolean;
}

/** The BLAKE3 of the whole. */
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
export function takerOf(task: Task, spool?: number): Taker<TaskResults[Task["kind"]]> {
  switch (task.kind) {
    case "sign":
      return new SignatureBuilder(task.blockSize, task);
    case "hash":
      return new ContentHasher();
    case "match": {
      const file = spool === undefined ? undefined : HashSpool.reserve(spool, spoolSizes(task));
      const matcher = new DeltaMatcher(task.old, { ...task, spool: file });
      // It has copied them.
      release(task.old.weak);
      if (file !== undefined) release(task.old.strong);
      return matcher;
    }
  }
}

/** Of memory that this thread alone has nobody else knows. */
function release({ buffer, byteLength }: Uint8Array | Uint32Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
