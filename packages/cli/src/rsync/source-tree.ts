/**
 * Several sources as one: a store for reading in which each lies at the path that it will have at the
 * destination, so that one run with one listing, one filter and one count sees them all. Where two
 * sources have the same path the first one counts, as in rsync.
 */
import {
  type Capabilities,
  type Driver,
  type Entry,
  type FollowOptions,
  type ListOptions,
  NO_CAPABILITIES,
  type OpenFileOptions,
  type OpenedFile,
  type StatOptions,
  StorageError,
  comparePaths,
  isWithin,
  joinPath,
  orderKey,
  parentPath,
  pruneBelow,
} from "@omnisync/storage";

export interface Graft {
  /** Path in the tree; "" for what is in a directory. */
  readonly at: string;
  readonly driver: Driver;
  /** Path in the driver. */
  readonly path: string;
  readonly entry: Entry;
  readonly reach: Reach;
}

/** What takes part of a directory: itself alone, with what is directly in it, or with everything below. */
export type Reach = "itself" | "entries" | "all";

/** Opens the tree. Closing it closes none of the drivers. */
export function sourceTree(grafts: readonly Graft[]): Driver {
  return new SourceTree(
    grafts,
    grafts.map(({ driver }) => driver),
  );
}

/** A place in which nothing is, of the same kind as a store. */
export function emptyTree(like: Driver): Driver {
  return new SourceTree([], [like]);
}

class SourceTree implements Driver {
  readonly name: string;
  readonly id: string;
  readonly capabilities: Capabilities;
  /** Not there where one of the stores has none. */
  readonly followLinks?: (options: FollowOptions) => Driver;
  readonly openFile?: NonNullable<Driver["openFile"]>;
  readonly #grafts: readonly Graft[];

  constructor(grafts: readonly Graft[], stores: readonly Driver[]) {
    this.#grafts = grafts;
    if (stores.every(({ followLinks }) => followLinks !== undefined)) {
      this.followLinks = (options) =>
        new SourceTree(
          grafts.map((graft) => followed(graft, options)),
          stores,
        );
    }
    if (stores.every(({ openFile }) => openFile !== undefined)) {
      this.openFile = (path, options) => this.#openFile(path, options);
    }
    this.name = stores[0]?.name ?? "tree";
    this.id = `tree:${grafts.map(({ at, driver, path }) => `${at}=${joinPath(driver.id, path)}`).join("|")}`;
    this.capabilities = shared(stores);
  }

  async stat(path: string, options?: StatOptions): Promise<Entry | undefined> {
    if (path === "") return this.#root(options);
    for (const { graft, inner } of this.#holding(path)) {
      const entry = await graft.driver.stat(inner, options);
      if (entry !== undefined) return { ...entry, path };
    }
    return undefined;
  }

  async *list(directory: string, options: ListOptions = {}): AsyncIterable<readonly Entry[]> {
    if (this.#grafts.length === 0) return;
    if (directory !== "" || !options.recursive || options.startAfter !== undefined) {
      throw new StorageError("unsupported", { path: directory, message: "is listed whole only" });
    }
    const cursors = this.#grafts.map((graft) => new Cursor(graftPages(graft, options)));
    try {
      await Promise.all(cursors.map((cursor) => cursor.fill()));
      yield* merge(cursors);
    } finally {
      await Promise.all(cursors.map((cursor) => cursor.close()));
    }
  }

  async read(path: string, options?: Parameters<Driver["read"]>[1]): ReturnType<Driver["read"]> {
    const { graft, inner } = await this.#find(path);
    const result = await graft.driver.read(inner, options);
    return { ...result, entry: { ...result.entry, path } };
  }

  async readBlock(
    path: string,
    options: Parameters<NonNullable<Driver["readBlock"]>>[1],
  ): ReturnType<NonNullable<Driver["readBlock"]>> {
    const { graft, inner } = await this.#find(path);
    const block = await graft.driver.readBlock!(inner, options);
    return { ...block, entry: { ...block.entry, path } };
  }

  async #openFile(path: string, options?: OpenFileOptions): Promise<OpenedFile> {
    const { graft, inner } = await this.#find(path);
    const opened = await graft.driver.openFile!(inner, options);
    return { ...opened, entry: { ...opened.entry, path } };
  }

  async readLink(
    path: string,
    options?: Parameters<NonNullable<Driver["readLink"]>>[1],
  ): Promise<string> {
    const { graft, inner } = await this.#find(path);
    return graft.driver.readLink!(inner, options);
  }

  async writeLink(path: string): Promise<Entry> {
    throw readOnly(path);
  }

  async write(path: string): Promise<Entry> {
    throw readOnly(path);
  }

  async remove(path: string, options?: Parameters<Driver["remove"]>[1]): Promise<void> {
    const { graft, inner } = await this.#find(path);
    await graft.driver.remove(inner, options);
  }

  async close(): Promise<void> {}

