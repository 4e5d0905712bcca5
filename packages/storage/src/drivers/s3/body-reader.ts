/**
 * A body taken in pieces of given sizes. Chunks are copied when they come: whoever makes them may
 * use its buffer again. An abort ends the wait for a body that never gives another byte.
 */
import type { Body } from "../../driver.ts";
import { toStorageError } from "../../errors.ts";
import { openBody } from "../../lib/body.ts";
import { untilAborted } from "./until-aborted.ts";

const FIRST_BUFFER = 64 * 1024;

export class BodyReader {
  readonly #path: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  /** Came, but belongs to the next piece. */
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  /** Memory of pieces that are done with. Without it each part of a long body is new garbage of many MiB. */
  readonly #spare: Buffer[] = [];

  constructor(path: string, body: Exclude<Body, Uint8Array>, signal: AbortSignal | undefined) {
    this.#path = path;
    this.#chunks = openBody(body, path)[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** The next `size` bytes; fewer only at the end. `expected`: how many there will be, if that is known. */
  async take(size: number, expected: number = FIRST_BUFFER): Promise<Uint8Array> {
    let buffer = this.#allocate(Math.min(size, expected));
    let filled = 0;
    while (filled < size && !(await this.atEnd())) {
      const chunk = this.#rest.subarray(0, size - filled);
      this.#rest = this.#rest.subarray(chunk.byteLength);
      if (filled + chunk.byteLength > buffer.byteLength) {
        buffer = enlarge(buffer, filled, Math.max(filled + chunk.byteLength, 2 * filled), size);
      }
      buffer.set(chunk, filled);
      filled += chunk.byteLength;
    }
    return buffer.subarray(0, filled);
  }

  /** Whether there are no more bytes; waits until that is known. */
  async atEnd(): Promise<boolean> {
    while (this.#rest.byteLength === 0 && !this.#ended) {
      const next = await this.#next();
      if (next.done) this.#ended = true;
      else this.#rest = next.value;
    }
    return this.#rest.byteLength === 0;
  }

  /** Takes back the memory of a piece that nobody looks at any more, if it is all the piece's own. */
  recycle(piece: Uint8Array): void {
    if (piece.byteLength === piece.buffer.byteLength) this.#spare.push(Buffer.from(piece.buffer));
  }

  /** Leaves the body. Does not wait: one that is stuck would never answer. */
  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#chunks.return?.().catch(() => {});
  }

  #allocate(size: number): Buffer {
    const at = this.#spare.findIndex((spare) => spare.byteLength >= size);
    return at < 0 ? Buffer.allocUnsafeSlow(size) : (this.#spare.splice(at, 1)[0] as Buffer);
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await untilAborted(this.#chunks.next(), this.#signal, this.#path);
    } catch (error) {
      throw toStorageError(error, { path: this.#path });
    }
  }
}

function enlarge(buffer: Buffer, filled: number, wanted: number, limit: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.min(wanted, limit));
  buffer.copy(larger, 0, 0, filled);
  return larger;
}
