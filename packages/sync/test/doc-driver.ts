import {
  type Body,
  type CallOptions,
  type Capabilities,
  type Driver,
  type Entry,
  type ListOptions,
  NO_CAPABILITIES,
  type ReadOptions,
  type ReadResult,
  StorageError,
  type StatOptions,
  type WriteOptions,
  checkPath,
  checkRange,
  checkSize,
  checkWrite,
  collectBody,
  comparePaths,
  hashBytes,
  isReserved,
  isWithin,
  openBody,
  orderKey,
  registerDriver,
  throwIfAborted,
  writeOrLeave,
} from "@omnisync/storage";

type Files = Map<string, { readonly entry: Entry; readonly bytes: Uint8Array }>;

/** Keeps files in a map: a store of plain keys, in which a directory is what lies below it. */
export class ShelfDriver implements Driver {
  readonly name = "shelf";
  readonly id: string;
  /** Claim what the store really does: the facade and the engine do without the rest. */
  readonly capabilities: Capabilities = {
    ...NO_CAPABILITIES,
    orderedList: true,
    resumableList: true,
    completeList: true,
    fileAndDirectory: true,
    mtimePrecision: 1,
  };
  readonly #files: Files;
  #closed = false;

  constructor(name: string, files: Files) {
    this.id = `shelf://${name}`;
    this.#files = files;
  }

  async stat(path: string, options: StatOptions = {}): Promise<Entry | undefined> {
    this.#begin(path, options, { root: true });
    refuse(path, options.version);
    const file = this.#files.get(path);
    if (file !== undefined) return file.entry;
    const isDirectory = path === "" || [...this.#files.keys()].some((key) => isWithin(path, key));
    return isDirectory ? directoryEntry(path) : undefined;
  }

  async *list(directory: string, options: ListOptions = {}): AsyncIterable<readonly Entry[]> {
    this.#begin(directory, options, { root: true });
    const start = directory === "" ? 0 : directory.length + 1;
    const found = new Map<string, Entry>();
    for (const [path, { entry }] of this.#files) {
      if (path === directory || !isWithin(directory, path)) continue;
      if (!options.includeReserved && isReserved(path.slice(start))) continue;
      const slash = path.indexOf("/", start);
      const isInside = options.recursive || slash < 0;
      const shown = isInside ? entry : directoryEntry(path.slice(0, slash));
      const key = orderKey(shown);
      const isAhead = options.startAfter === undefined || comparePaths(key, options.startAfter) > 0;
      if (isAhead) found.set(key, shown);
    }
    // At most some thousand a page; whoever lists may stop between two.
    const keys = [...found.keys()].sort(comparePaths);
    for (let at = 0; at < keys.length; at += 1000) {
      this.#begin(directory, options, { root: true });
      yield keys.slice(at, at + 1000).map((key) => found.get(key) as Entry);
    }
  }

  async read(path: string, options: ReadOptions = {}): Promise<ReadResult> {
    this.#begin(path, options);
    const { range, ifMatch, version, signal } = options;
    refuse(path, version);
    const { offset, length = Infinity } = range ?? { offset: 0 };
    checkRange(path, range);
    const file = this.#files.get(path);
    if (file === undefined) {
      const isDirectory = (await this.stat(path, options)) !== undefined;
      throw new StorageError(isDirectory ? "is-a-directory" : "not-found", { path });
    }
    if (ifMatch !== undefined && ifMatch !== file.entry.etag)
      throw new StorageError("precondition-failed", { path });
    const bytes = file.bytes.slice(offset, offset + length);
    return { entry: file.entry, body: once(bytes, path, signal) };
  }

  /** A stream that was given is left, whatever goes wrong. */
  write(path: string, body: Body, options: WriteOptions = {}): Promise<Entry> {
    return writeOrLeave(body, () => this.#write(path, body, options));
  }

  async #write(path: string, body: Body, options: WriteOptions): Promise<Entry> {
    this.#begin(path, options);
    checkWrite(path, options);
    const { size, mtime, signal } = options;
    refuse(path, options.ifMatch, options.ifNoneMatch, options.metadata, options.xattrs);
    const bytes = await collectBody(copyOf(body, path), Infinity, { path, signal });
    checkSize(path, size, bytes.length);
    const storedAt = Date.now();
    const etag = hashBytes("md5", bytes);
    const kind = "file";
    const entry: Entry = { path, kind, size: bytes.length, complete: true, mtime, storedAt, etag };
    this.#files.set(path, { entry, bytes });
    return entry;
  }

  async remove(path: string, options: CallOptions & { readonly ifMatch?: string } = {}) {
    this.#begin(path, options);
    refuse(path, options.ifMatch);
    this.#files.delete(path);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** What holds for every call: see the head of `driver.ts`. */
  #begin(path: string, { signal }: CallOptions, paths: { readonly root?: boolean } = {}): void {
    if (this.#closed) throw new StorageError("closed", { path });
    checkPath(path, paths);
    throwIfAborted(signal, path);
  }
}

async function* once(
  bytes: Uint8Array,
  path: string,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  throwIfAborted(signal, path);
  if (bytes.length > 0) yield bytes;
  throwIfAborted(signal, path);
}

function directoryEntry(path: string): Entry {
  return { path, kind: "directory", size: 0, complete: true };
}

/** What cannot be done is refused: nothing succeeds silently. */
function refuse(path: string, ...asked: readonly unknown[]): void {
  if (asked.every((one) => one === undefined)) return;
  throw new StorageError("unsupported", { path, message: "a shelf keeps content and times only" });
}

/** A stream may give each chunk in the memory of the one before. */
async function* copyOf(body: Body, path: string): AsyncIterable<Uint8Array> {
  for await (const chunk of openBody(body, path)) yield chunk.slice();
}

const shelves = new Map<string, Files>();

registerDriver({
  name: "shelf",
  schemes: ["shelf"],
  help: "Keeps files in the memory of this process.",
  options: [{ name: "shelf", type: "string", flag: false, help: "Which one." }],
  parseUrl(url) {
    const name = /^shelf:\/\/([a-z]+)\/?$/.exec(url)?.[1];
    if (name !== undefined) return { settings: { shelf: name }, path: "" };
    throw new StorageError("invalid-argument", { message: `"${url}": write shelf://name` });
  },
  async open({ shelf }) {
    const name = String(shelf);
    const files: Files = shelves.get(name) ?? new Map();
    shelves.set(name, files);
    return new ShelfDriver(name, files);
  },
});
