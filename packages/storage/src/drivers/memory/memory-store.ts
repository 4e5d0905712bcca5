/** What a memory store holds: objects by key, uploads in progress, and the ordered list of keys. */
import type { Attributes } from "../../entry.ts";
import { comparePaths } from "../../path.ts";
import type { Part } from "../../driver.ts";

export interface MemoryObject {
  readonly bytes: Uint8Array;
  readonly attributes: Attributes;
  readonly etag: string;
  readonly storedAt: number;
  readonly sha256: string;
  readonly link: boolean;
}

export interface MemoryUpload {
  readonly key: string;
  readonly attributes: Attributes;
  readonly startedAt: number;
  readonly parts: Map<number, Part & { readonly bytes: Uint8Array }>;
}

export class MemoryStore {
  readonly objects: Map<string, MemoryObject> = new Map();
  readonly uploads: Map<string, MemoryUpload> = new Map();
  /** The etags that completed uploads gave, by upload, for who completes once more. */
  readonly completed: Map<string, string> = new Map();
  #sorted: string[] | undefined;
  #serial = 0;

  /** A name that no other content of this store ever had. */
  nextId(): string {
    return (++this.#serial).toString(16).padStart(8, "0");
  }

  set(key: string, object: MemoryObject): void {
    if (!this.objects.has(key)) this.#sorted = undefined;
    this.objects.set(key, object);
  }

  delete(key: string): void {
    if (this.objects.delete(key)) this.#sorted = undefined;
  }

  /** Every key in byte order. The array is never changed: writes make a new one. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.objects.keys()].sort(comparePaths);
    return this.#sorted;
  }

  /** Where the keys ≥ `key` begin in `keys()`. */
  firstAtOrAfter(key: string): number {
    const keys = this.keys();
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePaths(keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
