/**
 * Lists a directory, or everything below one, in byte order of `orderKey`, in pages, depth first.
 * Only the names of the directories that are open at the moment are held in memory.
 *
 * Order. Names are sorted as bytes, but a directory `a` counts as `a/`, so that `a-b` and `a.txt` come
 * before what is in `a` ("-" and "." are smaller than "/"). Which names are directories is only known
 * once they are looked at; so a directory that comes up waits until no smaller name is left. Those
 * that wait are each a prefix of the next, hence a stack whose top has the smallest key.
 *
 * Runs in a worker, on synchronous calls: six times faster than promises, in a tenth of the memory.
 */
import { type Stats, lstatSync, readdirSync } from "node:fs";
import type { AttributeName, Entry } from "../../entry.ts";
import { StorageError } from "../../errors.ts";
import { comparePaths, isReserved, isWithin, joinPath } from "../../path.ts";
import { type Prune, isPruned } from "../../prune.ts";
import {
  type ConfinedTree,
  type OpenDirectory,
  closeDirectory,
  directoryId,
} from "./confined-tree.ts";
import { fromSystemError, isSystemError, packError } from "./file-errors.ts";
import { whenDescriptorsAllow } from "./descriptor-shortage.ts";
import { type Look, lookMany } from "./look-many.ts";
import { type MoreRow, readMore, withMore } from "./more-attributes.ts";
import { resolved, targetIfText } from "./read-operations.ts";
import { rowEntry, statRow } from "./stat-row.ts";
import { afterWithin, isAfter, isOver } from "./walk-order.ts";
import { PageBuilder, type WalkPage } from "./walk-page.ts";

export interface WalkRequest {
  readonly directory: string;
  readonly recursive: boolean;
  readonly includeReserved: boolean;
  readonly startAfter?: string | undefined;
  readonly attributes?: readonly AttributeName[] | undefined;
  readonly oneFileSystem?: boolean | undefined;
  readonly prune?: Prune | undefined;
}

/** An open directory whose names are being gone through. */
interface Level {
  readonly path: string;
  readonly directory: OpenDirectory;
  readonly names: readonly string[];
  next: number;
  /** What is known of the names from `looksFrom` up to `looksEnd`. */
  looks: readonly Look[];
  looksFrom: number;
  looksEnd: number;
  /** Directories that were seen and wait for their turn. */
  readonly waiting: { readonly name: string; readonly stats: Stats }[];
  /** What entries of this level must come after: an order key relative to this level. */
  readonly after: string | undefined;
}

/** Names looked at together, and so the entries held for each open directory. */
const LOOKS_AT_ONCE = 256;
/** U+FFFD stands for bytes that are not UTF-8; from U+D800 on UTF-16 order is not byte order. */
const UNUSUAL = /[\ud800-\uffff]/;

export class Walk {
  readonly #tree: ConfinedTree;
  readonly #request: WalkRequest;
  readonly #levels: Level[] = [];
  /** The directories above the one that is listed. */
  readonly #above: OpenDirectory[] = [];
  readonly #identity: string;
  readonly #device: string;
  readonly #follows: boolean;
  readonly #readsMore: boolean;
  #page: PageBuilder;

  /** @throws StorageError or a system error if the directory itself cannot be listed. */
  constructor(tree: ConfinedTree, request: WalkRequest) {
    this.#tree = tree;
    this.#request = request;
    this.#page = new PageBuilder(1);
    this.#follows = tree.spec.see !== undefined;
    this.#readsMore = (request.attributes ?? []).length > 0;
    const { directory, startAfter } = request;
    let opened: OpenDirectory | undefined;
    try {
      opened = this.#openTop();
      this.#identity = directoryId(opened);
      this.#device = deviceOf(opened);
      this.#levels.push(this.#level(directory, opened, afterWithin(directory, startAfter)));
    } catch (error) {
      if (opened !== undefined) closeDirectory(opened);
      this.close();
      throw error;
    }
  }

  /** The next entries, about `limit` of them. After the page that says `done` there are none. */
  next(limit: number): WalkPage {
    // Problems met while opening are in the builder already.
    const problems = this.#page.problems;
    this.#page = new PageBuilder(limit);
    this.#page.problems.push(...problems);
    while (!this.#page.isFull()) {
      const level = this.#levels.at(-1);
      if (level === undefined) {
        this.#checkTop();
        return this.#page.finish(true);
      }
      this.#step(level);
    }
    return this.#page.finish(false);
  }

