/** The memory of WebAssembly: it begins at a page, and grows without moving. */
export interface WasmMemory {
  /** Another object after each growth; of the same bytes. */
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** What we use of it; its types come with those of browsers only. */
declare const WebAssembly: {
  readonly Memory: new (options: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => WasmMemory;
};

const PAGE = 65_536;
/** 4 GiB: addresses have 32 bits. It is no more than a bound. */
const MOST_PAGES = 65_536;

/** At least so many bytes, zeros. */
export function wasmMemory(bytes: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pagesOf(bytes) });
}

/** The same for several threads. Nothing makes V8 collect it, however much there is: use it again. */
export function sharedWasmMemory(bytes: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pagesOf(bytes), maximum: MOST_PAGES, shared: true });
}

/** Grows to at least so many bytes. */
export function growTo(bytes: number, memory: WasmMemory): void {
  const missing = pagesOf(bytes - memory.buffer.byteLength);
  if (missing > 0) memory.grow(missing);
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE);
}
