/**
 * Makes the signature of content that passes by in parts, several at a time: a thread is handed each part when it has
 * those before it, while the part is being sent. What goes wrong with it is no failure of the transfer.
 */
import { type ContentThread, type Signature, signInThread } from "@omnisync/delta";

/** Bytes handed over at once, and how many such pieces are on the way: small, for the budget of memory does not know of them. */
const PIECE = 512 * 1024;
const PIECES = 3;

export interface PassingSignatureOptions {
  readonly blockSize: number;
  /** Bytes of all parts together. */
  readonly size: number;
  readonly signal: AbortSignal;
}

export class PassingSignature {
  readonly #size: number;
  readonly #thread: ContentThread<Signature>;
  readonly #given: Promise<ArrayBuffer>[] = [];
  readonly #turns: Map<number, PromiseWithResolvers<void>> = new Map();
  #next = 1;
  #failure: { readonly error: unknown } | undefined;

  constructor({ blockSize, size, signal }: PassingSignatureOptions) {
    this.#size = size;
    this.#thread = signInThread({ blockSize, size, signal });
  }

  /**
   * Copies the bytes of part `number`, from 1, when its turn comes, which needs all parts before it. Never rejects, and
   * ends when `signal` is aborted: no part comes after one that failed.
   */
  async take(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      await this.#turnOf(number, signal);
      if (!signal.aborted && this.#failure === undefined) await this.#hand(bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
    if (signal.aborted) return;
    this.#next = number + 1;
    this.#turns.get(this.#next)?.resolve();
  }

  /** All parts were taken. @throws what went wrong in the thread */
  async finish(): Promise<Signature> {
    if (this.#failure !== undefined) throw this.#failure.error;
    await Promise.all(this.#given);
    const signature = await this.#thread.finish();
    if (signature.size === this.#size) return signature;
    throw new Error(`${signature.size} bytes were signed of ${this.#size}`);
  }

  /** Ends the thread, in any case. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  async #turnOf(number: number, signal: AbortSignal): Promise<void> {
    if (number === this.#next) return;
    const turn = Promise.withResolvers<void>();
    this.#turns.set(number, turn);
    const onAbort = (): void => turn.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return;
    await turn.promise;
    signal.removeEventListener("abort", onAbort);
    this.#turns.delete(number);
  }

  async #hand(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += PIECE) {
      const memory =
        this.#given.length < PIECES ? new ArrayBuffer(PIECE) : await this.#given.shift()!;
      const piece = new Uint8Array(memory, 0, Math.min(PIECE, bytes.byteLength - at));
      piece.set(bytes.subarray(at, at + piece.byteLength));
      this.#given.push(this.#thread.take(piece));
    }
  }
}
