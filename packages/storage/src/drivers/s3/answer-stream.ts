/**
 * An answer whose body is read as it comes. What arrives while the reader is busy is gathered, up to a
 * limit: so a fast connection gives few large chunks, where each chunk on its own would cost more than
 * its bytes, and a slow one gives what it has at once.
 */
import type { Dispatcher } from "undici";
import type { ReadBuffers } from "./read-buffers.ts";
import type { ResponseHeaders } from "./s3-errors.ts";

/** The most that is gathered; as much again may be with the reader. */
const MEMORY = 1024 * 1024;
/** Bytes that a waiting reader gets at once; fewer wait for more, for some milliseconds. */
const WORTH_A_CHUNK = MEMORY / 2;
const PATIENCE = 10;

export interface HttpStream {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: HttpBody;
}

/** May be read once, one chunk at a time. A chunk is only lent: asking for the next one overwrites it. */
export interface HttpBody extends AsyncIterableIterator<Uint8Array, undefined> {
  /** Ends the answer, also while it is coming. Does nothing at its end. */
  destroy(): void;
}

export interface StreamOptions {
  readonly signal: AbortSignal | undefined;
  readonly buffers: ReadBuffers;
  readonly resolve: (stream: HttpStream) => void;
  readonly reject: (error: unknown) => void;
  /** Told once, when nothing more will come. */
  readonly onEnd?: (() => void) | undefined;
}

export class AnswerStream implements Dispatcher.DispatchHandler, HttpBody {
  readonly #options: StreamOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #memorySize = MEMORY;
  /** Gathered, for the next chunk. */
  #gathered: Buffer | undefined;
  #size = 0;
  /** Memory of the chunk before, which the reader has until it asks for another. */
  #lent: Buffer | undefined;
  /** Came, but found no room: nothing more comes until it has. */
  readonly #rest: Buffer[] = [];
  /** Bytes of the first of them that have found room already. */
  #restAt = 0;
  #state: "open" | "ended" | { readonly error: unknown } = "open";
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    options.signal?.addEventListener("abort", this.#abort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#options.signal?.aborted) this.#abort();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    if (status < 200) return;
    const length = headers["content-length"];
    if (typeof length === "string") this.#memorySize = Math.min(MEMORY, Number(length) || MEMORY);
    this.#options.resolve({ status, headers, body: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#rest.push(chunk);
    this.#gather();
    if (this.#rest.length > 0) controller.pause();
    if (this.#wake === undefined) return;
    if (this.#size >= WORTH_A_CHUNK) this.#wake();
    else this.#timer ??= setTimeout(this.#wake, PATIENCE);
  }

  onResponseEnd(): void {
    this.#settle("ended");
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#settle({ error });
    this.#options.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#state === "open" && this.#size < WORTH_A_CHUNK) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
        if (this.#size > 0) this.#timer = setTimeout(wake, PATIENCE);
      });
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#wake = undefined;
    }
    if (this.#size > 0) return { done: false, value: this.#take() };
    this.#keepMemory();
    if (typeof this.#state === "object") throw this.#state.error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.destroy();
    return { done: true, value: undefined };
  }

  destroy(): void {
    if (this.#state === "open") this.#abort();
    this.#gathered = undefined;
    this.#lent = undefined;
    this.#size = 0;
    this.#rest.length = 0;
  }

  #take(): Uint8Array {
    const taken = this.#gathered as Buffer;
    const chunk = taken.subarray(0, this.#size);
    this.#gathered = this.#lent;
    this.#lent = taken;
    this.#size = 0;
    if (this.#rest.length > 0) this.#gather();
    if (this.#rest.length === 0 && this.#controller?.paused) this.#controller.resume();
    return chunk;
  }

  /** At the end, when the reader is done with all of it. */
  #keepMemory(): void {
    for (const memory of [this.#gathered, this.#lent]) {
      if (memory !== undefined) this.#options.buffers.keep(memory);
    }
    this.#gathered = undefined;
    this.#lent = undefined;
  }

  #gather(): void {
    this.#gathered ??= this.#options.buffers.take(this.#memorySize);
    for (let chunk = this.#rest[0]; chunk !== undefined; chunk = this.#rest[0]) {
      const copied = chunk.copy(this.#gathered, this.#size, this.#restAt);
      this.#size += copied;
      this.#restAt += copied;
      if (this.#restAt < chunk.byteLength) return;
      this.#rest.shift();
      this.#restAt = 0;
      this.#options.buffers.takeBack(chunk);
    }
  }

  #settle(state: "ended" | { readonly error: unknown }): void {
    if (this.#state !== "open") return;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#state = state;
    this.#wake?.();
    this.#options.onEnd?.();
  }

  #abort = (): void => {
    const error = new DOMException("aborted", "AbortError");
    this.#settle({ error });
    this.#options.reject(error);
    this.#controller?.abort(error);
  };
}
