/**
 * Reading past the page cache. A file that is too large for the cache costs the kernel more, for copying all of it and making
 * room for what nobody will read again, than all that is made of the content; and what others keep in the cache is lost.
 */
import { closeSync, constants, openSync, read, readFileSync, readSync } from "node:fs";
import { totalmem } from "node:os";
import type { OpenFile } from "./delta-worker.ts";
import { wasmMemory } from "./wasm-memory.ts";

/** Places that are looked at, and how many of them may be in the cache. */
const SAMPLES = 16;
const MOST_CACHED = SAMPLES / 2;
/** A multiple of what any disk wants its reads to begin at and to lie in memory at. */
const PAGE = 4096;
/** Bytes of one read, and reads under way at a time: they keep an NVMe disk busy, and leave the processor alone. */
const READ = 2 * 1024 ** 2;
const AT_ONCE = 4;

/** The cache does not keep a file that is larger than this, in bytes, until it is read again. */
export function mostCached(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity) / 2;
}

/** A file whose content comes right from the disk. It has to be closed. */
export class DirectFile {
  readonly #descriptor: number;
  readonly #size: number;

  private constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.#size = size;
  }

  /** Nothing where it would gain nothing, or cannot be: cached files, systems other than Linux. */
  static open(file: OpenFile): DirectFile | undefined {
    if (!("O_DIRECT" in constants)) return undefined;
    try {
      if (countCached(file) > MOST_CACHED) return undefined;
      const flags = constants.O_RDONLY | constants.O_DIRECT;
      return new DirectFile(openSync(`/proc/self/fd/${file.descriptor}`, flags), file.size);
    } catch {
      // No /proc, no such reads here: whoever reads in the usual way meets what really is wrong.
      return undefined;
    }
  }

  /**
   * Tells of the content from its beginning, in order, for as long as that works; each piece is valid during the call
   * alone. What comes after that, at least what is no whole read, is to be read in the usual way.
   */
  async readTo(take: (piece: Uint8Array) => void): Promise<void> {
    const { buffer } = wasmMemory(AT_ONCE * READ);
    const started: Promise<Uint8Array | undefined>[] = [];
    let next = 0;
    const start = (space: Uint8Array): void => {
      if (next + READ <= this.#size) started.push(this.#read(space, next));
      next += READ;
    };
    for (let slot = 0; slot < AT_ONCE; slot++) start(new Uint8Array(buffer, slot * READ, READ));
    try {
      for (;;) {
        const piece = await started.shift();
        if (piece === undefined) break;
        take(piece);
        start(piece);
      }
    } finally {
      // The descriptor may be closed afterwards.
      await Promise.all(started);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Nothing if it was not all read. */
  #read(space: Uint8Array, position: number): Promise<Uint8Array | undefined> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    read(this.#descriptor, space, 0, space.length, position, (error, count) => {
      resolve(error === null && count === space.length ? space : undefined);
    });
    return promise;
  }
}

/**
 * How many of the samples were there without asking a disk. A hole counts as such. They lie elsewhere each time, for they are
 * in the cache from then on.
 */
function countCached({ descriptor, size }: OpenFile): number {
  const page = new Uint8Array(PAGE);
  let cached = 0;
  let before = bytesFromDisks();
  for (let i = 0; i < SAMPLES; i++) {
    const position = Math.floor(((i + Math.random()) * size) / SAMPLES / PAGE) * PAGE;
    readSync(descriptor, page, 0, PAGE, position);
    const after = bytesFromDisks();
    if (after === before) cached++;
    before = after;
  }
  return cached;
}

/**
 * What this thread had disks read so far, in bytes; see proc_pid_io(5).
 * @throws Error where the kernel does not count that
 */
function bytesFromDisks(): string {
  const [, count] = /^read_bytes: (\d+)$/m.exec(readFileSync("/proc/thread-self/io", "latin1"))!;
  return count!;
}
