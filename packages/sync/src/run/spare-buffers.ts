/** Buffers that nobody uses now, a bounded number of bytes: what does not fit is left to the garbage collector. */
export class SpareBuffers {
  readonly #most: number;
  readonly #buffers: ArrayBuffer[] = [];
  #bytes = 0;

  /** @param most bytes */
  constructor(most: number) {
    this.#most = most;
  }

  /** One that is large enough, if there is one; it is the caller's until it is given back. */
  take(length: number): ArrayBuffer | undefined {
    const at = this.#buffers.findIndex(({ byteLength }) => byteLength >= length);
    if (at < 0) return undefined;
    const [buffer] = this.#buffers.splice(at, 1);
    this.#bytes -= buffer!.byteLength;
    return buffer;
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength > this.#most) return;
    // The oldest go first: they may be too small for what is wanted now.
    while (this.#bytes + buffer.byteLength > this.#most && this.#buffers.length > 0) {
      this.#bytes -= this.#buffers.shift()!.byteLength;
    }
    this.#buffers.push(buffer);
    this.#bytes += buffer.byteLength;
  }
}
