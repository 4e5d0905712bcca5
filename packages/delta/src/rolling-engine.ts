/**
 * Rolling sums and the search for known blocks, in WebAssembly, over a window of bytes that lies in the
 * instance's own memory: what is read from a file is read right there.
 */
import { ROLLING_SHARED_WASM } from "./rolling-shared-wasm.ts";
import { ROLLING_WASM } from "./rolling-wasm.ts";
import { type Signature, isSameStrong } from "./signature.ts";
import { growTo, wasmMemory, type WasmMemory } from "./wasm-memory.ts";

/** What we use of it; its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: unknown };
};

interface RollingExports {
  readonly a: { readonly value: number };
  readonly b: { readonly value: number };
  sums(at: number, length: number): void;
  search(...args: readonly number[]): number;
}

/** Blocks of one hash value, or of neighbouring ones, that are remembered: more are forgotten. */
const PROBES = 32;
/** The filter has 256 bits per block, so that it is seldom right in vain, but fits in a core's cache; 32 if it cannot. */
const SMALLEST_FILTER_BITS = 18;
const CACHED_FILTER_BITS = 22;
const LARGEST_FILTER_BITS = 27;
const SCRATCH = 64;
/** The window begins at a page. */
const ALIGNED = 4096;

/** A module takes memory of one kind. */
const compiled: { own?: object; shared?: object } = {};

export class RollingEngine {
  /** Bytes of the window; filled by the owner. */
  readonly window: Uint8Array;
  readonly #wasm: RollingExports;
  readonly #at: number;
  readonly #index: BlockIndex | undefined;

  /**
   * @param known The object whose blocks `search` looks for.
   * @param memory What is there already stays as it is. Default: of its own.
   */
  constructor(
    windowSize: number,
    known?: Signature | undefined,
    memory: WasmMemory = wasmMemory(0),
  ) {
    const start = memory.buffer.byteLength;
    const layout = known === undefined ? undefined : layOut(known, start);
    this.#at = layout?.end ?? start;
    growTo(this.#at + windowSize, memory);
    const { exports } = new WebAssembly.Instance(moduleFor(memory), { env: { memory } });
    this.#wasm = exports as RollingExports;
    this.window = new Uint8Array(memory.buffer, this.#at, windowSize);
    if (known !== undefined && layout !== undefined) {
      this.#index = new BlockIndex(memory.buffer, layout, known);
    }
  }

  get a(): number {
    return this.#wasm.a.value >>> 0;
  }

  get b(): number {
    return this.#wasm.b.value >>> 0;
  }

  /** Sets `a` and `b` to the sums of bytes that lie in its memory. */
  sums({ byteOffset, length }: Uint8Array): void {
    this.#wasm.sums(byteOffset, length);
  }

  /**
   * The first of `count` places from `offset` on where the sums are those of a known block, relative to `offset`;
   * `count` if none. Sets `a` and `b`.
   */
  search(offset: number, count: number): number {
    const index = this.#index;
    if (index === undefined || count <= 0) return count;
    const { blockSize, filter, filterBits, slots, slotBits, known, scratch } = index.layout;
    const at = this.#at + offset;
    return this.#wasm.search(
      at,
      blockSize,
      count,
      filter,
      filterBits,
      slots,
      slotBits,
      known,
      PROBES,
      scratch,
    );
  }

  /** The known block with the sums `a` and `b` that is the one; -1 if none. */
  find(isIt: (index: number) => boolean): number {
    return this.#index?.find(this.a, this.b, isIt) ?? -1;
  }
}

function moduleFor({ buffer }: WasmMemory): object {
  return buffer instanceof SharedArrayBuffer
    ? (compiled.shared ??= compile(ROLLING_SHARED_WASM))
    : (compiled.own ??= compile(ROLLING_WASM));
}

function compile(module: string): object {
  return new WebAssembly.Module(Buffer.from(module, "base64"));
}

interface Layout {
  readonly blockSize: number;
  readonly blocks: number;
  readonly filter: number;
  readonly filterBits: number;
  readonly slots: number;
  readonly slotBits: number;
  readonly known: number;
  readonly scratch: number;
  readonly end: number;
}

/** Only whole blocks are known: a short last one is found by its place alone. */
function layOut({ size, blockSize }: Signature, start: number): Layout {
  const blocks = Math.floor(size / blockSize);
  const cached = Math.min(CACHED_FILTER_BITS, bitsFor(blocks * 256));
  const filterBits = Math.min(
    LARGEST_FILTER_BITS,
    Math.max(SMALLEST_FILTER_BITS, cached, bitsFor(blocks * 32)),
  );
  const slotBits = Math.max(4, bitsFor(blocks * 1.5));
  const filter = start + SCRATCH;
  const slots = filter + 2 ** (filterBits - 3);
  const known = slots + 4 * 2 ** slotBits;
  const end = Math.ceil((known + blocks * 8) / ALIGNED) * ALIGNED;
  return { blockSize, blocks, filter, filterBits, slots, slotBits, known, scratch: start, end };
}

function bitsFor(count: number): number {
  return Math.ceil(Math.log2(Math.max(2, count)));
}

/**
 * The table of known blocks, in the memory of the instance. Of equal blocks one stands for all: that with which the longest row
 * of them begins, such as the zeros of a disk image, so that what follows a hit is found in its place; of such the first.
 */
class BlockIndex {
  readonly layout: Layout;
  readonly #slots: Uint32Array;
  readonly #weak: Uint32Array;

