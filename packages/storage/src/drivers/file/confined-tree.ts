/**
 * Paths below a root, opened so that no symbolic link on the way is ever followed, not even one that
 * is put in place of a directory while we are at it.
 *
 * Node has no `openat`. On Linux `/proc/self/fd/<n>/<name>` does the same: the kernel goes straight
 * to the directory that descriptor n holds, whatever its path has become. So each directory on a path
 * is opened by name below its parent's descriptor with O_NOFOLLOW, and every call on a file names it
 * below its directory's descriptor. It also makes paths longer than 4,095 bytes work.
 * Elsewhere each component is looked at with `lstat` first, which leaves a gap.
 *
 * Descriptors are kept for one batch of calls only: a directory that was renamed must not go on
 * receiving files under its old path. Every call of a batch was made before the batch began, so one
 * that sees the directories as they were then is in order. And none is closed while a call runs: the
 * number would be given to another file, and the path would lead there.
 */
import {
  type Stats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import type { FollowOptions } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { baseName, isWithin, leadsOut, parentPath } from "../../path.ts";
import { errorName, isSystemError } from "./file-errors.ts";

export interface RootSpec {
  /** Absolute path of the root, links above it resolved. */
  readonly root: string;
  /** Follow links to directories below the root. */
  readonly follow: boolean;
  /** What links at the end of a path are taken for. Default: links. Only with `follow`. */
  readonly see?: FollowOptions | undefined;
  /** Create the root if it is missing: only before it was ever seen. A root that vanished is an error. */
  readonly create: boolean;
}

/** A directory, held open where the system allows; `prefix + name` is a path for a system call. */
export interface OpenDirectory {
  readonly prefix: string;
  readonly fd: number | undefined;
  /** Whether new files get the mode they are opened with, less the umask. Unknown before the first. */
  keepsModes: boolean | undefined;
}

/** Where a path lies: its directory, and what to give to a system call. */
export interface Place {
  readonly directory: OpenDirectory;
  readonly name: string;
  readonly target: string;
}

/**
 * Whether missing directories on the way are made. `durable`: and are on stable storage before anything
 * is put into them, for a file is lost with the directory that leads to it.
 */
export type Creation = boolean | "durable";

/** Opens without reading or needing read permission; not in `fs.constants`. */
const O_PATH = 0o10000000;
/** With the number spelled out: the link `/proc/self` costs a tenth of a walk's time. */
const DESCRIPTORS: string | undefined = descriptorDirectory();
const MOST_KEPT = 64;

export class ConfinedTree {
  readonly spec: RootSpec;
  readonly #kept = new Map<string, OpenDirectory>();

  constructor(spec: RootSpec) {
    this.spec = spec;
  }

  /** Where `path` (not "") lies. With `create`, missing directories on the way are made. */
  place(path: string, create: Creation = false): Place {
    const directory = this.directory(parentPath(path), create);
    const name = baseName(path);
    return { directory, name, target: directory.prefix + name };
  }

  /** A directory that stays open until `release`. @throws as `node:fs`, or StorageError for a link. */
  directory(path: string, create: Creation = false): OpenDirectory {
    const known = this.#kept.get(path);
    if (known !== undefined) return known;
    let at = "";
    let directory = this.#kept.get("") ?? this.#keep("", this.#openRoot(create));
    if (path === "") return directory;
    for (const name of path.split("/")) {
      at = at === "" ? name : `${at}/${name}`;
      directory = this.#kept.get(at) ?? this.#keep(at, this.#open(directory, name, at, create));
    }
    return directory;
  }

  /** The root opened for the caller, who closes it with `closeDirectory`. */
  openRoot(): OpenDirectory {
    return this.#openRoot(false);
  }

  /** A subdirectory opened for the caller, who closes it with `closeDirectory`. */
  openBelow(parent: OpenDirectory, name: string, path: string): OpenDirectory {
    const target = parent.prefix + name;
    if (this.spec.follow || DESCRIPTORS === undefined) return this.#checkBelow(target, path);
    const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    try {
      return fromDescriptor(openSync(target, flags));
    } catch (error) {
      if (errorName(error) === "ENOTDIR" && isLink(target)) throw refuseLink(path);
      throw error;
    }
  }

  /** What lies there: itself, or what it points to where such a link is to be followed. */
  look(target: string, path: string): Stats | undefined {
    const stats = lstatSync(target, { throwIfNoEntry: false });
    return stats?.isSymbolicLink() ? this.throughLink(target, path, stats) : stats;
  }

  /** As `look`, for what is known to be a link. */
  throughLink(target: string, path: string, link: Stats): Stats | undefined {
    const { see } = this.spec;
    if (see === undefined) return link;
    if (see.which === "unsafe") {
      const inside = isWithin(see.base ?? "", path)
        ? path.slice(see.base ? see.base.length + 1 : 0)
        : path;
      if (!leadsOut(inside, readlinkSync(target))) return link;
    }
    if (see.which === "all" || see.which === "unsafe") return statBehind(target, path);
    const found = directoryAt(target);
    if (found === undefined) return link;
    const isInside = realpathSync(target).startsWith(
      this.spec.root === "/" ? "/" : `${this.spec.root}/`,
    );
    return see.which === "directories" || isInside ? found : link;
  }

  /** To be called before a call begins, never within: keeps the number of descriptors bounded. */
  trim(): void {
    if (this.#kept.size > MOST_KEPT) this.release();
  }

  /** Closes everything. Paths made from the directories are void from here on. */
  release(): void {
    for (const directory of this.#kept.values()) closeDirectory(directory);
    this.#kept.clear();
  }

  #open(parent: OpenDirectory, name: string, path: string, create: Creation): OpenDirectory {
    try {
      return this.openBelow(parent, name, path);
    } catch (error) {
      if (!create || !isSystemError(error, "ENOENT")) throw error;
    }
    const made = makeDirectory(parent.prefix + name);
    if (made && create === "durable") syncDirectory(`${parent.prefix}.`);
    return this.openBelow(parent, name, path);
  }

  #openRoot(create: Creation): OpenDirectory {
    const { root } = this.spec;
    try {
      return openPlain(root);
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
      if (!create) throw error;
      if (!this.spec.create) {
        throw new StorageError("not-found", {
          path: root,
          message: "the root was there and is gone; is its disk still mounted?",
          cause: error,
        });
      }
    }
    const highest = makeWithParents(root);
    if (highest !== undefined && create === "durable") syncAbove(root, highest);
    return openPlain(root);
  }

  #checkBelow(target: string, path: string): OpenDirectory {
    const stats = this.spec.follow ? statSync(target) : lstatSync(target);
    if (stats.isSymbolicLink()) throw refuseLink(path);
    if (!stats.isDirectory()) {
      throw new StorageError("not-a-directory", { path, message: "is not a directory" });
    }
    return { prefix: `${target}/`, fd: undefined, keepsModes: undefined };
  }

  #keep(path: string, directory: OpenDirectory): OpenDirectory {
    this.#kept.set(path, directory);
    return directory;
  }
}