  /** The grafts in which a path may lie, and where. */
  *#holding(path: string): Iterable<{ readonly graft: Graft; readonly inner: string }> {
    for (const graft of this.#grafts) {
      if (path === graft.at) yield { graft, inner: graft.path };
      else if (graft.reach !== "itself" && (graft.at === "" || isWithin(graft.at, path))) {
        const below = graft.at === "" ? path : path.slice(graft.at.length + 1);
        yield { graft, inner: joinPath(graft.path, below) };
      }
    }
  }

  async #find(path: string): Promise<{ readonly graft: Graft; readonly inner: string }> {
    const [first, ...others] = this.#holding(path);
    if (first !== undefined && others.length === 0) return first;
    for (const holder of first === undefined ? [] : [first, ...others]) {
      if ((await holder.graft.driver.stat(holder.inner)) !== undefined) return holder;
    }
    throw new StorageError("not-found", { path, message: "no such file or directory" });
  }

  async #root(options?: StatOptions): Promise<Entry> {
    const own = this.#grafts.find(({ at }) => at === "");
    if (own !== undefined) return { ...(await ownEntry(own, options)), path: "" };
    return { path: "", kind: "directory", size: 0, complete: true };
  }
}

/** Seen through the links of its store. */
function followed(graft: Graft, { which }: FollowOptions): Graft {
  const { driver, path, entry } = graft;
  const base = entry.kind === "directory" ? path : parentPath(path);
  return { ...graft, driver: driver.followLinks!({ which, base }) };
}

/** With the attributes that are asked for now. What has vanished since is told of when it is read. */
async function ownEntry({ driver, path, entry }: Graft, options?: StatOptions): Promise<Entry> {
  return (await driver.stat(path, options)) ?? entry;
}

/** What all the stores can do, as far as a source needs it. */
function shared(stores: readonly Driver[]): Capabilities {
  const all = stores.map((store) => store.capabilities);
  const [first = NO_CAPABILITIES] = all;
  return {
    ...first,
    orderedList: all.every(({ orderedList }) => orderedList),
    completeList: all.every(({ completeList }) => completeList),
    directories: all.every(({ directories }) => directories),
    readBlock: all.every(({ readBlock }) => readBlock),
    concurrency: Math.min(...all.map(({ concurrency }) => concurrency)),
    resumableList: false,
    copy: undefined,
    copyPart: false,
    move: false,
    setAttributes: false,
    multipart: undefined,
    stage: false,
    presign: false,
    removeMany: undefined,
    about: false,
  };
}

/** A graft's own entry, then what is below it, with the paths of the tree. */
async function* graftPages(graft: Graft, options: ListOptions): AsyncIterable<readonly Entry[]> {
  const { at, driver, path, reach } = graft;
  const entry = await ownEntry(graft, { attributes: options.attributes, signal: options.signal });
  if (at !== "") yield [{ ...entry, path: at }];
  if (reach === "itself" || entry.kind !== "directory") return;
  const cut = path === "" ? 0 : path.length + 1;
  const prune = pruneBelow(options.prune, at);
  const leave = (): string | undefined => {
    const left = options.leave?.();
    if (left === undefined || at === "") return left && joinPath(path, left);
    return isWithin(at, left) ? joinPath(path, left.slice(at.length + 1)) : undefined;
  };
  const listing = driver.list(path, { ...options, prune, leave, recursive: reach === "all" });
  for await (const page of listing) {
    yield page.map((one) => ({ ...one, path: joinPath(at, one.path.slice(cut)) }));
  }
}

class Cursor {
  readonly #pages: AsyncIterator<readonly Entry[]>;
  #page: readonly Entry[] = [];
  #at = 0;

  constructor(pages: AsyncIterable<readonly Entry[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  get head(): Entry | undefined {
    return this.#page[this.#at];
  }

  /** Steps on. Has to be awaited only if it gives a promise. */
  next(): Promise<void> | undefined {
    this.#at++;
    return this.#at < this.#page.length ? undefined : this.fill();
  }

  async fill(): Promise<void> {
    do {
      const { done, value } = await this.#pages.next();
      this.#page = done ? [] : value;
      this.#at = 0;
      if (done) return;
    } while (this.#page.length === 0);
  }

  async close(): Promise<void> {
    await this.#pages.return?.();
  }
}

const PAGE = 1000;

async function* merge(cursors: readonly Cursor[]): AsyncIterable<readonly Entry[]> {
  let page: Entry[] = [];
  for (let cursor = least(cursors); cursor !== undefined; cursor = least(cursors)) {
    const entry = cursor.head as Entry;
    page.push(entry);
    if (page.length === PAGE) {
      yield page;
      page = [];
    }
    // The same path of a later source is left out.
    for (const other of cursors) {
      while (other.head !== undefined && orderKey(other.head) === orderKey(entry)) {
        const filling = other.next();
        if (filling !== undefined) await filling;
      }
    }
  }
  if (page.length > 0) yield page;
}

function least(cursors: readonly Cursor[]): Cursor | undefined {
  let found: Cursor | undefined;
  for (const cursor of cursors) {
    if (cursor.head === undefined) continue;
    if (
      found === undefined ||
      comparePaths(orderKey(cursor.head), orderKey(found.head as Entry)) < 0
    ) {
      found = cursor;
    }
  }
  return found;
}

function readOnly(path: string): StorageError {
  return new StorageError("unsupported", { path, message: "sources are only read" });
}
