import { StorageError } from "../errors.ts";

/** A counting semaphore, first come first served. */
export class Slots {
  #free: number;
  readonly #waiting: Set<Waiter> = new Set();
  #closed = false;

  constructor(count: number) {
    if (!Number.isInteger(count) || count < 1) {
      throw new StorageError("invalid-argument", {
        message: `a limit of ${count} operations; it takes a whole number from 1`,
      });
    }
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const release = await this.take(signal);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Gives the function that frees the slot, to be called once.
   * @throws StorageError `closed`, also for who waited already when `close` was called.
   */
  async take(signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#closed) throw new StorageError("closed");
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    return () => this.#pass();
  }

  /** A slot may be held for ever, by a body that nobody reads: who waits for one would never know. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.refuse(new StorageError("closed"));
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void =>
        waiter.refuse(new StorageError("aborted", { cause: signal?.reason }));
      const leave = (): void => {
        signal?.removeEventListener("abort", abort);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        enter() {
          leave();
          resolve();
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Hands the slot to who has waited longest. */
  #pass(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free++;
    else first.enter();
  }
}

interface Waiter {
  enter(): void;
  refuse(error: StorageError): void;
}
