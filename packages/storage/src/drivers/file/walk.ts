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
import { StorageError } from "../../errors.ts";
import { comparePaths, isReserved, joinPath } from "../../path.ts";
import {
  type ConfinedTree,
  type OpenDirectory,
  closeDirectory,
  directoryId,
} from "./confined-tree.ts";
import { type WireError, fromSystemError, isSystemError, packError } from "./file-errors.ts";
import { whenDescriptorsAllow } from "./descriptor-shortage.ts";
import { readTarget } from "./read-operations.ts";
import { type Tags, createTags, statRow, tagText, writeTag } from "./stat-row.ts";

export interface WalkRequest {
  readonly directory: string;
  readonly recursive: boolean;
  readonly includeReserved: boolean;
  readonly startAfter?: string | undefined;
}

/** A page as it travels between threads: numbers in arrays, texts in one string each. */
export interface WalkPage {
  readonly count: number;
  /** Paths, each ended by NUL, which no path holds. */
  readonly paths: string;
  readonly modes: Uint32Array<ArrayBuffer>;
  readonly sizes: Float64Array<ArrayBuffer>;
  readonly tags: Tags;
  readonly etags: string;
  /** Position in the page and target of each link. */
  readonly links: readonly (readonly [index: number, target: string])[];
  readonly problems: readonly WireError[];
  readonly done: boolean;
}

/** An open directory whose names are being gone through. */
interface Level {
  readonly path: string;
  readonly directory: OpenDirectory;
  readonly names: readonly string[];
  next: number;
  /** Directories that were seen and wait for their turn. */
  readonly waiting: { readonly name: string; readonly stats: Stats }[];
  /** What entries of this level must come after: an order key relative to this level. */
  readonly after: string | undefined;
}

/** U+FFFD stands for bytes that are not UTF-8; from U+D800 on UTF-16 order is not byte order. */
const UNUSUAL = /[\ud800-\uffff]/;

export class Walk {
  readonly #tree: ConfinedTree;
  readonly #request: WalkRequest;
  readonly #levels: Level[] = [];
  readonly #identity: string;
  #page: PageBuilder;

