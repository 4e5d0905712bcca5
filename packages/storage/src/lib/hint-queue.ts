/**
 * Hints that wait for whoever follows a watch. One for each path; when too many wait, a single
 * `overflow` takes the place of all: memory stays bounded however slow the reader is.
 */
import type { WatchHint } from "../driver.ts";
import { StorageError } from "../errors.ts";

const MOST_WAITING = 4096;

export interface HintQueueOptions {
  /** The directory that is watched. */
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  /** Frees what the watch holds. Called once, however it ends. */
  readonly release: () => void;
}

export class HintQueue {
  readonly #path: string;
  readonly #release: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  readonly #waiting: Map<string, WatchHint["kind"]> = new Map();
  #wake: (() => void) | undefined;
  #failure: StorageError | undefined;
  #ended = false;

  constructor({ path, signal, release }: HintQueueOptions) {
    this.#path = path;
    this.#release = release;
    this.#signal = signal;
    this.#abort = () => this.stop(new StorageError("aborted", { path, cause: signal?.reason }));
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Why it ended. */
  get failure(): StorageError | undefined {
    return this.#failure;
  }

  push(path: string, kind: WatchHint["kind"]): void {
    // Whoever is told to look at everything sees this too.
    if (this.#ended || this.#waiting.get(this.#path) === "overflow") return;
    if (this.#waiting.size >= MOST_WAITING) return this.overflow();
    this.#waiting.set(path, kind);
    this.#wake?.();
  }

  overflow(): void {
    if (this.#ended) return;
    this.#waiting.clear();
    this.#waiting.set(this.#path, "overflow");
    this.#wake?.();
  }

  /** Ends the watch with an error, behind the hints that wait. */
  fail(error: StorageError): void {
    if (this.#ended) return;
    this.#failure = error;
    this.#end();
  }

  /** Ends the watch with an error, at once. */
  stop(error: StorageError): void {
    if (this.#ended) return;
    this.#waiting.clear();
    this.fail(error);
  }

  stream(): AsyncIterable<WatchHint> {
    const stream: AsyncIterableIterator<WatchHint> = {
      [Symbol.asyncIterator]: () => stream,
      next: () => this.#next(),
      return: async () => {
        this.#waiting.clear();
        this.#end();
        return { done: true, value: undefined };
      },
    };
    return stream;
  }

  async #next(): Promise<IteratorResult<WatchHint>> {
    while (this.#waiting.size === 0 && !this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    for (const [path, kind] of this.#waiting) {
      this.#waiting.delete(path);
      return { done: false, value: { path, kind } };
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  #end(): void {
    this.#wake?.();
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#release();
  }
}
