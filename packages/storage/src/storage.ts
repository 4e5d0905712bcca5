/**
 * The facade for programs: a driver with the conveniences that most programs want. A program that
 * only reads, writes, lists and removes needs nothing else; tools use `storage.driver`.
 */
import type {
  Body,
  CallOptions,
  CopySource,
  Driver,
  FileVersion,
  ListOptions,
  ReadOptions,
  ReadResult,
  RemoveOptions,
  StatOptions,
  VersionOptions,
  WatchHint,
  WatchOptions,
  WriteOptions,
} from "./driver.ts";
import type { Entry } from "./entry.ts";
import { StorageError, isStorageError } from "./errors.ts";
import { collectBody } from "./lib/body.ts";
import { type OpenOptions, type StoreSpec, openDriver } from "./registry.ts";

/** What `readAll` takes into memory unless told otherwise: 64 MiB. */
export const READ_ALL_LIMIT: number = 64 * 1024 * 1024;

/**
 * Opens a store by URL or by settings.
 * @example const storage = await openStorage("s3://bucket/prefix");
 * @example const storage = await openStorage({ driver: "file", root: "/srv/data" });
 * @throws StorageError `invalid-argument` for an unknown scheme, driver or setting.
 */
export async function openStorage(
  where: string | StoreSpec,
  options: OpenOptions = {},
): Promise<Storage> {
  return new Storage(await openDriver(where, options));
}

export class Storage implements AsyncDisposable {
  readonly driver: Driver;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  /** What lies at `path`. Missing: `undefined`. */
  stat(path: string, options?: StatOptions): Promise<Entry | undefined> {
    return this.driver.stat(path, options);
  }

  async exists(path: string, options?: StatOptions): Promise<boolean> {
    return (await this.driver.stat(path, options)) !== undefined;
  }

  /** Every entry under a directory, one by one. See `Driver.list`. */
  async *list(directory = "", options?: ListOptions): AsyncIterable<Entry> {
    for await (const page of this.driver.list(directory, options)) yield* page;
  }

  read(path: string, options?: ReadOptions): Promise<ReadResult> {
    return this.driver.read(path, options);
  }

  /**
   * A whole file in memory.
   * @throws StorageError `too-large` beyond `limit` bytes (default 64 MiB); use `read` for those.
   */
  async readAll(
    path: string,
    options: ReadOptions & { readonly limit?: number } = {},
  ): Promise<Uint8Array> {
    // All chunks are held until the end.
    const { entry, body } = await this.driver.read(path, { ...options, lend: false });
    const limit = options.limit ?? READ_ALL_LIMIT;
    if (options.range === undefined && entry.size > limit) {
      await body[Symbol.asyncIterator]().return?.();
      throw new StorageError("too-large", {
        path,
        message: `holds ${entry.size} bytes; the limit is ${limit}`,
      });
    }
    return collectBody(body, limit, { path, signal: options.signal });
  }

