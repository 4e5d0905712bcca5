/** Bounds: how many jobs run at once, and how many bytes they may hold in memory together. */

/** Lets about `limit` jobs run at once: whoever adds waits for a free place, so that planning never runs ahead. */
export class JobGate {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #idle: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Starts the job and, if all places are taken now, gives a promise to wait for before the next one
   * is added. A job must deal with its own failures; one that throws all the same makes `add` and
   * `drain` throw.
   */
  add(job: () => Promise<void>): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#running++;
    job().then(this.#ended, (error: unknown) => {
      this.#failure ??= { error };
      this.#ended();
    });
    if (this.#running < this.#limit) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Waits until nothing runs. */
  async drain(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  readonly #ended = (): void => {
    this.#running--;
    this.#waiting.shift()?.();
    if (this.#running === 0) this.#idle?.();
  };
}

/**
 * Bytes that transfers may hold in buffers together. First come, first served; a demand above the
 * whole budget is let through alone.
 */
export class MemoryBudget {
  readonly #total: number;
  #free: number;
  readonly #queue: { readonly bytes: number; readonly grant: () => void }[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /** Runs `work` with `bytes` set aside. */
  async with<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const share = Math.min(bytes, this.#total);
    if (this.#queue.length > 0 || share > this.#free) {
      await new Promise<void>((grant) => this.#queue.push({ bytes: share, grant }));
    } else this.#free -= share;
    try {
      return await work();
    } finally {
      this.#free += share;
      this.#serve();
    }
  }

  #serve(): void {
    for (
      let next = this.#queue[0];
      next !== undefined && next.bytes <= this.#free;
      next = this.#queue[0]
    ) {
      this.#queue.shift();
      this.#free -= next.bytes;
      next.grant();
    }
  }
}
