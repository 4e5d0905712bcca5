/**
 * A byte rate shared by any number of transfers. Each piece is booked on one time line and passes when
 * its time has come; what a timer oversleeps is made good by the pieces after it, up to the burst. So
 * the rate holds at 1 KiB/s, where a byte is a millisecond, and at 1 GiB/s, where a timer's millisecond
 * is a mebibyte. Who waits passes in order of arrival, one piece each, or the first to wake up would
 * take what all of them have overslept.
 */
import type { Body, Driver, Pacer, WriteOptions } from "../driver.ts";
import { StorageError, isStorageError, throwIfAborted } from "../errors.ts";
import { openBody } from "../lib/body.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { leaveStream, releaseStream } from "../lib/release-stream.ts";
import { intercept } from "./intercept.ts";

/** Unused time that may be made good, milliseconds. With a piece it is the largest burst: 0.15 s. */
const BURST = 100;
/** The most that one piece takes, milliseconds. */
const PIECE = 50;

export class Throttle implements Pacer {
  readonly #clock: Clock;
  #rate: number;
  /**
   * The moment for which all bytes that have passed are paid. `undefined` before the first: time in which
   * nobody wanted anything is no credit to begin with, or every short transfer would be too fast by it.
   */
  #bookedUntil: number | undefined;
  readonly #waiting: Set<Waiter> = new Set();
  /** Wakes the one that lets the waiting pass; `undefined` while nobody waits. */
  #nap: AbortController | undefined;

  /** @throws StorageError `invalid-argument` for a rate that is not above 0; `Infinity` is no limit. */
  constructor(bytesPerSecond: number, clock: Clock = systemClock) {
    this.#rate = checkRate(bytesPerSecond);
    this.#clock = clock;
  }

  /** Takes effect at once, also for those who wait. */
  setRate(bytesPerSecond: number): void {
    this.#rate = checkRate(bytesPerSecond);
    this.#nap?.abort();
  }

  /** Bytes of 0.05 s: pieces of this size make a smooth rate. At least 1. */
  get pieceSize(): number {
    return Math.max(1, Math.floor((this.#rate * PIECE) / 1000));
  }

  /**
   * Waits until `bytes` may pass.
   * @throws StorageError `aborted` at once when the signal fires.
   */
  async take(bytes: number, signal?: AbortSignal | undefined): Promise<void> {
    for (let left = bytes; left > 0;) {
      throwIfAborted(signal);
      const piece = Math.min(left, this.pieceSize);
      left -= piece;
      if (this.#waiting.size > 0 || this.#book(piece) > 0) await this.#wait(piece, signal);
    }
  }

  /** Lets `bytes` pass if their time has come; gives the milliseconds that are missing. */
  #book(bytes: number): number {
    const now = this.#clock.now();
    this.#bookedUntil ??= now;
    const due = this.#bookedUntil + (bytes * 1000) / this.#rate;
    if (due > now) return due - now;
    this.#bookedUntil = Math.max(due, now - BURST);
    return 0;
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        this.#nap?.abort();
        reject(new StorageError("aborted", { cause: signal?.reason }));
      };
      const pass = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const waiter: Waiter = { bytes, pass };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(waiter);
      if (this.#nap === undefined) void this.#letPass();
    });
  }

  /** Runs as long as somebody waits. */
  async #letPass(): Promise<void> {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined) break;
      const wait = this.#book(first.bytes);
      if (wait > 0) {
        await this.#sleep(wait);
        continue;
      }
      this.#waiting.delete(first);
      first.pass();
    }
    this.#nap = undefined;
  }

  async #sleep(ms: number): Promise<void> {
    this.#nap = new AbortController();
    try {
      await this.#clock.sleep(Math.ceil(ms), this.#nap.signal);
    } catch (error) {
      if (!isStorageError(error, "aborted")) throw error;
    }
  }
}

interface Waiter {
  readonly bytes: number;
  readonly pass: () => void;
}

/**
 * Limits the bytes of all bodies, parts, blocks and staged writes of `driver`, up and down together.
 * Copies by the server are free; those by this machine (`copy: "local"`) are switched off, so that they
 * become reads and writes. Where the store paces what it sends, it does so itself, piece by piece on
 * the connection; elsewhere the caller waits before each call. Give one `Throttle` to several drivers to limit them together; a
 * transfer between two such drivers pays for each byte twice.
 */
export function throttle(driver: Driver, rate: Throttle): Driver {
  return intercept(driver, {
    rewrap: (view) => throttle(view, rate),
    seesContent: true,
    capabilities: (inner) => (inner.copy === "local" ? { ...inner, copy: undefined } : inner),
    async around(call, run) {
      if (call.bytes !== undefined) await rate.take(call.bytes, call.options?.signal);
      return run();
    },
    multipart: {
      async putPart(upload, number, bytes, options = {}) {
        if (driver.capabilities.paces) {
          return driver.multipart!.putPart(upload, number, bytes, {
            ...options,
            pace: withPace(rate, options.pace),
          });
        }
        await rate.take(bytes.byteLength, options.signal);
        return driver.multipart!.putPart(upload, number, bytes, options);
      },
    },
    methods: {
      async read(path, options) {
        const { entry, body } = await driver.read(path, options);
        return { entry, body: throttleStream(rate, body, options?.signal) };
      },
      async write(path, body, options) {
        if (driver.capabilities.paces) {
          return driver.write(path, body, { ...options, pace: withPace(rate, options?.pace) });
        }
        if (!(body instanceof Uint8Array)) {
          return driver.write(path, throttleBody(rate, body, options?.signal), options);
        }
        if (body.byteLength <= rate.pieceSize) {
          await rate.take(body.byteLength, options?.signal);
          return driver.write(path, body, options);
        }
        const stream = throttleBody(rate, () => openBody(body), options?.signal);
        return driver.write(path, stream, { ...options, size: options?.size ?? body.byteLength });
      },
      async readBlock(path, options) {
        const block = await driver.readBlock!(path, options);
        await rate.take(block.bytes.byteLength, options.signal);
        return block;
      },
    },
  });
}

/** Both are asked: the caller has a rate of its own. */
function withPace(rate: Throttle, other: WriteOptions["pace"]): Pacer {
  if (other === undefined) return rate;
  return {
    get pieceSize() {
      return Math.min(rate.pieceSize, other.pieceSize);
    },
    async take(bytes, signal) {
      await other.take(bytes, signal);
      await rate.take(bytes, signal);
    },
  };
}

/** A body of the same kind, so that what could be opened again still can. */
function throttleBody(
  throttle: Throttle,
  body: Exclude<Body, Uint8Array>,
  signal: AbortSignal | undefined,
): Body {
  if (typeof body === "function") return () => throttleStream(throttle, openBody(body), signal);
  return throttleStream(throttle, openBody(body), signal);
}

function throttleStream(
  throttle: Throttle,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      for (let at = 0; at < chunk.byteLength;) {
        const piece = chunk.subarray(at, at + throttle.pieceSize);
        await throttle.take(piece.byteLength, signal);
        yield piece;
        at += piece.byteLength;
      }
    }
  }
  return releaseStream(pieces(), () => leaveStream(stream));
}

function checkRate(bytesPerSecond: number): number {
  if (bytesPerSecond > 0) return bytesPerSecond;
  throw new StorageError("invalid-argument", {
    message: `a rate of ${bytesPerSecond} bytes/s; it must be above 0`,
  });
}
