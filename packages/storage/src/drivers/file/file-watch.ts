/**
 * Hints of what changes below a directory. Windows and macOS watch a tree by themselves. Elsewhere Node
 * would watch every single file, read the tree without letting anything else run, and follow links; so
 * each directory is watched here, and nothing else (docs/decisions/dependencies.md).
 *
 * A directory is watched first and listed then: what is made in between is seen by one of the two. The
 * hint of a new directory comes when everything below it is watched, so whoever looks there after it
 * misses nothing. Names tell where to look, never what is there: the system's events mix creation,
 * removal and renaming, so every hint rests on a look of its own, one at a time for each path.
 *
 * Looks go by path, and a directory on the way may have become a link: what was seen counts only if all
 * directories above it, by path, are still those that are watched.
 */
import { type FSWatcher, type Stats, constants, watch } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { basename } from "node:path";
import type { WatchHint, WatchOptions } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { HintQueue } from "../../lib/hint-queue.ts";
import { Slots } from "../../lib/slots.ts";
import { isReserved, joinPath, parentPath } from "../../path.ts";
import { fromSystemError, isSystemError } from "./file-errors.ts";

const WATCHES_TREES: boolean = process.platform === "darwin" || process.platform === "win32";
/** Whether a directory can be watched by what is open. */
const OPENS: boolean = process.platform === "linux";
/** As what happens to a watched directory itself is named by the last of its path, that is no name of a file. */
const ITSELF = ".";
/** Looks and listings under way at once. */
const SLOTS = 32;
/** Looks that may wait. One more, and everything is looked at instead. */
const MOST_LOOKS = 4096;
/**
 * Linux keeps 16,384 events for a process and drops the rest, of which Node says nothing. So many of them
 * in one turn of the event loop mean that it may have come to that.
 */
const SUSPICIOUS_BURST = 8192;

export interface WatchedDirectory {
  /** Absolute path of the driver's root. */
  readonly root: string;
  /** Below the root; a directory a moment ago. */
  readonly path: string;
  readonly options: WatchOptions;
  /** Called once, when the watch has ended. */
  readonly onEnd: () => void;
}

interface Directory {
  readonly watcher: FSWatcher;
  readonly dev: number;
  readonly ino: number;
  /** Paths of those below it that are watched. */
  readonly children: Set<string>;
  /** Perhaps removed: the watch is void then, even if another one got its name and its inode. */
  stale: boolean;
}

export class FileWatch {
  readonly #root: string;
  readonly #path: string;
  /** Watch each directory by itself. */
  readonly #descends: boolean;
  /** Let the system watch the tree. */
  readonly #recursive: boolean;
  readonly #hints: HintQueue;
  readonly #slots: Slots = new Slots(SLOTS);
  readonly #walks: Slots = new Slots(1);
  readonly #directories: Map<string, Directory> = new Map();
  /** Paths that are being looked at; `true`: something happened there since. */
  readonly #looks: Map<string, boolean> = new Map();
  #burst = 0;

