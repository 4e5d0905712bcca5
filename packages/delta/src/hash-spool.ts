/**
 * A temporary file for the hashes and sums that a thread works with, where they are too many for memory: those of the old
 * object, which are only looked at one by one, and those of the new one, which nobody needs before the end. It has no name,
 * and is gone with its descriptor, whatever happens.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BlockHashes, HashesInFile } from "./block-hashes.ts";
import { type BlockColumns, strongColumn, weakColumn } from "./block-list.ts";
import { DeltaError } from "./delta-error.ts";
import { STRONG_BYTES } from "./signature.ts";

/** Bytes of both signatures together that stay in memory: those of two objects of about 1 TiB. */
const MOST_IN_MEMORY = 16 * 1024 ** 2;
const WEAK_BYTES = 8;
const ENTRY = STRONG_BYTES + WEAK_BYTES;
/** Blocks that are written at once, their hashes before their sums. */
export const PAGE = 8192;
const WRITTEN_AT_ONCE = 1024 ** 2;

/** What lies in the file. */
export interface SpoolSizes {
  /** Blocks of the old object: 32 bytes each. */
  readonly oldBlocks: number;
  /** Blocks of the new one, if it is signed, as far as is known: 40 bytes each. */
  readonly newBlocks: number;
}

/**
 * @returns the descriptor of a new file, to be closed by the caller; `undefined` where memory will do, or where no file can
 *   be made.
 */
export function openSpool({ oldBlocks, newBlocks }: SpoolSizes): number | undefined {
  const size = (oldBlocks + newBlocks) * ENTRY;
  if (newBlocks === 0 || size <= MOST_IN_MEMORY) return undefined;
  const path = join(tmpdir(), `omnisync-hashes-${randomUUID()}`);
  try {
    // Others need room there too.
    const { bavail, bsize } = statfsSync(tmpdir());
    if (bavail * bsize < 2 * size) return undefined;
    const descriptor = openSync(path, "wx+", 0o600);
    try {
      rmSync(path);
      return descriptor;
    } catch {
      closeSync(descriptor);
    }
  } catch {
    // Memory has to do.
  }
  return undefined;
}

/** The file in the thread that works with it. */
export class HashSpool {
  readonly #descriptor: number;
  readonly #sizes: SpoolSizes;

  private constructor(descriptor: number, sizes: SpoolSizes) {
    this.#descriptor = descriptor;
    this.#sizes = sizes;
  }

  /** @returns `undefined` if the disk has no room for it. */
  static reserve(descriptor: number, sizes: SpoolSizes): HashSpool | undefined {
    const zeros = new Uint8Array(WRITTEN_AT_ONCE);
    const size = startOfNew(sizes) + Math.ceil(sizes.newBlocks / PAGE) * PAGE * ENTRY;
    try {
      for (let at = 0; at < size; at += zeros.length) writeAll(descriptor, zeros, at);
    } catch {
      giveBack(descriptor);
      return undefined;
    }
    return new HashSpool(descriptor, sizes);
  }

  /** Writes the hashes of the old object there. */
  keepOld(strong: Uint8Array): BlockHashes {
    writeAll(this.#descriptor, strong, 0);
    return new HashesInFile(this.#descriptor);
  }

  /** Where the new blocks go; once. */
  newBlocks(): SpooledBlocks {
    return new SpooledBlocks(this.#descriptor, startOfNew(this.#sizes));
  }
}

/** A list of blocks that grows: the last page or two are in memory. */
export class SpooledBlocks {
  length = 0;
  readonly #descriptor: number;
  readonly #start: number;
  #page: Page = pageOf(PAGE);
  #before: Page = pageOf(PAGE);

  constructor(descriptor: number, start: number) {
    this.#descriptor = descriptor;
    this.#start = start;
  }

  add(strong: Uint8Array, b: number, a: number): void {
    const index = this.length % PAGE;
    if (index === 0 && this.length > 0) this.#turn();
    this.#page.strong.set(strong, index * STRONG_BYTES);
    this.#page.weak[index * 2] = b;
    this.#page.weak[index * 2 + 1] = a;
    this.length++;
  }

  /** `undefined` for a block that is not in memory any more. */
  strongOf(index: number): Uint8Array | undefined {
    const current = Math.floor((this.length - 1) / PAGE);
    const behind = current - Math.floor(index / PAGE);
    if (index < 0 || index >= this.length || behind > 1) return undefined;
    const start = (index % PAGE) * STRONG_BYTES;
    return (behind === 0 ? this.#page : this.#before).strong.subarray(start, start + STRONG_BYTES);
  }

  /** All of them are in the file now, for `SpooledColumns`. Here are none. */
  columns(): BlockColumns {
    if (this.length > 0) this.#write();
    return { strong: strongColumn(0), weak: weakColumn(0) };
  }

  #turn(): void {
    this.#write();
    [this.#page, this.#before] = [this.#before, this.#page];
  }

  #write(): void {
    const number = Math.floor((this.length - 1) / PAGE);
    writeAll(this.#descriptor, this.#page.bytes, this.#start + number * PAGE * ENTRY);
  }
}

/** What was left in the file: the hashes and sums of a new signature. */
export class SpooledColumns {
  readonly #page: Page = pageOf(PAGE);
  readonly #start: number;
  #descriptor: number | undefined;

  /** @param descriptor is closed with this, or when nobody knows of this any more. */
  constructor(descriptor: number, sizes: SpoolSizes) {
    this.#descriptor = descriptor;
    this.#start = startOfNew(sizes);
    unclosed.register(this, descriptor, this);
  }

  /**
   * The columns of the blocks from `first` on, a multiple of 8192, up to as many. They are lent until the next call.
   * @throws DeltaError `invalid-argument` if it is closed
   */
  pageAt(first: number): BlockColumns {
    if (this.#descriptor === undefined) {
      throw new DeltaError("invalid-argument", "the signature was in a file that is closed");
    }
    const { bytes } = this.#page;
    readSync(this.#descriptor, bytes, 0, bytes.length, this.#start + first * ENTRY);
    return this.#page;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    unclosed.unregister(this);
  }
}

/** A transfer that fails on its way does not come to close what it was to keep. */
const unclosed: FinalizationRegistry<number> = new FinalizationRegistry(closeSync);

/** What was taken of a disk that has no more. */
function giveBack(descriptor: number): void {
  try {
    ftruncateSync(descriptor, 0);
  } catch {
    // It is given back when the file is closed.
  }
}

interface Page extends BlockColumns {
  /** Of both columns. */
  readonly bytes: Uint8Array;
}

function pageOf(blocks: number): Page {
  const memory = new ArrayBuffer(blocks * ENTRY);
  const strong = new Uint8Array(memory, 0, blocks * STRONG_BYTES);
  const weak = new Uint32Array(memory, strong.length, blocks * 2);
  return { strong, weak, bytes: new Uint8Array(memory) };
}

function startOfNew({ oldBlocks }: SpoolSizes): number {
  return oldBlocks * STRONG_BYTES;
}

function writeAll(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  }
}