  /** Goes on behind a directory, if it is in it. */
  leave(directory: string): void {
    const inside = this.#levels.findIndex(({ path }, i) => i > 0 && isWithin(directory, path));
    if (inside < 0) return;
    for (const level of this.#levels.splice(inside)) closeDirectory(level.directory);
  }

  close(): void {
    for (const level of this.#levels) closeDirectory(level.directory);
    this.#levels.length = 0;
    for (const directory of this.#above) closeDirectory(directory);
    this.#above.length = 0;
  }

  /** Opens the directory to be listed, and keeps those above it. */
  #openTop(): OpenDirectory {
    const { directory } = this.#request;
    let opened = this.#tree.openRoot();
    let at = "";
    for (const name of directory === "" ? [] : directory.split("/")) {
      this.#above.push(opened);
      at = joinPath(at, name);
      opened = this.#tree.openBelow(opened, name, at);
    }
    return opened;
  }

  #step(level: Level): void {
    const name = level.names[level.next];
    const waiting = level.waiting.at(-1);
    if (waiting !== undefined && (name === undefined || isAfter(name, waiting.name))) {
      level.waiting.pop();
      this.#enter(level, waiting.name, waiting.stats);
    } else if (name === undefined) {
      this.#levels.pop();
      closeDirectory(level.directory);
    } else {
      this.#lookOn(level);
    }
  }

  /** Goes through the next names, many of them in one loop where no directory is waiting among them. */
  #lookOn(level: Level): void {
    const { names, path, after, waiting } = level;
    const looks = this.#looks(level);
    do {
      const at = level.next++;
      const name = names[at] as string;
      const seen = looks[at - level.looksFrom];
      const look = this.#follows && isLinkLook(seen) ? this.#throughLink(level, name, seen) : seen;
      // Removed since its name was read.
      if (look === undefined) continue;
      if (look instanceof Error) {
        this.#problem(look, joinPath(path, name));
      } else if (look.isDirectory()) {
        waiting.push({ name, stats: look });
      } else if (after === undefined || comparePaths(name, after) > 0) {
        this.#add(level, name, look);
      }
    } while (level.next < level.looksEnd && waiting.length === 0 && !this.#page.isFull());
  }

  /** What is known of the names from `looksFrom` on, the next one among them. */
  #looks(level: Level): readonly Look[] {
    if (level.next >= level.looksEnd) {
      const { root } = this.#tree.spec;
      const below = level.path === "" ? "" : `${level.path}/`;
      const plain = `${root === "/" ? "" : root}/${below}`;
      const above = [...this.#above];
      for (const each of this.#levels) if (each !== level) above.push(each.directory);
      const names = level.names.slice(level.next, level.next + LOOKS_AT_ONCE);
      level.looks = lookMany({ directory: level.directory, plain, above }, names);
      level.looksFrom = level.next;
      level.looksEnd = level.next + level.looks.length;
    }
    return level.looks;
  }

  /** The turn of a directory: itself, then what is in it. */
  #enter(level: Level, name: string, stats: Stats): void {
    const key = `${name}/`;
    const { after } = level;
    const isOther = this.#isOnOther(stats);
    if (after === undefined || comparePaths(key, after) > 0)
      this.#add(level, name, stats, isOther ? NOT_ENTERED : undefined);
    else if (!after.startsWith(key)) return;
    if (this.#request.recursive && !isOther && !this.#isPruned(level, name)) {
      this.#descend(level, name, after?.startsWith(key) ? after.slice(key.length) : undefined);
    }
  }

  #isOnOther({ dev }: Stats): boolean {
    return this.#request.oneFileSystem === true && String(dev) !== this.#device;
  }