  constructor({ root, path, options, onEnd }: WatchedDirectory) {
    const { recursive = false, signal } = options;
    this.#root = root;
    this.#path = path;
    this.#descends = recursive && !WATCHES_TREES;
    this.#recursive = recursive && WATCHES_TREES;
    const release = (): void => {
      for (const { watcher } of this.#directories.values()) watcher.close();
      this.#directories.clear();
      onEnd();
    };
    this.#hints = new HintQueue({ path, signal, release });
  }

  /** Settles once everything is watched. */
  async begin(): Promise<AsyncIterable<WatchHint>> {
    await this.#watchTree(this.#path);
    if (this.#hints.failure !== undefined) throw this.#hints.failure;
    return this.#hints.stream();
  }

  stop(error: StorageError): void {
    this.#hints.stop(error);
  }

  /** Watches a directory and all below it, and gives up what is gone. One walk at a time. */
  async #watchTree(top: string): Promise<void> {
    try {
      await this.#walks.run(async () => {
        for (let level: readonly string[] = [top]; level.length > 0;) {
          const below = level.map((path) => this.#slots.run(() => this.#visit(path), undefined));
          level = (await Promise.all(below)).flat();
        }
      }, undefined);
    } catch (error) {
      if (top === this.#path && isSystemError(error, "ENOENT")) this.#hints.push(top, "removed");
      this.#hints.fail(describe(error, top));
    }
  }

  /** Watches one directory; gives those in it that are to be watched too. */
  async #visit(path: string): Promise<readonly string[]> {
    try {
      const directory = await this.#watchDirectory(path);
      if (directory === undefined || !this.#descends) return [];
      const found = await readdir(this.#absolute(path), { withFileTypes: true });
      const below = found
        .filter((each) => each.isDirectory())
        .map(({ name }) => joinPath(path, name))
        .filter((each) => !isReserved(each));
      const names = new Set(below);
      for (const child of directory.children) if (!names.has(child)) this.#forget(child);
      return below;
    } catch (error) {
      // What cannot be read cannot be synced either; what vanished is told of by its parent.
      const benign = isSystemError(error, "ENOENT", "ENOTDIR", "EACCES", "ENAMETOOLONG", "ELOOP");
      if (path === this.#path || !benign) throw error;
      this.#forget(path);
      return [];
    }
  }

  /** Looked at once more when it is watched: a link, or another directory, may have taken its name. */
  async #watchDirectory(path: string): Promise<Directory | undefined> {
    while (!this.#hints.ended) {
      const stats = await lstat(this.#absolute(path));
      const known = this.#directories.get(path);
      if (known !== undefined && isSame(known, stats)) return known;
      this.#forget(path);
      if (!stats.isDirectory()) return undefined;
      if (!(await this.#open(path))) return undefined;
    }
    return undefined;
  }

  /**
   * Watches what was opened, not what has its name by the time it is watched: behind a link that came and went it
   * might be any directory, and the number of an inode is no proof, for it is given again.
   * @returns whether it is in its place.
   */
  async #open(path: string): Promise<boolean> {
    const absolute = this.#absolute(path);
    if (!OPENS) {
      if (!(await this.#isInPlace(path))) return false;
      if (!this.#hints.ended) this.#add(path, absolute, await lstat(absolute));
      return true;
    }
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
    const handle: FileHandle = await open(absolute, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const stats = await handle.stat();
      if (!(await this.#isInPlace(path))) return false;
      if (!this.#hints.ended) this.#add(path, `/proc/self/fd/${handle.fd}/${ITSELF}`, stats);
      return true;
    } finally {
      await handle.close();
    }
  }

  #add(path: string, target: string, { dev, ino }: Stats): void {
    // Meanwhile somebody else may have come to watch it.
    this.#forget(path);
    const watcher = watch(target, { recursive: this.#recursive });
    watcher.on("change", (type, name) => this.#happened(path, type, name?.toString()));
    watcher.on("error", (error) => this.#hints.fail(describe(error, path)));
    this.#directories.set(path, { watcher, dev, ino, children: new Set(), stale: false });
    if (path !== this.#path) this.#directories.get(parentPath(path))?.children.add(path);
  }

  /** Watches no more what was at `path` or below it. */
  #forget(path: string): void {
    const directory = this.#directories.get(path);
    if (directory === undefined) return;
    directory.watcher.close();
    this.#directories.delete(path);
    this.#directories.get(parentPath(path))?.children.delete(path);
    for (const child of directory.children) this.#forget(child);
  }

  #happened(directory: string, type: string, name: string | undefined): void {
    if (this.#hints.ended) return;
    if (this.#burst++ === 0) setImmediate(() => (this.#burst = 0));
    const lost = this.#burst === SUSPICIOUS_BURST || this.#looks.size >= MOST_LOOKS;
    if (lost || name === undefined) return this.#touch(this.#path);
    // What happens to the directory itself comes under its own name, as if that were in it.
    const ownName = OPENS ? ITSELF : basename(this.#absolute(directory));
    if (name === ownName && this.#mayBeItself(directory, type)) return this.#touch(directory);
    const path = joinPath(directory, withSlashes(name));
    if (!isReserved(path)) this.#touch(path);
  }

  /** A change of the top's own attributes is nobody's business, and a look at all would be too much. */
  #mayBeItself(directory: string, type: string): boolean {
    const known = this.#directories.get(directory);
    if (known !== undefined && type === "rename") known.stale = true;
    return type === "rename" || directory !== this.#path;
  }

  #touch(path: string): void {
    if (this.#looks.has(path)) this.#looks.set(path, true);
    else void this.#look(path);
  }

  async #look(path: string): Promise<void> {
    try {
      do {
        this.#looks.set(path, false);
        await (path === this.#path ? this.#lookEverywhere() : this.#tell(path));
      } while (this.#looks.get(path) && !this.#hints.ended);
    } catch (error) {
      this.#hints.fail(describe(error, path));
    } finally {
      this.#looks.delete(path);
    }
  }

  async #lookEverywhere(): Promise<void> {
    await this.#watchTree(this.#path);
    this.#hints.overflow();
  }

  async #tell(path: string): Promise<void> {
    const stats = await this.#slots.run(() => lookAt(this.#absolute(path)), undefined);
    if (!(await this.#isInPlace(path))) return;
    const known = this.#directories.get(path);
    if (known !== undefined && (stats === undefined || !isSame(known, stats))) this.#forget(path);
    if (this.#descends && stats?.isDirectory() && !this.#directories.has(path)) {
      await this.#watchTree(path);
    }
    this.#hints.push(path, stats === undefined ? "removed" : "changed");
  }

  /** Otherwise its parent, or one above, has become something else, and is told of by itself. */
  async #isInPlace(path: string): Promise<boolean> {
    if (!this.#descends) return true;
    for (let above = path; above !== this.#path;) {
      above = parentPath(above);
      const known = this.#directories.get(above);
      const stats = await lookAt(this.#absolute(above));
      if (known === undefined || stats === undefined || !isSame(known, stats)) return false;
    }
    return true;
  }

  #absolute(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }
}

/** `undefined` if nothing is there, or if it cannot be told. */
async function lookAt(absolute: string): Promise<Stats | undefined> {
  try {
    return await lstat(absolute);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES", "ENAMETOOLONG", "ELOOP"))
      return undefined;
    throw error;
  }
}

function isSame(known: Directory, stats: Stats): boolean {
  return !known.stale && known.dev === stats.dev && known.ino === stats.ino;
}

function withSlashes(name: string): string {
  return process.platform === "win32" ? name.replaceAll("\\", "/") : name;
}

function describe(error: unknown, path: string): StorageError {
  if (!isSystemError(error, "ENOSPC", "EMFILE")) return fromSystemError(error, path, "watch");
  const message =
    "the system watches no more directories; raise fs.inotify.max_user_watches and max_user_instances";
  return new StorageError("unsupported", { path, message, operation: "watch", cause: error });
}
