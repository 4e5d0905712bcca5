/** Signatures and deltas of content that is handed over, made in a thread of their own. */
import { checkBlockSize } from "./block-size.ts";
import { DeltaError } from "./delta-error.ts";
import type { Delta } from "./delta-matcher.ts";
import { JobThread } from "./job-thread.ts";
import type { Signature } from "./signature.ts";
import type { Task, TaskResults } from "./tasks.ts";

/**
 * A thread that signs content, or matches it against a signature, as it is handed over in order. What goes wrong in it
 * rejects what is pending and all that is asked later; a rejection that nobody waits for is none.
 */
export interface ContentThread<Result> {
  /**
   * Hands over the next bytes; pieces queue in order. Their memory, the whole of `bytes.buffer`, is moved to the
   * thread, and given back with the same length when the thread has taken the bytes in.
   */
  take(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  /** All has been handed over. The thread has ended when the result is there. */
  finish(): Promise<Result>;
  /** Ends the thread, whatever it does (`stopped`). After `finish` or `stop`, does nothing. */
  stop(): Promise<void>;
}

export interface SignInThreadOptions {
  readonly blockSize: number;
  /** Bytes that are expected; a guess is fine. */
  readonly size: number;
  /** Aborted, it ends the thread: its reason is the error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a signature, bound to no object yet.
 * @throws DeltaError `invalid-argument` for a block size out of bounds; the reason of the signal.
 */
export function signInThread(options: SignInThreadOptions): ContentThread<Signature> {
  const { blockSize, size, signal } = options;
  checkBlockSize(blockSize);
  return new FedThread({ kind: "sign", blockSize, size, hashWhole: true }, { signal });
}

export interface MatchInThreadOptions {
  /** Bytes that are expected; a guess is fine. */
  readonly size: number;
  /** Make the signature of the content as well, with blocks of so many bytes. */
  readonly signWith?: number | undefined;
  /** As in `MatcherOptions`. */
  readonly mostCopies?: number | undefined;
  /** As in `MatcherOptions`. */
  readonly once?: boolean | undefined;
  /** As in `DeltaOfFileOptions`. */
  readonly spool?: boolean | undefined;
  /** Aborted, it ends the thread: its reason is the error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds what of the object with the signature `old` is in the content.
 * @throws as `signInThread`
 */
export function matchInThread(
  old: Signature,
  { size, signWith, mostCopies, once, spool, signal }: MatchInThreadOptions,
): ContentThread<Delta> {
  if (signWith !== undefined) checkBlockSize(signWith);
  const task = { kind: "match", old, size, signWith, mostCopies, once, hashWhole: true } as const;
  return new FedThread(task, { signal, spool });
}

class FedThread<T extends Task> implements ContentThread<TaskResults[T["kind"]]> {
  readonly #thread: JobThread<T>;
  /** Handed over and not yet given back, in order. */
  readonly #takes: PromiseWithResolvers<ArrayBuffer>[] = [];
  #ended: unknown;

  constructor(task: T, options: Pick<MatchInThreadOptions, "signal" | "spool">) {
    this.#thread = new JobThread(task, {
      ...options,
      onMessage: (message) => {
        if (message.kind === "taken") this.#takes.shift()?.resolve(message.memory);
      },
    });
    void this.#refuseAfterwards();
  }

  take(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
    const taken = Promise.withResolvers<ArrayBuffer>();
    // Whoever waits for the result learns of it.
    taken.promise.catch(() => undefined);
    if (this.#ended === undefined) this.#hand(bytes, taken);
    else taken.reject(this.#ended);
    return taken.promise;
  }

  finish(): Promise<TaskResults[T["kind"]]> {
    this.#thread.post("all");
    return this.#thread.result;
  }

  stop(): Promise<void> {
    return this.#thread.stop();
  }

  #hand(bytes: Uint8Array<ArrayBuffer>, taken: PromiseWithResolvers<ArrayBuffer>): void {
    try {
      this.#thread.post(bytes, [bytes.buffer]);
      this.#takes.push(taken);
    } catch (error) {
      taken.reject(error);
    }
  }

  async #refuseAfterwards(): Promise<void> {
    try {
      await this.#thread.result;
      this.#ended = new DeltaError("stopped", "the thread is done");
    } catch (error) {
      this.#ended = error;
    }
    for (const taken of this.#takes.splice(0)) taken.reject(this.#ended);
  }
}
