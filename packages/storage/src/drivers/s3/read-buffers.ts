/**
 * Memory that sockets read into, used again and again. Left alone, Node reads at most 64 KiB at once, each
 * time into new memory: of a fast download, taking and clearing that memory is the larger part.
 */
import type { OnReadOpts, Socket } from "node:net";

const SIZE = 256 * 1024;
/** The most of each kind that is kept while nobody needs it. */
const MOST_FREE = 8;

export class ReadBuffers {
  readonly #free: Buffer[] = [];
  readonly #kept: Buffer[] = [];
  /** Bytes of a read that went up, by its memory. */
  readonly #given = new WeakMap<ArrayBufferLike, number>();

  /** For `net.connect`: its sockets read into these buffers, and are streams as ever. */
  get onread(): OnReadOpts {
    const given = this.#given;
    return {
      buffer: (): Buffer => this.#free.pop() ?? Buffer.allocUnsafeSlow(SIZE),
      callback(this: Socket, size: number, buffer: Uint8Array): boolean {
        given.set(buffer.buffer, size);
        return this.push(buffer.subarray(0, size));
      },
    };
  }

  /**
   * Told of a chunk that nobody looks at any more. Its memory is used again if it was all that the read
   * gave: then nothing else of it, such as a piece of another answer, can still be waiting.
   */
  takeBack(chunk: Buffer): void {
    if (this.#given.get(chunk.buffer) !== chunk.byteLength) return;
    this.#given.delete(chunk.buffer);
    if (this.#free.length < MOST_FREE) this.#free.push(Buffer.from(chunk.buffer));
  }

  /** Memory of `size` bytes, for other uses than a socket's. */
  take(size: number): Buffer {
    const at = this.#kept.findIndex((kept) => kept.byteLength === size);
    return at < 0 ? Buffer.allocUnsafeSlow(size) : (this.#kept.splice(at, 1)[0] as Buffer);
  }

  /** What `take` gave, and nobody looks at any more. */
  keep(memory: Buffer): void {
    if (memory.byteLength >= SIZE && this.#kept.length < MOST_FREE) this.#kept.push(memory);
  }
}
