import type { Driver } from "../driver.ts";
import { StorageError } from "../errors.ts";
import { leaveStream, releaseStream } from "../lib/release-stream.ts";
import { intercept } from "./intercept.ts";

/**
 * At most `operations` calls in flight; the others wait in order of arrival, and stop waiting when
 * their signal fires. A listing takes a slot for each page, not between pages. A read holds its
 * slot until its body has ended or was left: bodies of reads that feed writes of the same limited
 * driver take two slots each, so allow twice as many as there are such copies at once.
 */
export function limit(driver: Driver, operations: number): Driver {
  const slots = new Slots(operations);
  return intercept(driver, {
    around: (call, run) => slots.run(run, call.options?.signal),
    page: (call, run) => slots.run(run, call.options?.signal),
    methods: {
      async read(path, options) {
        const release = await slots.take(options?.signal);
        try {
          const { entry, body } = await driver.read(path, options);
          return { entry, body: holdUntilEnd(body, release) };
        } catch (error) {
          release();
          throw error;
        }
      },
    },
  });
}

/** A counting semaphore, first come first served. */
class Slots {
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

function holdUntilEnd(
  body: AsyncIterable<Uint8Array>,
  release: () => void,
): AsyncIterable<Uint8Array> {
  async function* steps(): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } finally {
      release();
    }
  }
  return releaseStream(steps(), async () => {
    release();
    await leaveStream(body);
  });
}
