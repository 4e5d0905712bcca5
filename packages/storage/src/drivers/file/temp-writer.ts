/**
 * A temporary file that the main thread fills, in order or out of order, and a worker puts in place.
 * The descriptor is closed only when no write is under way: by then its number could be another file's.
 */
import { close, ftruncate, read, write } from "node:fs";
import { promisify } from "node:util";
import { StorageError } from "../../errors.ts";
import type { HashName } from "../../hashes.ts";
import type { FullTemp, TempFile, WriteWish } from "./atomic-write.ts";
import { dataRuns } from "./data-runs.ts";
import type { FileCaller } from "./file-caller.ts";
import { fromSystemError } from "./file-errors.ts";
import { PrefixHash } from "./prefix-hash.ts";
import type { StatRow } from "./stat-row.ts";

const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const readFile = promisify(read);
const writeFile = promisify(write);

const LOOK = 1024 * 1024;

interface TempWriterParts {
  readonly sparse?: boolean | undefined;
  readonly size?: number | undefined;
  readonly resumed?: boolean | undefined;
}

export class TempWriter {
  readonly path: string;
  readonly #caller: FileCaller;
  readonly #temp: TempFile;
  /** Zeros become holes. */
  readonly #sparse: boolean;
  #end: number;
  /** Whether it holds what an earlier stage wrote. */
  readonly resumed: boolean;
  /** Memory for a look at what is there before it would be overwritten by zeros. */
  #seen: Buffer = Buffer.alloc(0);
  readonly #busy = new Set<Promise<unknown>>();
  /** The write before. Two at once in one file wait for each other in the kernel, and burn a core there. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #prefixHash: PrefixHash | undefined;
  /** Settles, and never fails, with the commit that is under way. */
  #committed: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #ended = false;

  constructor(
    caller: FileCaller,
    path: string,
    temp: TempFile,
    { sparse = false, size = 0, resumed = false }: TempWriterParts,
  ) {
    this.#caller = caller;
    this.path = path;
    this.#temp = temp;
    this.#sparse = sparse;
    this.#end = size;
    this.resumed = resumed;
  }

  /** Creates the file, and its directories. With `size` it is of that size from the start. */
  static async begin(
    caller: FileCaller,
    path: string,
    wish: WriteWish,
    size?: number,
  ): Promise<TempWriter> {
    const temp = await caller.call("beginWrite", [path, wish, size]);
    return new TempWriter(caller, path, temp, { sparse: wish.sparse, size });
  }

  /** Goes on with a leftover beside `path`. @returns `undefined` if there is none that fits. */
  static async resume(
    caller: FileCaller,
    path: string,
    { sparse, leftover, size }: { sparse?: boolean | undefined; leftover: string; size: number },
  ): Promise<TempWriter | undefined> {
    const temp = await caller.call("resumeWrite", [path, leftover, size]);
    return temp && new TempWriter(caller, path, temp, { sparse, size, resumed: true });
  }

  /** Computes this hash of the whole while it is written. */
  expectHash(name: HashName): void {
    this.#prefixHash ??= new PrefixHash(this.#caller, this.#temp.fd, name);
  }

  get tempName(): string {
    return this.#temp.name;
  }

  /** The permission bits that it is to have, as far as they were known when it was made. */
  get mode(): number {
    return this.#temp.mode;
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.use(async (fd) => {
      this.#prefixHash?.writing(position);
      const put = (): Promise<void> =>
        this.#sparse ? this.#writeData(fd, bytes, position) : writeFully(fd, bytes, position);
      const writing = this.#lastWrite.then(put, put);
      this.#lastWrite = writing;
      await writing;
      this.#prefixHash?.wrote(position, bytes.byteLength);
    });
  }

  /** Sets the size: what was not written becomes a hole. */
  truncate(size: number): Promise<void> {
    return this.use(async (fd) => {
      await truncateFile(fd, size);
      this.#end = size;
    });
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

  /** Closes the file and puts it in place. After a failure it is there to be aborted, or left for later. */
  commit(wish: WriteWish): Promise<StatRow> {
    const committing = this.#commit(wish);
    this.#committed = committing.catch(() => undefined);
    return committing;
  }

  async #commit(wish: WriteWish): Promise<StatRow> {
    const full = await this.use((fd) => this.#complete(fd, wish));
    await this.#close();
    const row = await this.#caller.callOn(this.path, wish, "commitWrite", [this.path, full, wish]);
    this.#ended = true;
    return row;
  }

  async #complete(fd: number, wish: WriteWish): Promise<FullTemp> {
    if (this.#sparse) await truncateFile(fd, this.#end);
    const args = [this.path, this.#temp, wish] as const;
    return this.#caller.callOn(this.path, wish, "completeWrite", [...args]);
  }

  /** Closes the file and leaves it for later. */
  async end(): Promise<void> {
    await this.#committed;
    if (this.#ended) return;
    this.#ended = true;
    await this.#close();
  }

  /** Removes and closes the file. After `commit` and `end` does nothing. */
  async abort(): Promise<void> {
    await this.#committed;
    if (this.#ended) return;
    this.#ended = true;
    await this.#afterAll();
    try {
      await this.#caller.cleanUp("abortWrite", [this.path, this.#temp.name]);
    } finally {
      // It is given up: that what was written did not arrive is nothing to be told of.
      await this.#close().catch(() => undefined);
    }
  }

  #close(): Promise<void> {
    this.#closing ??= this.#afterAll()
      .then(() => closeFile(this.#temp.fd))
      .catch((error: unknown) => {
        throw fromSystemError(error, this.path, "write");
      });
    return this.#closing;
  }

  async #afterAll(): Promise<void> {
    await Promise.allSettled(this.#busy);
    await this.#prefixHash?.end();
  }

  /** Leaves zeros out where the file has none but zeros yet: a range may be written twice. */
  async #writeData(fd: number, bytes: Uint8Array, position: number): Promise<void> {
    let at = 0;
    for (const run of [...dataRuns(bytes, position), { offset: bytes.byteLength, length: 0 }]) {
      const zeros = bytes.subarray(at, run.offset);
      if (!(await this.#hasOnlyZeros(fd, position + at, zeros.byteLength))) {
        await writeFully(fd, zeros, position + at);
      }
      const data = bytes.subarray(run.offset, run.offset + run.length);
      await writeFully(fd, data, position + run.offset);
      at = run.offset + run.length;
    }
    this.#end = Math.max(this.#end, position + bytes.byteLength);
  }

  async #hasOnlyZeros(fd: number, offset: number, length: number): Promise<boolean> {
    for (let done = 0; done < length;) {
      const wanted = Math.min(LOOK, length - done);
      if (this.#seen.byteLength < wanted) this.#seen = Buffer.allocUnsafeSlow(wanted);
      const { bytesRead } = await readFile(fd, this.#seen, 0, wanted, offset + done);
      if (bytesRead === 0) return true;
      if (dataRuns(this.#seen.subarray(0, bytesRead)).length > 0) return false;
      done += bytesRead;
    }
    return true;
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
    if (this.#ended || this.#closing !== undefined) {
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