  constructor(memory: ArrayBufferLike, layout: Layout, signature: Signature) {
    this.layout = layout;
    this.#slots = new Uint32Array(memory, layout.slots, 2 ** layout.slotBits);
    this.#weak = new Uint32Array(memory, layout.known, layout.blocks * 2);
    this.#weak.set(signature.weak.subarray(0, layout.blocks * 2));
    const filter = new Uint32Array(memory, layout.filter, 2 ** (layout.filterBits - 5));
    const rows = rowLengths(signature.strong, layout.blocks);
    for (let index = 0; index < layout.blocks; index++) {
      this.#add(index, filter, signature.strong, rows);
    }
  }

  find(a: number, b: number, isIt: (index: number) => boolean): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(a, b) >>> (32 - this.layout.slotBits);
    for (let probe = 0; probe < PROBES; probe++, slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) return -1;
      if (this.#weak[index * 2] !== b || this.#weak[index * 2 + 1] !== a) continue;
      if (isIt(index)) return index;
    }
    return -1;
  }

  #add(index: number, filter: Uint32Array, strong: Uint8Array, rows: Uint32Array): void {
    const b = this.#weak[index * 2]!;
    const a = this.#weak[index * 2 + 1]!;
    const hash = hashOf(a, b);
    filter[hash >>> (32 - this.layout.filterBits + 5)]! |= 1 << (hash & 31);
    const mask = this.#slots.length - 1;
    let slot = hash >>> (32 - this.layout.slotBits);
    for (let probe = 0; probe < PROBES; probe++, slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (other < 0) {
        this.#slots[slot] = index + 1;
        return;
      }
      const same = this.#weak[other * 2] === b && this.#weak[other * 2 + 1] === a;
      if (same && isSameStrong(strong, other, index)) {
        if (rows[index]! > rows[other]!) this.#slots[slot] = index + 1;
        return;
      }
    }
  }
}

/** How many equal blocks follow one another from each block on. */
function rowLengths(strong: Uint8Array, blocks: number): Uint32Array {
  const rows = new Uint32Array(blocks).fill(1);
  for (let index = blocks - 2; index >= 0; index--) {
    if (isSameStrong(strong, index, index + 1)) rows[index] = rows[index + 1]! + 1;
  }
  return rows;
}

/** As in assembly/rolling.ts. */
function hashOf(a: number, b: number): number {
  return Math.imul(Math.imul(a, 0x9e3779b1) + b, 0x85ebca6b) >>> 0;
}
