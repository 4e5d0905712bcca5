/** What workers spend their time on. Counted where it passes: two looks at the clock for each piece of work. */
import type { Pacer } from "@omnisync/storage";

/** Milliseconds, summed over all that ran at once: more than the run took. */
export interface Timings {
  /** Content from its source, with the hashes that are computed on the way. */
  readonly reading: number;
  /** Whole files, for their hash alone. */
  readonly hashing: number;
  /** Content to its destination, until that has confirmed it. */
  readonly sending: number;
  readonly waiting: {
    /** For memory for buffers. */
    readonly memory: number;
    /** For a free place among the transfers. */
    readonly lanes: number;
    /** For bandwidth. */
    readonly bandwidth: number;
    /** For the request limits of the stores. */
    readonly requests: number;
  };
}

export class TimeBreakdown {
  reading = 0;
  hashing = 0;
  sending = 0;
  memory = 0;
  lanes = 0;
  bandwidth = 0;
  requests = 0;

  async read<T>(work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    try {
      return await work();
    } finally {
      this.reading += performance.now() - since;
    }
  }

  async hash<T>(work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    try {
      return await work();
    } finally {
      this.hashing += performance.now() - since;
    }
  }

  /** `pace`, given to `work`, has its waits counted for themselves. */
  async send<T>(
    pace: Pacer | undefined,
    work: (pace: Pacer | undefined) => Promise<T>,
  ): Promise<T> {
    const since = performance.now();
    const counted = pace === undefined ? undefined : new CountedPacer(pace);
    try {
      return await work(counted);
    } finally {
      const waited = counted?.waited ?? 0;
      this.bandwidth += waited;
      // Pieces of one body wait one after the other, parts of a driver's own upload do not.
      this.sending += Math.max(performance.now() - since - waited, 0);
    }
  }

  snapshot(): Timings {
    const { round } = Math;
    return {
      reading: round(this.reading),
      hashing: round(this.hashing),
      sending: round(this.sending),
      waiting: {
        memory: round(this.memory),
        lanes: round(this.lanes),
        bandwidth: round(this.bandwidth),
        requests: round(this.requests),
      },
    };
  }
}

/** A pacer that knows how long it has held back. */
export class CountedPacer implements Pacer {
  readonly #pace: Pacer;
  waited = 0;

  constructor(pace: Pacer) {
    this.#pace = pace;
  }

  get pieceSize(): number {
    return this.#pace.pieceSize;
  }

  async take(bytes: number, signal?: AbortSignal | undefined): Promise<void> {
    const since = performance.now();
    await this.#pace.take(bytes, signal);
    this.waited += performance.now() - since;
  }
}
