/** What a memory store holds: objects by key, their versions, uploads in progress, and the ordered list of keys. */
import type { Attributes, Special } from "../../entry.ts";
import { comparePaths } from "../../path.ts";
import type { Part } from "../../driver.ts";

export interface MemoryObject {
  readonly bytes: Uint8Array;
  readonly attributes: Attributes;
  readonly etag: string;
  readonly storedAt: number;
  readonly sha256: string;
  readonly link: boolean;
  /** Then it has no content. */
  readonly special?: Special | undefined;
  /** Its id, where versions are kept. */
  readonly version?: string | undefined;
}

/** Without an object it is the mark of a removal. */
export interface MemoryVersion {
  readonly version: string;
  readonly storedAt: number;
  readonly object: MemoryObject | undefined;
}

export interface MemoryStoreOptions {
  /** Whether what is replaced or removed is kept as a version. Default false. */
  readonly versions?: boolean | undefined;
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
  readonly keepsVersions: boolean;
  /** The versions of each file, the newest first. Directories' markers have none. */
  readonly history: Map<string, readonly MemoryVersion[]> = new Map();
  /** Told of each key that was set or deleted. */
  readonly listeners: Set<(key: string) => void> = new Set();
  #sorted: string[] | undefined;
  #serial = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.keepsVersions = options.versions ?? false;
  }

  /** A name that no other content of this store ever had. */
  nextId(): string {
    return (++this.#serial).toString(16).padStart(8, "0");
  }

  /** Gives the object as it is stored: with its version. */
  set(key: string, object: MemoryObject): MemoryObject {
    const stored = this.#remember(key, object);
    this.#put(key, stored);
    return stored;
  }

  delete(key: string): void {
    if (!this.objects.delete(key)) return;
    this.#sorted = undefined;
    this.#remember(key, undefined);
    this.#tell(key);
  }

  /** A version that has content. */
  version(key: string, version: string): MemoryObject | undefined {
    return this.history.get(key)?.find((kept) => kept.version === version)?.object;
  }

  /** Forgets a version; the newest of those that are left is the object, or says that there is none. */
  removeVersion(key: string, version: string): void {
    const kept = this.history.get(key) ?? [];
    const left = kept.filter((each) => each.version !== version);
    if (left.length === kept.length) return;
    if (left.length > 0) this.history.set(key, left);
    else this.history.delete(key);
    if (kept[0]?.version !== version) return;
    const object = left[0]?.object;
    if (object !== undefined) return this.#put(key, object);
    if (this.objects.delete(key)) this.#sorted = undefined;
    this.#tell(key);
  }

  exists(key: string): boolean {
    return this.objects.has(key);
  }

  #put(key: string, object: MemoryObject): void {
    if (!this.objects.has(key)) this.#sorted = undefined;
    this.objects.set(key, object);
    this.#tell(key);
  }

  /** Adds to the history; gives the object with its version. */
  #remember<T extends MemoryObject | undefined>(key: string, object: T): T {
    if (!this.keepsVersions || key.endsWith("/")) return object;
    const version = this.nextId();
    const named = object && { ...object, version };
    const storedAt = object?.storedAt ?? Date.now();
    const kept = this.history.get(key) ?? [];
    this.history.set(key, [{ version, storedAt, object: named }, ...kept]);
    return named;
  }

  #tell(key: string): void {
    for (const listener of this.listeners) listener(key);
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
