/** Bounds: how many jobs are begun at once, how many transfer, and how many bytes they hold together. */

/**
 * Lets about `limit` jobs run at once: whoever adds waits for free places, so that planning never runs
 * far ahead. Places are given in bursts, when a `burst` of them is free: jobs that begin in one turn of
 * the event loop have their files read by one message to a thread instead of one each.
 */
export class JobGate {
  readonly #limit: number;
  readonly #burst: number;
  #running = 0;
  #waiting: (() => void)[] = [];
  #idle: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number, burst: number = 1) {
    this.#limit = limit;
    this.#burst = burst;
  }

  /** Half of the places are given at a time. */
  static inBursts(limit: number): JobGate {
    return new JobGate(limit, Math.ceil(limit / 2));
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
    if (this.#running <= this.#limit - this.#burst) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    }
    if (this.#running === 0) this.#idle?.();
  };
}

/**
 * Something that there is only so much of: places for transfers, bytes of memory for buffers. First
 * come, first served; a demand above the whole is let through alone.
 */
export class Budget {
  readonly #total: number;
  #free: number;
  readonly #queue: { readonly share: number; readonly grant: () => void }[] = [];
  readonly #onWaited: ((ms: number) => void) | undefined;

  /** `onWaited` is told of each wait that has ended; if it throws, what waited is not begun. */
  constructor(total: number, onWaited?: (ms: number) => void) {
    this.#total = total;
    this.#free = total;
    this.#onWaited = onWaited;
  }

  /** Runs `work` with `amount` set aside. */
  with<T>(amount: number, work: () => Promise<T>): Promise<T> {
    const share = Math.min(amount, this.#total);
    if (this.#queue.length > 0 || share > this.#free) return this.#runLater(share, work);
    this.#free -= share;
    return this.#run(share, work);
  }

  async #runLater<T>(share: number, work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    await new Promise<void>((grant) => this.#queue.push({ share, grant }));
    return this.#run(share, () => {
      this.#onWaited?.(performance.now() - since);
      return work();
    });
  }

  async #run<T>(share: number, work: () => Promise<T>): Promise<T> {
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
      next !== undefined && next.share <= this.#free;
      next = this.#queue[0]
    ) {
      this.#queue.shift();
      this.#free -= next.share;
      next.grant();
    }
  }
}