  /** A whole file as text (UTF-8; throws `corrupt` if it is not). Limits as `readAll`. */
  async readText(
    path: string,
    options: ReadOptions & { readonly limit?: number } = {},
  ): Promise<string> {
    const bytes = await this.readAll(path, options);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new StorageError("corrupt", { path, message: "is not UTF-8 text", cause });
    }
  }

  /** Creates or replaces a file, whole and at once. See `Driver.write`. */
  write(path: string, body: Body, options?: WriteOptions): Promise<Entry> {
    return this.driver.write(path, body, options);
  }

  /** `write` for text or bytes. */
  writeAll(path: string, content: Uint8Array | string, options: WriteOptions = {}): Promise<Entry> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return this.driver.write(path, bytes, { size: bytes.byteLength, ...options });
  }

  /** Removes a file or link; missing is success. */
  remove(path: string, options?: RemoveOptions): Promise<void> {
    return this.driver.remove(path, options);
  }

  /** Copies inside the store: by the store itself where it can, else through this process. */
  copy(from: string, to: string, options: WriteOptions = {}): Promise<Entry> {
    return this.#copy({ driver: this.driver, path: from }, to, options);
  }

  async #copy(source: CopySource, to: string, options: WriteOptions): Promise<Entry> {
    const { driver } = this;
    if (driver.copy !== undefined) return driver.copy(source, to, options);
    const { path, version, ifMatch } = source;
    if (path === to && version === undefined) {
      throw new StorageError("invalid-argument", { path, message: "would copy onto itself" });
    }
    let opened: ReadResult;
    try {
      opened = await driver.read(path, { version, ifMatch, signal: options.signal });
    } catch (error) {
      return this.#copyLink(source, to, { ...options, error });
    }
    const { mtime, mode, contentType, metadata, size } = opened.entry;
    const kept = { mtime, mode, contentType, metadata, size };
    return driver.write(to, opened.body, { ...kept, ...options });
  }

  /** @throws `error` if the source is no link. */
  async #copyLink(
    { path, version, ifMatch }: CopySource,
    to: string,
    { error, ...options }: WriteOptions & { readonly error: unknown },
  ): Promise<Entry> {
    const { driver } = this;
    const { signal } = options;
    const hasLinks = driver.readLink !== undefined && version === undefined;
    if (!hasLinks || !isStorageError(error, "unsupported")) throw error;
    const link = await driver.stat(path, { signal });
    if (link?.kind !== "symlink") throw error;
    if (ifMatch !== undefined && link.etag !== ifMatch)
      throw new StorageError("precondition-failed", { path });
    const target = await driver.readLink!(path, { signal });
    return driver.writeLink!(to, target, { mtime: link.mtime, ...options });
  }

  /**
   * Renames a file: by the store where it can, else copy, then remove the source as it was copied.
   * @throws StorageError `changed` if the source was written meanwhile; it stays then.
   */
  async move(from: string, to: string, options: CallOptions = {}): Promise<void> {
    if (this.driver.move !== undefined) return this.driver.move(from, to, options);
    const before = await this.driver.stat(from, options);
    if (before === undefined) throw new StorageError("not-found", { path: from });
    if (from === to) return;
    await this.driver.probe?.({ ...options, write: true });
    try {
      await this.#moveSeen(before, to, options);
    } catch (error) {
      throw isStorageError(error, "precondition-failed") ? changed(from) : error;
    }
  }

  async #moveSeen({ path, etag }: Entry, to: string, options: CallOptions): Promise<void> {
    const { driver } = this;
    const { copySource, remove } = driver.capabilities.conditions;
    // `read` honours it on every store.
    const isHeld = driver.copy === undefined || copySource;
    await this.#copy({ driver, path, ifMatch: isHeld ? etag : undefined }, to, options);
    if (!remove && (await driver.stat(path, options))?.etag !== etag) throw changed(path);
    await driver.remove(path, { ...options, ifMatch: remove ? etag : undefined });
  }

  /**
   * The versions of a file, or with `recursive` of all below a directory, one by one.
   * @throws StorageError `unsupported` where the store keeps none.
   */
  async *listVersions(path: string, options?: VersionOptions): AsyncIterable<FileVersion> {
    if (this.driver.listVersions === undefined) throw lacks(path, "keeps no versions");
    for await (const page of this.driver.listVersions(path, options)) yield* page;
  }

  /** Makes an old version the current one again, as a copy: what is there now stays as a version. */
  restore(path: string, version: string, options: WriteOptions = {}): Promise<Entry> {
    return this.#copy({ driver: this.driver, path, version }, path, options);
  }

  /**
   * Hints of what changes under a directory. See `Driver.watch`.
   * @throws StorageError `unsupported` where the store tells none; list from time to time then.
   */
  async watch(path = "", options?: WatchOptions): Promise<AsyncIterable<WatchHint>> {
    if (this.driver.watch === undefined) throw lacks(path, "does not tell what changes");
    return this.driver.watch(path, options);
  }

  close(): Promise<void> {
    return this.driver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function lacks(path: string, what: string): StorageError {
  return new StorageError("unsupported", { path, message: `the store ${what}` });
}

function changed(path: string): StorageError {
  return new StorageError("changed", { path, message: "was written while it was moved" });
}
