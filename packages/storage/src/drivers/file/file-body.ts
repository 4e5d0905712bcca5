/** The content of an open file, piece by piece, checked at its end. */
import { close, fstat, read } from "node:fs";
import { promisify } from "node:util";
import { throwIfAborted } from "../../errors.ts";
import { changed, fromSystemError } from "./file-errors.ts";
import { type StatRow, statRow } from "./stat-row.ts";

const PIECE = 256 * 1024;

const closeFile = promisify(close);
const statFile = promisify(fstat);
const readFile = promisify(read);

export interface FileBodyOptions {
  readonly path: string;
  readonly fd: number;
  /** What the file was when it was opened. */
  readonly row: StatRow;
  readonly offset: number;
  readonly length: number;
  /** The file has holes. */
  readonly sparse: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of a piece. Default 256 KiB. */
  readonly piece?: number | undefined;
}

/** Not a generator: those do not clean up when they are left before the first piece. */
export class FileBody implements AsyncIterableIterator<Uint8Array> {
  readonly #options: FileBodyOptions;
  #done = 0;
  #closed = false;
  #last: Promise<IteratorResult<Uint8Array, undefined>> = Promise.resolve({
    done: true,
    value: undefined,
  });

  constructor(options: FileBodyOptions) {
    this.#options = options;
  }

  get fd(): number {
    return this.#options.fd;
  }

  /** The permission bits of the file. */
  get mode(): number {
    return this.#options.row[0] & 0o7777;
  }

  get length(): number {
    return this.#options.length;
  }

  get isSparse(): boolean {
    return this.#options.sparse;
  }

  /** Goes to the end without reading; that the file is unchanged is still checked there. */
  skip(): void {
    this.#done = this.#options.length;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** One at a time: a descriptor that is closed under a read may by then be another file's. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#afterLast(() => this.#next());
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#afterLast(async () => {
      await this.#close();
      return { done: true, value: undefined };
    });
  }

  #afterLast(
    step: () => Promise<IteratorResult<Uint8Array, undefined>>,
  ): Promise<IteratorResult<Uint8Array, undefined>> {
    const turn = this.#last.then(step, step);
    this.#last = turn;
    return turn;
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#closed) return { done: true, value: undefined };
    const { path, signal } = this.#options;
    try {
      throwIfAborted(signal, path);
      const piece = await this.#read();
      if (piece !== undefined) return { done: false, value: piece };
      await this.#checkUnchanged();
    } catch (error) {
      await this.#close();
      throw fromSystemError(error, path, "read");
    }
    await this.#close();
    return { done: true, value: undefined };
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { fd, offset, length, path, piece } = this.#options;
    const wanted = Math.min(piece ?? PIECE, length - this.#done);
    if (wanted === 0) return undefined;
    const buffer = Buffer.allocUnsafeSlow(wanted);
    const { bytesRead } = await readFile(fd, buffer, 0, wanted, offset + this.#done);
    if (bytesRead === 0) throw changed(path);
    this.#done += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  async #checkUnchanged(): Promise<void> {
    const before = this.#options.row;
    const now = statRow(await statFile(this.#options.fd));
    if (before.some((value, index) => index > 0 && value !== now[index])) {
      throw changed(this.#options.path);
    }
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeFile(this.#options.fd);
  }
}

/** Content that was read whole already; throws at its end what was found there. */
export async function* heldBody(
  path: string,
  bytes: Uint8Array,
  problem: "changed" | undefined,
): AsyncIterableIterator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
  if (problem !== undefined) throw changed(path);
}
