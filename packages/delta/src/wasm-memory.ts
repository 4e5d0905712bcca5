/** The memory of WebAssembly: it begins at a page, grows without moving, and threads can share it. */
export interface WasmMemory {
  /** Another object after each growth; of the same bytes. */
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** What we use of it; its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Memory: new (options: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => WasmMemory;
};

const PAGE = 65_536;
/** 4 GiB: addresses have 32 bits. It is no more than a bound. */
const MOST_PAGES = 65_536;

/** At least so many bytes, zeros. */
export function wasmMemory(bytes: number): WasmMemory {
  const initial = Math.ceil(bytes / PAGE);
  return new WebAssembly.Memory({ initial, maximum: MOST_PAGES, shared: true });
}

/** Grows to at least so many bytes. */
export function growTo(bytes: number, memory: WasmMemory): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
  if (missing > 0) memory.grow(missing);
}
