/**
 * The reference driver: a store of plain keys in memory, with every ability but signed URLs. Where
 * the contract and another driver seem to disagree, this is what was meant.
 */
import type { Capabilities } from "../../capabilities.ts";
import type {
  About,
  Block,
  Body,
  CallOptions,
  ConditionOptions,
  CopySource,
  DirectoryOptions,
  Driver,
  FileVersion,
  ListOptions,
  Made,
  Multipart,
  ReadBlockOptions,
  ReadOptions,
  ReadResult,
  RemoveOptions,
  Stage,
  StageOptions,
  StatOptions,
  VersionOptions,
  WatchHint,
  WatchOptions,
  WriteOptions,
} from "../../driver.ts";
import type { Attributes, Entry, Special } from "../../entry.ts";
import { StorageError, throwIfAborted, toStorageError } from "../../errors.ts";
import { hashBytes } from "../../hashes.ts";
import { checkWrite } from "../../lib/check-write.ts";
import { checkRange, checkSize, collectBody } from "../../lib/body.ts";
import { writeOrLeave } from "../../lib/release-stream.ts";
import { checkPath, isWithin, joinPath } from "../../path.ts";
import { listKeys } from "./memory-list.ts";
import { createMultipart } from "./memory-multipart.ts";
import { createStage } from "./memory-stage.ts";
import { type MemoryObject, MemoryStore } from "./memory-store.ts";
import { listVersions } from "./memory-versions.ts";
import { watchStore } from "./memory-watch.ts";
import { collect, stream } from "./memory-body.ts";
import { MEMORY_CAPABILITIES } from "./memory-capabilities.ts";
import { describe, describeMarker, given } from "./memory-entry.ts";

export interface MemoryDriverOptions {
  /** The data; drivers that share it see the same objects. Default: a new, empty one. */
  readonly store?: MemoryStore | undefined;
  /** Whether the new store keeps versions; one that is given has decided already. Default false. */
  readonly versions?: boolean | undefined;
  /** Path inside the store that is this driver's root. Default "". */
  readonly root?: string | undefined;
  /** Part of the id. Default: unique. */
  readonly name?: string | undefined;
}

let unnamed = 0;

export class MemoryDriver implements Driver {
  readonly name = "memory";
  readonly id: string;
  readonly capabilities: Capabilities;
  readonly multipart: Multipart;
  readonly store: MemoryStore;
  readonly root: string;
  /** Absent where the store keeps no versions. */
  readonly listVersions?: (
    path: string,
    options?: VersionOptions,
  ) => AsyncIterable<readonly FileVersion[]>;
  readonly removeVersion?: (path: string, version: string, options?: CallOptions) => Promise<void>;
  /** Ends each watch under way. */
  readonly watches: Set<() => void> = new Set();
  #closed = false;

  constructor(options: MemoryDriverOptions = {}) {
    this.store = options.store ?? new MemoryStore({ versions: options.versions });
    this.root = checkPath(options.root ?? "", { root: true });
    this.id = `memory://${joinPath(options.name ?? `unnamed-${++unnamed}`, this.root)}`;
    this.capabilities = { ...MEMORY_CAPABILITIES, versions: this.store.keepsVersions };
    this.multipart = createMultipart(this);
    if (!this.store.keepsVersions) return;
    this.listVersions = (path, call = {}) => listVersions(this, path, call);
    this.removeVersion = async (path, version, call = {}) =>
      this.store.removeVersion(this.begin(path, call), version);
  }

  async stat(path: string, options: StatOptions = {}): Promise<Entry | undefined> {
    const key = this.begin(path, options, { root: true });
    const object = this.find(path, key, options.version);
    if (object !== undefined && path !== "" && !options.directory) return describe(path, object);
    if (options.version !== undefined) return undefined;
    const prefix = key === "" ? "" : `${key}/`;
    const marker = this.store.objects.get(prefix);
    if (marker !== undefined) return describeMarker(path, marker);
    const next = this.store.keys()[this.store.firstAtOrAfter(prefix)];
    const exists =
      path === "" ? this.root === "" || next?.startsWith(prefix) : next?.startsWith(prefix);
    return exists ? { path, kind: "directory", size: 0, complete: true } : undefined;
  }

