/** What a thread can be told to make out of content. */
import { ContentHasher } from "./content-hasher.ts";
import { type Delta, DeltaMatcher } from "./delta-matcher.ts";
import { SignatureBuilder } from "./signature-builder.ts";
import type { Signature } from "./signature.ts";
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
  readonly hashWhole: boolean;
}

export interface TaskResults {
  readonly sign: Signature;
  readonly hash: Uint8Array;
  readonly match: Delta;
}

export function takerOf(task: Task): Taker<TaskResults[Task["kind"]]> {
  switch (task.kind) {
    case "sign":
      return new SignatureBuilder(task.blockSize, task);
    case "hash":
      return new ContentHasher();
    case "match": {
      const matcher = new DeltaMatcher(task.old, task);
      // It has copied them.
      release(task.old.weak);
      return matcher;
    }
  }
}

/** Of memory that this thread alone has nobody else knows. */
function release({ buffer, byteLength }: Uint32Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