  #isPruned(level: Level, name: string): boolean {
    const { prune, directory } = this.#request;
    if (prune === undefined) return false;
    const path = joinPath(level.path, name);
    return isPruned(prune, directory === "" ? path : path.slice(directory.length + 1));
  }

  #descend(level: Level, name: string, after: string | undefined): void {
    const path = joinPath(level.path, name);
    let directory: OpenDirectory | undefined;
    try {
      directory = whenDescriptorsAllow(() => this.#tree.openBelow(level.directory, name, path));
      if (this.#request.oneFileSystem && deviceOf(directory) !== this.#device) {
        const message = "another file system was mounted there while it was being listed";
        throw new StorageError("changed", { path, message, operation: "list" });
      }
      if (this.#follows) this.#refuseLoop(directory, path);
      this.#levels.push(this.#level(path, directory, after === "" ? undefined : after));
    } catch (error) {
      if (directory !== undefined) closeDirectory(directory);
      // Removed since it was looked at.
      if (isSystemError(error, "ENOENT")) return;
      this.#problem(error, path);
    }
  }

  #level(path: string, directory: OpenDirectory, after: string | undefined): Level {
    const names = whenDescriptorsAllow(() => readdirSync(directory.prefix));
    const sorted = names.some((name) => UNUSUAL.test(name))
      ? this.#readUnusual(path, directory)
      : names.sort();
    const wanted = sorted.filter((name) => this.#isWanted(name, after));
    return {
      path,
      directory,
      names: wanted,
      next: 0,
      looks: [],
      looksFrom: 0,
      looksEnd: 0,
      waiting: [],
      after,
    };
  }

  #isWanted(name: string, after: string | undefined): boolean {
    return !isOver(name, after) && (this.#request.includeReserved || !isReserved(name));
  }

  /** The names again, as bytes: those that are not UTF-8 are told of and left out. */
  #readUnusual(path: string, directory: OpenDirectory): string[] {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const names: string[] = [];
    for (const bytes of readdirSync(directory.prefix, "buffer")) {
      try {
        names.push(decoder.decode(bytes));
      } catch (cause) {
        const shown = joinPath(path, showBytes(bytes));
        const message = "the name is not UTF-8; rename it to have it synced";
        this.#problem(new StorageError("invalid-path", { path: shown, message, cause }), shown);
      }
    }
    return names.sort(comparePaths);
  }

  #add(level: Level, name: string, stats: Stats, known?: MoreRow): void {
    const path = level.path === "" ? name : `${level.path}/${name}`;
    let linkTarget: string | undefined;
    let more = known;
    if (this.#readsMore || this.#follows || !isPlain(stats)) {
      const { attributes } = this.#request;
      try {
        const target = resolved(this.#tree, level.directory.prefix + name, stats);
        const read = readMore(target, stats, attributes);
        more = known === undefined ? read : { ...read, ...known };
        const link = this.#follows && stats.isDirectory() && this.#linkAt(level, name);
        if (link) more = { ...more, throughLink: link };
      } catch (error) {
        if (isSystemError(error, "ENOENT")) return;
        // Told without it, it would be taken for one that has none.
        return this.#problem(error, path);
      }
    }
    if (stats.isSymbolicLink()) {
      try {
        linkTarget = targetIfText(level.directory.prefix + name);
      } catch (error) {
        if (isSystemError(error, "ENOENT", "EINVAL")) return;
        this.#problem(error, path);
      }
    }
    this.#page.add(path, stats, linkTarget, more);
  }

  /** What a link stands for; nothing, and a problem, if that is nothing. */
  #throughLink(level: Level, name: string, link: Stats): Look {
    const path = joinPath(level.path, name);
    try {
      const found = this.#tree.throughLink(level.directory.prefix + name, path, link);
      if (found !== undefined) return found;
      const message = "the link points to nothing";
      this.#problem(new StorageError("not-found", { path, message }), path);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** The link in whose place a directory is told. */
  #linkAt(level: Level, name: string): Entry | undefined {
    const target = level.directory.prefix + name;
    const stats = lstatSync(target, { throwIfNoEntry: false });
    if (!stats?.isSymbolicLink()) return undefined;
    const path = joinPath(level.path, name);
    const link = rowEntry(path, statRow(stats), targetIfText(target));
    return withMore(link, readMore(target, stats, this.#request.attributes));
  }

  /** A directory above itself has no end. @throws StorageError `unsupported` */
  #refuseLoop(directory: OpenDirectory, path: string): void {
    const id = directoryId(directory);
    const above = [...this.#above, ...this.#levels.map((level) => level.directory)];
    if (!above.some((each) => directoryId(each) === id)) return;
    const message = "is a link to a directory that it lies in, which has no end";
    throw new StorageError("unsupported", { path, message });
  }

  #problem(error: unknown, path: string): void {
    this.#page.problems.push(packError(fromSystemError(error, path, "list")));
  }

  /** A root that was unmounted or removed meanwhile looks like an end of the listing; it is none. */
  #checkTop(): void {
    const { directory } = this.#request;
    if (this.#topIdentity() === this.#identity) return;
    const message = "the directory vanished or was replaced while it was being listed";
    throw new StorageError("changed", { path: directory, message, operation: "list" });
  }

  #topIdentity(): string | undefined {
    // Anew, not from what the tree still holds open: that could be a directory of the past.
    this.#tree.release();
    try {
      return directoryId(this.#tree.directory(this.#request.directory));
    } catch (error) {
      if (!isSystemError(error, "ENOENT", "ENOTDIR")) throw error;
      return undefined;
    } finally {
      this.#tree.release();
    }
  }
}

function isLinkLook(look: Look): look is Stats {
  return look !== undefined && !(look instanceof Error) && look.isSymbolicLink();
}

const NOT_ENTERED: MoreRow = { notEntered: true };

/** Nothing about it costs a further look. */
function isPlain(stats: Stats): boolean {
  return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
}

function deviceOf(directory: OpenDirectory): string {
  return directoryId(directory).split(":")[0] as string;
}

/** Bytes as text: what is printable ASCII as it is, the rest as `\xff`. */
function showBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