  async *list(directory: string, options: ListOptions = {}): AsyncIterable<readonly Entry[]> {
    const key = this.begin(directory, options, { root: true });
    const { startAfter } = options;
    const after = startAfter === undefined ? undefined : joinPath(this.root, startAfter);
    for (const page of listKeys(this.store, key, { ...options, startAfter: after })) {
      throwIfAborted(options.signal, directory);
      if (this.#closed) throw new StorageError("closed", { path: directory });
      yield page.map((found) => {
        const path = this.pathOf(found.key);
        if (found.object === undefined) return { path, kind: "directory", size: 0, complete: true };
        return found.key.endsWith("/")
          ? describeMarker(path, found.object)
          : describe(path, found.object);
      });
      // A listing of a real store spans many turns of the event loop; so does this one.
      await Promise.resolve();
    }
  }

  async read(path: string, options: ReadOptions = {}): Promise<ReadResult> {
    const key = this.begin(path, options);
    checkRange(path, options.range);
    const object = this.get(path, key, options.version);
    if (object.special !== undefined)
      throw new StorageError("unsupported", { path, message: "is a FIFO, socket or device" });
    if (object.link)
      throw new StorageError("unsupported", { path, message: "is a link; use readLink" });
    this.checkMatch(path, object, options.ifMatch);
    const start = Math.min(options.range?.offset ?? 0, object.bytes.byteLength);
    const end = Math.min(start + (options.range?.length ?? Infinity), object.bytes.byteLength);
    return {
      entry: describe(path, object),
      body: stream(object.bytes.subarray(start, end), path, options.signal),
    };
  }

  async readBlock(path: string, options: ReadBlockOptions): Promise<Block> {
    const { entry, body } = await this.read(path, { ...options, range: options });
    const bytes = Uint8Array.from(
      await collectBody(body, options.length, { path, signal: options.signal }),
    );
    const hashes = Object.fromEntries(
      (options.hashes ?? []).map((name) => [name, hashBytes(name, bytes)]),
    );
    return { entry, bytes: options.hashOnly ? new Uint8Array(0) : bytes, hashes };
  }

  write(path: string, body: Body, options: WriteOptions = {}): Promise<Entry> {
    return writeOrLeave(body, () => this.#write(path, body, options));
  }

  async #write(path: string, body: Body, options: WriteOptions): Promise<Entry> {
    const key = this.beginWrite(path, options);
    this.checkConditions(path, key, options);
    const bytes = await collect(path, body, options);
    checkSize(path, options.size, bytes.byteLength);
    for (const [name, expected] of Object.entries(options.hashes ?? {})) {
      if (expected === undefined || hashBytes(name as "md5", bytes) === expected) continue;
      throw new StorageError("corrupt", {
        path,
        message: `the content does not have the ${name} that was announced`,
      });
    }
    throwIfAborted(options.signal, path);
    // Once more: somebody may have written while the body was coming in.
    this.checkConditions(path, key, options);
    return this.put(path, key, bytes, options);
  }

  async remove(path: string, options: RemoveOptions = {}): Promise<void> {
    const key = this.begin(path, options);
    const object = this.store.objects.get(key);
    if (options.ifMatch !== undefined) this.checkMatch(path, object, options.ifMatch);
    this.store.delete(key);
  }

  async removeMany(
    paths: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly StorageError[]> {
    this.begin("", options, { root: true });
    for (const path of paths) this.begin(path, options);
    const failures: StorageError[] = [];
    for (const path of paths) {
      try {
        await this.remove(path, options);
      } catch (error) {
        failures.push(toStorageError(error, { path }));
      }
    }
    return failures;
  }

  async mkdir(path: string, options: DirectoryOptions = {}): Promise<void> {
    const key = this.beginWrite(path, options, { root: true });
    const attributes = given(options);
    const isPlain = Object.keys(attributes).length === 0;
    if (key === "") {
      // The store itself is always there.
      if (isPlain) return;
      throw new StorageError("unsupported", { path, message: "the store keeps no attributes" });
    }
    const there = this.store.objects.get(`${key}/`);
    if (isPlain && there !== undefined) return;
    this.put(path, `${key}/`, new Uint8Array(0), { ...there?.attributes, ...attributes });
  }

  async rmdir(path: string, options: CallOptions = {}): Promise<void> {
    const key = this.begin(path, options);
    const from = this.store.firstAtOrAfter(`${key}/`);
    const below = this.store
      .keys()
      .slice(from, from + 2)
      .filter((found) => found.startsWith(`${key}/`) && found !== `${key}/`);
    if (below.length > 0) throw new StorageError("directory-not-empty", { path });
    this.store.delete(`${key}/`);
  }

  canCopyFrom(source: Driver): boolean {
    return source instanceof MemoryDriver && source.store === this.store;
  }

  async copy(source: CopySource, path: string, options: WriteOptions = {}): Promise<Made> {
    const key = this.beginWrite(path, options);
    const from = this.copySource(source);
    if (from.key === key && source.version === undefined)
      throw new StorageError("invalid-argument", { path, message: "would copy onto itself" });
    this.checkConditions(path, key, options);
    const attributes = { ...from.object.attributes, ...given(options) };
    const entry = this.put(path, key, from.object.bytes, attributes, from.object);
    return { ...entry, isOwn: true };
  }

  async move(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const source = this.begin(from, options);
    const target = this.begin(to, options);
    const object = this.store.objects.get(source);
    if (object === undefined) return this.#moveDirectory(from, source, target);
    if (source === target) return;
    this.store.delete(source);
    this.store.set(target, object);
  }

  #moveDirectory(from: string, source: string, target: string): void {
    const keys = this.#keysBelow(source);
    if (keys.length === 0) throw new StorageError("not-found", { path: from });
    if (target === source) return;
    if (isWithin(source, target)) {
      throw new StorageError("invalid-argument", { path: from, message: "would move into itself" });
    }
    if (this.#keysBelow(target).some((key) => key !== `${target}/`)) {
      throw new StorageError("directory-not-empty", { path: this.pathOf(target) });
    }
    // What one turn of the event loop does, nobody sees half done.
    for (const key of keys) {
      const object = this.store.objects.get(key) as MemoryObject;
      this.store.delete(key);
      this.store.set(target + key.slice(source.length), object);
    }
  }

  #keysBelow(directory: string): readonly string[] {
    return this.store.keys().filter((key) => key.startsWith(`${directory}/`));
  }

