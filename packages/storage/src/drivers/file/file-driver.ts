/**
 * A directory of a local file system. The main thread checks and describes; every system call that
 * takes a path is made in a worker thread (`operations.ts`), confined to the root
 * (`confined-tree.ts`). Large contents are streamed here, on descriptors that a worker opened.
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
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
  FollowOptions,
  Identity,
  IdentifyOptions,
  LinkOptions,
  LinkSource,
  ListOptions,
  MoveOptions,
  OpenFileOptions,
  OpenedFile,
  Patch,
  ReadBlockOptions,
  ReadOptions,
  ReadResult,
  RemoveOptions,
  Stage,
  StageOptions,
  StatOptions,
  WatchHint,
  WatchOptions,
  WriteOptions,
} from "../../driver.ts";
import type { Attributes, Entry, Special } from "../../entry.ts";
import { StorageError, isStorageError, throwIfAborted } from "../../errors.ts";
import { checkCondition } from "../../lib/check-write.ts";
import { checkRange } from "../../lib/body.ts";
import { writeOrLeave } from "../../lib/release-stream.ts";
import { Slots } from "../../lib/slots.ts";
import { checkPath } from "../../path.ts";
import type { CallsExpected } from "../../registry.ts";
import type { WriteWish } from "./atomic-write.ts";
import { FileBody, heldBody } from "./file-body.ts";
import { FileCaller } from "./file-caller.ts";
import { FILE_CAPABILITIES } from "./file-capabilities.ts";
import { unpackError } from "./file-errors.ts";
import { hashBlock } from "./file-hash.ts";
import { listPages } from "./file-list.ts";
import { createPatch } from "./file-patch.ts";
import { openedFile } from "./opened-file.ts";
import { openStage } from "./file-stage.ts";
import type { OperationArguments } from "./operations.ts";
import { copyContent, writeBody } from "./file-stream.ts";
import { FileWatch } from "./file-watch.ts";
import { wishOf } from "./file-wish.ts";
import { withMore } from "./more-attributes.ts";
import { COPIED_BITS, type StatRow, rowEntry } from "./stat-row.ts";

export interface FileDriverOptions {
  /** The directory; relative to the working directory if it is not absolute. Links to it are resolved once. */
  readonly root: string;
  /**
   * What to do with a path that leads through a link to a directory below the root. Default `refuse`.
   * With `follow` such a path may lead out of the root.
   */
  readonly links?: "refuse" | "follow" | undefined;
  /** As `OpenOptions.calls`. */
  readonly calls?: CallsExpected | undefined;
}

/** Up to this many bytes `read` opens, reads, checks and closes in one call to a worker. */
const INLINE_READ = 256 * 1024;
const REMOVES_PER_CALL = 64;
const COPY_PIECE = 1024 * 1024;
/** Large copies at once: more are no faster, and each holds some MiB. */
const LARGE_COPIES = 16;

export class FileDriver implements Driver {
  readonly name = "file";
  readonly id: string;
  readonly capabilities: Capabilities = FILE_CAPABILITIES;
  /** Absolute, links resolved. */
  readonly root: string;
  readonly #caller: FileCaller;
  readonly #umask: number;
  readonly #largeCopies: Slots = new Slots(LARGE_COPIES);
  readonly #watches: Set<FileWatch> = new Set();

  /** @param caller of the driver that this is another view of. */
  constructor(options: FileDriverOptions, caller?: FileCaller) {
    this.root = resolveRoot(options.root);
    this.id = pathToFileURL(this.root).href;
    this.#umask = process.umask();
    this.#caller = caller ?? new FileCaller(this.root, options.links === "follow", options.calls);
  }

  async stat(path: string, options: StatOptions = {}): Promise<Entry | undefined> {
    this.#begin(path, options, { root: true });
    const found = await this.#caller.call("look", [path, options.attributes], options);
    if (found === undefined) return undefined;
    return withMore(rowEntry(path, found.row, found.linkTarget), found.more);
  }

  async identify(path: string, options: IdentifyOptions = {}): Promise<Identity> {
    this.#begin(path, options, { root: true });
    return this.#caller.call("identify", [path, options.above ?? false], options);
  }