/** What a link points to. That links are never followed, which `ELOOP` says of the others, is not so here. */
function statBehind(target: string, path: string): Stats | undefined {
  try {
    return statSync(target, { throwIfNoEntry: false });
  } catch (error) {
    if (!isSystemError(error, "ELOOP")) throw error;
    const message = "the link leads in a circle";
    throw new StorageError("unsupported", { path, message, cause: error });
  }
}

export function closeDirectory(directory: OpenDirectory): void {
  if (directory.fd !== undefined) closeSync(directory.fd);
}

/** Device and inode: whether two openings are one directory. */
export function directoryId(directory: OpenDirectory): string {
  const stats = directory.fd === undefined ? statSync(directory.prefix) : fstatSync(directory.fd);
  return `${stats.dev}:${stats.ino}`;
}

/** Creates a directory; somebody else having just done so is as good. */
export function makeDirectory(target: string, mode = 0o777): boolean {
  try {
    mkdirSync(target, { mode });
    return true;
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
    return false;
  }
}

/**
 * Creates a directory and those above it that are missing. Node's `recursive` never ends where a directory is there and the
 * file system says ENOENT for one in it, as `/proc` does. @returns the highest that was missing.
 */
function makeWithParents(path: string): string | undefined {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const each of missing) makeDirectory(each);
  return missing[0];
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Every directory that got one of the new ones, which go from `highest` down to `lowest`. */
function syncAbove(lowest: string, highest: string): void {
  for (let made = lowest; made.length >= highest.length; made = dirname(made)) {
    syncDirectory(dirname(made));
  }
}

function openPlain(root: string): OpenDirectory {
  if (DESCRIPTORS !== undefined)
    return fromDescriptor(openSync(root, O_PATH | constants.O_DIRECTORY));
  if (!statSync(root).isDirectory()) {
    throw new StorageError("not-a-directory", {
      path: root,
      message: "the root is not a directory",
    });
  }
  return { prefix: root.endsWith("/") ? root : `${root}/`, fd: undefined, keepsModes: undefined };
}

function fromDescriptor(fd: number): OpenDirectory {
  return { prefix: `${DESCRIPTORS}${fd}/`, fd, keepsModes: undefined };
}

function descriptorDirectory(): string | undefined {
  if (process.platform !== "linux" || !existsSync("/proc/self/fd")) return undefined;
  return `/proc/${readlinkSync("/proc/self")}/fd/`;
}

function isLink(target: string): boolean {
  return lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** The directory that a link leads to, if it leads to one. */
function directoryAt(target: string): Stats | undefined {
  try {
    const found = statSync(target, { throwIfNoEntry: false });
    return found?.isDirectory() ? found : undefined;
  } catch (error) {
    if (isSystemError(error, "ELOOP", "EACCES", "ENOTDIR")) return undefined;
    throw error;
  }
}

function refuseLink(path: string): StorageError {
  return new StorageError("not-a-directory", {
    path,
    message: 'is a symbolic link, which is not followed (setting "links" is "refuse")',
  });
}