  async setAttributes(
    path: string,
    attributes: Attributes,
    options: ConditionOptions = {},
  ): Promise<Entry> {
    const key = this.beginWrite(path, { ...attributes, ...options });
    const object = this.get(path, key);
    this.checkConditions(path, key, options);
    return this.put(
      path,
      key,
      object.bytes,
      { ...object.attributes, ...given(attributes) },
      object,
    );
  }

  async readLink(path: string, options: CallOptions = {}): Promise<string> {
    const object = this.get(path, this.begin(path, options));
    if (!object.link)
      throw new StorageError("invalid-argument", { path, message: "is not a link" });
    return new TextDecoder().decode(object.bytes);
  }

  async writeLink(path: string, target: string, options: WriteOptions = {}): Promise<Entry> {
    const key = this.beginWrite(path, options);
    this.checkConditions(path, key, options);
    return this.put(path, key, new TextEncoder().encode(target), options, { link: true });
  }

  async makeSpecial(path: string, special: Special, options: WriteOptions = {}): Promise<Entry> {
    const key = this.beginWrite(path, options);
    this.checkConditions(path, key, options);
    return this.put(path, key, new Uint8Array(0), options, { link: false, special });
  }

  async stage(path: string, size: number, options: StageOptions = {}): Promise<Stage> {
    this.begin(path, options);
    return createStage(this, path, size, options);
  }