  /** @throws StorageError or a system error if the directory itself cannot be listed. */
  constructor(tree: ConfinedTree, request: WalkRequest) {
    this.#tree = tree;
    this.#request = request;
    this.#page = new PageBuilder(1);
    const { directory } = request;
    const opened = openTop(tree, directory);
    try {
      this.#identity = directoryId(opened);
      this.#levels.push(this.#level(directory, opened, afterWithin(directory, request.startAfter)));
    } catch (error) {
      closeDirectory(opened);
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

  close(): void {
    for (const level of this.#levels) closeDirectory(level.directory);
    this.#levels.length = 0;
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
      level.next++;
      this.#look(level, name);
    }
  }

  #look(level: Level, name: string): void {
    if (isOver(name, level.after)) return;
    if (!this.#request.includeReserved && isReserved(name)) return;
    const target = level.directory.prefix + name;
    let stats: Stats | undefined;
    try {
      stats = lstatSync(target, { throwIfNoEntry: false });
    } catch (error) {
      return this.#problem(error, joinPath(level.path, name));
    }
    // Removed since its name was read.
    if (stats === undefined) return;
    if (stats.isDirectory()) {
      level.waiting.push({ name, stats });
    } else if (level.after === undefined || comparePaths(name, level.after) > 0) {
      this.#add(level, name, stats);
    }
  }

  /** The turn of a directory: itself, then what is in it. */
  #enter(level: Level, name: string, stats: Stats): void {
    const key = `${name}/`;
    const { after } = level;
    if (after === undefined || comparePaths(key, after) > 0) this.#add(level, name, stats);
    else if (!after.startsWith(key)) return;
    if (this.#request.recursive) {
      this.#descend(level, name, after?.startsWith(key) ? after.slice(key.length) : undefined);
    }
  }

  #descend(level: Level, name: string, after: string | undefined): void {
    const path = joinPath(level.path, name);
    let directory: OpenDirectory | undefined;
    try {
      directory = whenDescriptorsAllow(() => this.#tree.openBelow(level.directory, name, path));
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
    return { path, directory, names: sorted, next: 0, waiting: [], after };
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

  #add(level: Level, name: string, stats: Stats): void {
    const path = level.path === "" ? name : `${level.path}/${name}`;
    let linkTarget: string | undefined;
    if (stats.isSymbolicLink()) {
      try {
        linkTarget = readTarget(level.directory.prefix + name, path);
      } catch (error) {
        if (isSystemError(error, "ENOENT", "EINVAL")) return;
        this.#problem(error, path);
      }
    }
    this.#page.add(path, stats, linkTarget);
  }

  #problem(error: unknown, path: string): void {
    this.#page.problems.push(packError(fromSystemError(error, path, "list")));
  }

  /** A root that was unmounted or removed meanwhile looks like an end of the listing; it is none. */
  #checkTop(): void {
    const { directory } = this.#request;
    let identity: string | undefined;
    try {
      const opened = openTop(this.#tree, directory);
      identity = directoryId(opened);
      closeDirectory(opened);
    } catch (error) {
      if (!isSystemError(error, "ENOENT", "ENOTDIR")) throw error;
    }
    if (identity === this.#identity) return;
    const message = "the directory vanished or was replaced while it was being listed";
    throw new StorageError("changed", { path: directory, message, operation: "list" });
  }
}

/** Collects entries into what `WalkPage` describes. */
class PageBuilder {
  readonly problems: WireError[] = [];
  readonly #limit: number;
  readonly #paths: string[] = [];
  readonly #modes: Uint32Array<ArrayBuffer>;
  readonly #sizes: Float64Array<ArrayBuffer>;
  readonly #tags: Tags;
  readonly #links: (readonly [number, string])[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    this.#modes = new Uint32Array(limit);
    this.#sizes = new Float64Array(limit);
    this.#tags = createTags(limit);
  }

  isFull(): boolean {
    return this.#paths.length === this.#limit || this.problems.length >= this.#limit;
  }

  add(path: string, stats: Stats, linkTarget: string | undefined): void {
    const index = this.#paths.length;
    this.#paths.push(path);
    this.#modes[index] = stats.mode;
    this.#sizes[index] = stats.size;
    writeTag(this.#tags, index, statRow(stats));
    if (linkTarget !== undefined) this.#links.push([index, linkTarget]);
  }

  finish(done: boolean): WalkPage {
    const count = this.#paths.length;
    return {
      count,
      paths: this.#paths.join("\0"),
      modes: this.#modes,
      sizes: this.#sizes,
      tags: this.#tags,
      etags: tagText(this.#tags, count),
      links: this.#links,
      problems: this.problems,
      done,
    };
  }
}

function openTop(tree: ConfinedTree, path: string): OpenDirectory {
  // Anew, not from what this tree may still hold open: that could be a directory of the past.
  tree.release();
  try {
    return tree.openOwn(path);
  } finally {
    tree.release();
  }
}

/** Whether `name` comes after everything that could sort before the directory `directory`. */
function isAfter(name: string, directory: string): boolean {
  return comparePaths(name, `${directory}/`) > 0;
}

/** Whether neither a file nor a directory of this name can hold anything after `after`. */
function isOver(name: string, after: string | undefined): boolean {
  if (after === undefined) return false;
  const key = `${name}/`;
  return comparePaths(key, after) <= 0 && !after.startsWith(key);
}

/** `startAfter` as it reads inside `directory`; `undefined` if it lies before all of it. */
function afterWithin(directory: string, startAfter: string | undefined): string | undefined {
  if (startAfter === undefined || directory === "") return startAfter;
  const prefix = `${directory}/`;
  if (startAfter.startsWith(prefix)) return startAfter.slice(prefix.length) || undefined;
  return comparePaths(startAfter, prefix) < 0 ? undefined : LAST;
}

/** Sorts after every name: no UTF-8 text begins with a byte as high as U+10FFFF's. */
const LAST = "\u{10ffff}\u{10ffff}";

/** Bytes as text: what is printable ASCII as it is, the rest as `\xff`. */
function showBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
