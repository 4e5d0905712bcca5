/**
 * A temporary file that the main thread fills, in order or out of order, and a worker puts in place.
 * The descriptor is closed only when no write is under way: by then its number could be another file's.
 */
import { close, ftruncate, write } from "node:fs";
import { promisify } from "node:util";
import { StorageError } from "../../errors.ts";
import type { HashName } from "../../hashes.ts";
import type { TempFile, WriteWish } from "./atomic-write.ts";
import type { FileCaller } from "./file-caller.ts";
import { fromSystemError } from "./file-errors.ts";
import { PrefixHash } from "./prefix-hash.ts";
import type { StatRow } from "./stat-row.ts";

const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const writeFile = promisify(write);

export class TempWriter {
  readonly path: string;
  readonly #caller: FileCaller;
  readonly #temp: TempFile;
  readonly #busy = new Set<Promise<unknown>>();
  /** The write before. Two at once in one file wait for each other in the kernel, and burn a core there. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #prefixHash: PrefixHash | undefined;
  #ended = false;

  constructor(caller: FileCaller, path: string, temp: TempFile) {
    this.#caller = caller;
    this.path = path;
    this.#temp = temp;
  }

  /** Creates the file, and its directories. With `size` it is of that size from the start. */
  static async begin(
    caller: FileCaller,
    path: string,
    wish: WriteWish,
    size?: number,
  ): Promise<TempWriter> {
    const temp = await caller.call("beginWrite", [path, wish, size]);
    return new TempWriter(caller, path, temp);
  }

  /** Computes this hash of the whole while it is written. */
  expectHash(name: HashName): void {
    this.#prefixHash ??= new PrefixHash(this.#caller, this.#temp.fd, name);
  }

  get fd(): number {
    return this.#temp.fd;
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.use(async (fd) => {
      this.#prefixHash?.writing(position);
      const put = (): Promise<void> => writeFully(fd, bytes, position);
      const writing = this.#lastWrite.then(put, put);
      this.#lastWrite = writing;
      await writing;
      this.#prefixHash?.wrote(position, bytes.byteLength);
    });
  }

  /** Sets the size: what was not written becomes a hole. */
  truncate(size: number): Promise<void> {
    return this.use((fd) => truncateFile(fd, size));
  }

  hash(
    name: HashName,
    range: { readonly offset: number; readonly length: number },
  ): Promise<string> {
    return this.use(async (fd) => {
      const known = await this.#knownHash(name, range);
      return known ?? this.#caller.call("hashRange", [fd, name, range], { bytes: range.length });
    });
  }

  /** Puts the file in place. A failure leaves it as it was, to be committed again or aborted. */
  commit(wish: WriteWish): Promise<StatRow> {
    return this.use(() =>
      this.#caller.callOn(this.path, wish, "commitWrite", [this.path, this.#temp, wish]),
    );
  }

  /** Closes the file after its commit. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await Promise.allSettled(this.#busy);
    await this.#prefixHash?.end();
    await closeFile(this.#temp.fd);
  }

  /** Removes and closes the file. After `end` does nothing. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await Promise.allSettled(this.#busy);
    await this.#prefixHash?.end();
    try {
      await this.#caller.cleanUp("abortWrite", [this.path, this.#temp.name]);
    } finally {
      await closeFile(this.#temp.fd);
    }
  }

  async #knownHash(
    name: HashName,
    range: { readonly offset: number; readonly length: number },
  ): Promise<string | undefined> {
    const prefixHash = this.#prefixHash;
    if (prefixHash?.name !== name || range.offset !== 0) return undefined;
    this.#prefixHash = undefined;
    return prefixHash.digest(range.length);
  }

  /** Something that needs the descriptor: it stays open until it is done. */
  async use<T>(action: (fd: number) => Promise<T>): Promise<T> {
    if (this.#ended) {
      throw new StorageError("closed", { path: this.path, message: "was committed or aborted" });
    }
    const running = action(this.#temp.fd);
    this.#busy.add(running);
    try {
      return await running;
    } catch (error) {
      throw fromSystemError(error, this.path, "write");
    } finally {
      this.#busy.delete(running);
    }
  }
}

async function writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const rest = bytes.byteLength - done;
    const { bytesWritten } = await writeFile(fd, bytes, done, rest, position + done);
    done += bytesWritten;
  }
}
