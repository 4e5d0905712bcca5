import { StorageError } from "../errors.ts";

/** A counting semaphore, first come first served. */
export class Slots {
  #free: number;
  readonly #waiting: Set<() => void> = new Set();

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

  /** Gives the function that frees the slot, to be called once. */
  async take(signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    return () => this.#pass();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(new StorageError("aborted", { cause: signal?.reason }));
      };
      const enter = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(enter);
    });
  }

  /** Hands the slot to who has waited longest. */
  #pass(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(first);
    first();
  }
}