  async *list(directory: string, options: ListOptions = {}): AsyncIterable<readonly Entry[]> {
    this.#begin(directory, options, { root: true });
    yield* listPages(this.#caller, directory, options);
  }

  async read(path: string, options: ReadOptions = {}): Promise<ReadResult> {
    this.#begin(path, options);
    return this.#open(path, options);
  }

  async readBlock(path: string, options: ReadBlockOptions): Promise<Block> {
    this.#begin(path, options);
    checkRange(path, options);
    if (options.hashOnly) return hashBlock(this.#caller, path, options);
    const { offset, length, ifMatch, signal } = options;
    // An earlier attempt may have used it up.
    const memory = options.memory?.detached ? undefined : options.memory;
    const request = { offset, length, ifMatch, ...(memory && { memory }) };
    const call = { signal, bytes: length, transfer: memory && [memory] };
    const args: OperationArguments<"readBlock"> = [path, request, options.hashes ?? []];
    const block = await this.#caller.call("readBlock", args, call);
    return { entry: rowEntry(path, block.row), bytes: block.bytes, hashes: block.hashes };
  }

  async openFile(path: string, options: OpenFileOptions = {}): Promise<OpenedFile> {
    this.#begin(path, options);
    const { ifMatch, signal } = options;
    // Nothing is so small that it would be read at once.
    const request = { offset: 0, ifMatch, inline: -1 };
    const opened = await this.#caller.call("openRead", [path, request], { signal });
    if ("fd" in opened) return openedFile(path, opened.fd, opened.row);
    throw new StorageError("internal", { path });
  }

  write(path: string, body: Body, options: WriteOptions = {}): Promise<Entry> {
    return writeOrLeave(body, async () => {
      this.#begin(path, options);
      const wish = this.#wish(path, options);
      return rowEntry(path, await writeBody(this.#caller, path, body, wish, options.signal));
    });
  }

  async remove(path: string, options: RemoveOptions = {}): Promise<void> {
    this.#begin(path, options);
    await this.#caller.callOn(path, options, "removeFile", [path, options.ifMatch], options);
  }

  async removeMany(
    paths: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly StorageError[]> {
    this.#begin("", options, { root: true });
    for (const path of paths) this.#begin(path, options);
    const calls: Promise<readonly StorageError[]>[] = [];
    for (let at = 0; at < paths.length; at += REMOVES_PER_CALL) {
      calls.push(this.#removeSome(paths.slice(at, at + REMOVES_PER_CALL), options));
    }
    return (await Promise.all(calls)).flat();
  }

  async mkdir(path: string, options: DirectoryOptions = {}): Promise<void> {
    this.#begin(path, options, { root: true });
    await this.#caller.call("makeDirectories", [path, this.#wish(path, options)], options);
  }

  async rmdir(path: string, options: CallOptions = {}): Promise<void> {
    this.#begin(path, options);
    await this.#caller.call("removeDirectory", [path], options);
  }

  /** Any file driver: both sides are reached by the same system calls. */
  canCopyFrom(source: Driver): boolean {
    return source instanceof FileDriver;
  }

  async copy(source: CopySource, path: string, options: WriteOptions = {}): Promise<Entry> {
    this.#begin(path, options);
    const from = this.#copySource(source, path);
    const wish = this.#wish(path, options);
    const request = { from: from.#caller.root, path: source.path, ifMatch: source.ifMatch };
    let row: StatRow | undefined;
    try {
      const args = [request, path, wish] as const;
      row = await this.#caller.callOn(path, options, "copySmall", [...args], options);
    } catch (error) {
      return this.#copyLink(from, source, path, { ...options, error });
    }
    if (row !== undefined) return rowEntry(path, row);
    const copying = (): Promise<Entry> => this.#copyLarge(from, source, path, options);
    return this.#largeCopies.run(copying, options.signal);
  }

  async move(from: string, to: string, options: MoveOptions = {}): Promise<void> {
    this.#begin(from, options);
    this.#begin(to, options);
    await this.#caller.call("rename", [from, to, options.durable ?? false], options);
  }

  async setAttributes(
    path: string,
    attributes: Attributes,
    options: ConditionOptions = {},
  ): Promise<Entry> {
    this.#begin(path, options, { root: true });
    checkCondition(path, options);
    const { ifMatch, ifNoneMatch } = options;
    const args = [path, this.#wish(path, attributes), { ifMatch, ifNoneMatch }] as const;
    return rowEntry(
      path,
      await this.#caller.callOn(path, options, "changeAttributes", [...args], options),
    );
  }

  async readLink(path: string, options: CallOptions = {}): Promise<string> {
    this.#begin(path, options);
    return this.#caller.call("readLink", [path], options);
  }

  async hardLink(
    existing: string | LinkSource,
    path: string,
    options: LinkOptions = {},
  ): Promise<Entry> {
    const source = typeof existing === "string" ? { driver: this, path: existing } : existing;
    const { driver } = source;
    if (!(driver instanceof FileDriver))
      throw new StorageError("unsupported", { path, message: "the file is not a local one" });
    driver.#begin(source.path, options);
    this.#begin(path, options);
    const wish = this.#wish(path, options);
    const from = { from: driver === this ? undefined : driver.#caller.root, path: source.path };
    const args = [from, path, wish] as const;
    return rowEntry(path, await this.#caller.callOn(path, options, "hardLink", [...args], options));
  }

  async writeLink(path: string, target: string, options: WriteOptions = {}): Promise<Entry> {
    this.#begin(path, options);
    if (target === "" || target.includes("\0") || !target.isWellFormed()) {
      throw new StorageError("invalid-argument", { path, message: "no link can have this target" });
    }
    const wish = this.#wish(path, options);
    return rowEntry(
      path,
      await this.#caller.callOn(path, options, "writeLink", [path, target, wish], options),
      target,
    );
  }

  followLinks(options: FollowOptions): FileDriver {
    this.#caller.checkOpen();
    return new FileDriver({ root: this.root }, this.#caller.following(options));
  }

  async patch(path: string, options: ConditionOptions = {}): Promise<Patch> {
    this.#begin(path, options);
    checkCondition(path, options);
    const { ifMatch, ifNoneMatch } = options;
    const args = [path, { ifMatch, ifNoneMatch }] as const;
    const opened = await this.#caller.callOn(path, options, "openPatch", [...args], options);
    const { fd, row, hardLink } = opened;
    return createPatch(fd, withMore(rowEntry(path, row), { hardLink }));
  }

  async makeSpecial(path: string, special: Special, options: WriteOptions = {}): Promise<Entry> {
    this.#begin(path, options);
    const args = [path, special, this.#wish(path, options)] as const;
    const made = await this.#caller.callOn(path, options, "makeSpecial", [...args], options);
    return withMore(rowEntry(path, made.row), made.more);
  }

  async stage(path: string, size: number, options: StageOptions = {}): Promise<Stage> {
    this.#begin(path, options);
    const toWish = (given: WriteOptions): WriteWish => this.#wish(path, given);
    return openStage(this.#caller, path, size, { ...options, toWish });
  }

  async flush(path: string, options: CallOptions = {}): Promise<void> {
    this.#begin(path, options);
    await this.#caller.call("flush", [path], options);
  }

  async about(options: CallOptions = {}): Promise<About> {
    this.#begin("", options, { root: true });
    const [total, used, free] = await this.#caller.call("space", [], options);
    return { total, used, free };
  }

  async watch(path: string, options: WatchOptions = {}): Promise<AsyncIterable<WatchHint>> {
    const entry = await this.stat(path, options);
    if (entry?.kind !== "directory") {
      throw new StorageError(entry === undefined ? "not-found" : "not-a-directory", { path });
    }
    this.#begin(path, options, { root: true });
    const onEnd = (): void => void this.#watches.delete(watch);
    const watch = new FileWatch({ root: this.root, path, options, onEnd });
    this.#watches.add(watch);
    return watch.begin();
  }

  async removeStale(path: string, options: CallOptions = {}): Promise<boolean> {
    this.#begin(path, options);
    return this.#caller.call("removeLeftover", [path], options);
  }

  close(): Promise<void> {
    for (const watch of this.#watches) watch.stop(new StorageError("closed"));
    return this.#caller.close();
  }

  #begin(path: string, options: StatOptions, allow: { readonly root?: boolean } = {}): void {
    this.#caller.checkOpen(path);
    checkPath(path, allow);
    throwIfAborted(options.signal, path);
    if (options.version === undefined) return;
    throw new StorageError("unsupported", { path, message: "a local disk keeps no versions" });
  }

  #copySource(source: CopySource, path: string): FileDriver {
    const { driver } = source;
    if (!(driver instanceof FileDriver)) {
      throw new StorageError("unsupported", { path, message: "the source is not a local file" });
    }
    driver.#begin(source.path, { version: source.version });
    if (absolute(driver.root, source.path) === absolute(this.root, path)) {
      throw new StorageError("invalid-argument", { path, message: "would copy onto itself" });
    }
    return driver;
  }

  /** @throws `error` if the source is no link. */
  async #copyLink(
    from: FileDriver,
    source: CopySource,
    path: string,
    { error, ...options }: WriteOptions & { readonly error: unknown },
  ): Promise<Entry> {
    if (!isStorageError(error, "unsupported")) throw error;
    const link = await from.stat(source.path, { signal: options.signal });
    if (link?.linkTarget === undefined) throw error;
    if (source.ifMatch !== undefined && link.etag !== source.ifMatch)
      throw new StorageError("precondition-failed", { path: source.path });
    const mtime = options.mtime ?? link.mtime;
    return this.writeLink(path, link.linkTarget, { ...options, mtime });
  }

  async #copyLarge(
    from: FileDriver,
    source: CopySource,
    path: string,
    options: WriteOptions,
  ): Promise<Entry> {
    const { signal } = options;
    const { entry, body } = await from.#open(source.path, {
      ifMatch: source.ifMatch,
      signal,
      piece: COPY_PIECE,
    });
    const wish = this.#wish(path, {
      ...options,
      size: options.size ?? entry.size,
      mtime: options.mtime ?? entry.mtime,
      mode: options.mode ?? (entry.mode as number) & COPIED_BITS,
    });
    return rowEntry(path, await copyContent(this.#caller, path, body, wish, signal));
  }

  async #open(
    path: string,
    options: ReadOptions & { readonly piece?: number },
  ): Promise<{ readonly entry: Entry; readonly body: AsyncIterable<Uint8Array> }> {
    const { signal, ifMatch, piece } = options;
    checkRange(path, options.range);
    const { offset, length } = options.range ?? { offset: 0 };
    const request = { offset, length, ifMatch, inline: INLINE_READ };
    const opened = await this.#caller.call("openRead", [path, request], options);
    const entry = rowEntry(path, opened.row);
    if ("bytes" in opened) return { entry, body: heldBody(path, opened.bytes, opened.problem) };
    return { entry, body: new FileBody({ ...opened, path, offset, signal, piece }) };
  }

  async #removeSome(
    paths: readonly string[],
    options: CallOptions,
  ): Promise<readonly StorageError[]> {
    const failures = await this.#caller.call("removeFiles", [paths], options);
    return failures.map(unpackError);
  }

  #wish(path: string, options: WriteOptions): WriteWish {
    return wishOf(path, options, this.#umask);
  }
}

/** What `path.join` gives where there is nothing to be cleaned up. */
function absolute(root: string, path: string): string {
  return root.endsWith("/") ? root + path : `${root}/${path}`;
}

/** The root with links resolved as far as it exists: what is created later, is created there. */
function resolveRoot(root: string): string {
  if (root === "" || root.includes("\0")) {
    throw new StorageError("invalid-argument", { message: "the root is not a path" });
  }
  let existing = resolve(root);
  const missing: string[] = [];
  while (!existsSync(existing)) {
    missing.unshift(basename(existing));
    existing = dirname(existing);
  }
  return join(realpathSync(existing), ...missing);
}