  async watch(path: string, options: WatchOptions = {}): Promise<AsyncIterable<WatchHint>> {
    return watchStore(this, path, options);
  }

  async about(options: CallOptions = {}): Promise<About> {
    this.begin("", options, { root: true });
    let used = 0;
    for (const object of this.store.objects.values()) used += object.bytes.byteLength;
    return { used };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const end of this.watches) end();
  }

  /** The checks that every method begins with; gives the key in the store. */
  begin(path: string, options: CallOptions, allow: { readonly root?: boolean } = {}): string {
    if (this.#closed) throw new StorageError("closed", { path });
    checkPath(path, allow);
    throwIfAborted(options.signal, path);
    return joinPath(this.root, path);
  }

  /** As `begin`, of a call that writes something. */
  beginWrite(path: string, options: WriteOptions, allow?: { readonly root?: boolean }): string {
    const key = this.begin(path, options, allow);
    checkWrite(path, options);
    return key;
  }

  /** The object at a key, or a version of it. @throws StorageError `unsupported` where there are none. */
  find(path: string, key: string, version: string | undefined): MemoryObject | undefined {
    if (version === undefined) return this.store.objects.get(key);
    if (this.store.keepsVersions) return this.store.version(key, version);
    throw new StorageError("unsupported", { path, message: "the store keeps no versions" });
  }

  /** As `find`. @throws StorageError `not-found`, or `is-a-directory`. */
  get(path: string, key: string, version?: string): MemoryObject {
    const object = this.find(path, key, version);
    if (object !== undefined) return object;
    if (version !== undefined) throw new StorageError("not-found", { path });
    const next = this.store.keys()[this.store.firstAtOrAfter(`${key}/`)];
    throw new StorageError(next?.startsWith(`${key}/`) ? "is-a-directory" : "not-found", { path });
  }

  copySource(source: CopySource): { readonly key: string; readonly object: MemoryObject } {
    const { driver } = source;
    if (!(driver instanceof MemoryDriver) || !this.canCopyFrom(driver)) {
      throw new StorageError("unsupported", {
        path: source.path,
        message: "the source is in another store",
      });
    }
    const key = driver.begin(source.path, {});
    const object = driver.get(source.path, key, source.version);
    this.checkMatch(source.path, object, source.ifMatch);
    return { key, object };
  }

  checkMatch(path: string, object: MemoryObject | undefined, ifMatch: string | undefined): void {
    if (ifMatch === undefined || object?.etag === ifMatch) return;
    throw new StorageError("precondition-failed", {
      path,
      message: "is not the version that was expected",
    });
  }

  checkConditions(path: string, key: string, options: ConditionOptions): void {
    const object = this.store.objects.get(key);
    if (options.ifNoneMatch === "*" && object !== undefined) {
      throw new StorageError("precondition-failed", { path, message: "exists already" });
    }
    this.checkMatch(path, object, options.ifMatch);
  }

  put(
    path: string,
    key: string,
    bytes: Uint8Array,
    attributes: Attributes,
    { link = false, special }: Partial<Pick<MemoryObject, "link" | "special">> = {},
  ): Entry {
    const object: MemoryObject = {
      bytes,
      attributes: given(attributes),
      etag: this.store.nextId(),
      storedAt: Date.now(),
      sha256: hashBytes("sha256", bytes),
      link,
      special,
    };
    return describe(path, this.store.set(key, object));
  }

  /** The path of a key, which lies under the root. */
  pathOf(key: string): string {
    const path = this.root === "" ? key : key.slice(this.root.length + 1);
    return path.endsWith("/") ? path.slice(0, -1) : path;
  }
}
