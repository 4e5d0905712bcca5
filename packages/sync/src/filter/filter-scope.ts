/**
 * The rules as they hold in one directory: the filter's own, with those of the rule files of the
 * directory and the ones above it in their places. A directory without such a file shares its parent's.
 */
import { StorageError } from "@omnisync/storage";
import { posix } from "node:path";
import { type Filter, rulesFor } from "./filter.ts";
import type { DirectoryMerge, FilterItem, FilterRule } from "./filter-rule.ts";
import { gitRules } from "./git-rules.ts";
import { type RuleFile, type RuleList, parseRuleFile } from "./rule-file.ts";
import { RuleIndex } from "./rule-index.ts";
import type { RuleBase } from "./rsync-pattern.ts";

/** One side of a run as a filter sees it. */
export interface FilterSide {
  readonly filter: Filter;
  readonly side: "source" | "destination";
  /** The path of the place from the root of its store, without the first slash; "" or `home/me/`. */
  readonly root: string;
  /** Excluded entries of the destination are extras too. */
  readonly deleteExcluded: boolean;
  /** A rule file of the place; `undefined` if it is not there. Paths are relative to the place. */
  readonly read: (path: string) => Promise<RuleFile | undefined>;
  /** A rule file above the place, by its path from the root of the store. Default: there are none. */
  readonly readAbove?: ((path: string) => Promise<RuleFile | undefined>) | undefined;
}

type Lists = ReadonlyMap<DirectoryMerge, readonly FilterItem[]>;

const NO_LISTS: Lists = new Map();

export class FilterScope {
  readonly #side: FilterSide;
  readonly #lists: Lists;
  #directories: RuleIndex | undefined;
  #files: RuleIndex | undefined;

  private constructor(side: FilterSide, lists: Lists) {
    this.#side = side;
    this.#lists = lists;
  }

  /** The scope above the root of the transfer, with the rule files of the directories above it. */
  static async above(side: FilterSide): Promise<FilterScope> {
    let scope = new FilterScope(side, NO_LISTS);
    for (const merge of scope.#merges()) scope = await scope.#scanAbove(merge);
    return scope;
  }

  /** Whether entering a directory needs a look for files. */
  get readsFiles(): boolean {
    return this.#side.filter.readsFiles;
  }

  /** The rule that leaves out or takes the root of the transfer itself, where it has a name. */
  findRoot(): FilterRule | undefined {
    return this.#side.filter.prefix === "" ? undefined : this.find("", true);
  }

  /** The rule that decides for a path directly in the directory of this scope. */
  find(path: string, directory: boolean, perishable = true): FilterRule | undefined {
    const index = directory
      ? (this.#directories ??= this.#createIndex(true))
      : (this.#files ??= this.#createIndex(false));
    const { prefix } = this.#side.filter;
    return index.find(prefix === "" ? path : subject(prefix, path), directory, perishable);
  }

  /** The scope of a directory in this one; "" is the root of the transfer. */
  async enter(directory: string): Promise<FilterScope> {
    const lists = new Map<DirectoryMerge, readonly FilterItem[]>();
    // Rule files may name further rule files, for the same directory on.
    const merges = this.#merges();
    for (let i = 0; i < merges.length; i++) {
      const merge = merges[i] as DirectoryMerge;
      const inherited = merge.inherited ? (this.#lists.get(merge) ?? []) : [];
      const found = await this.#read(merge, directory);
      const list = found === undefined ? inherited : joined(found, inherited);
      if (list.length > 0) lists.set(merge, list);
      for (const item of found?.items ?? []) addMerge(merges, item);
    }
    return isSame(lists, this.#lists) ? this : new FilterScope(this.#side, lists);
  }

  /** The directory merges that hold here; two of one file name are one. */
  #merges(): DirectoryMerge[] {
    const merges: DirectoryMerge[] = [];
    for (const item of this.#side.filter.items) addMerge(merges, item);
    for (let i = 0; i < merges.length; i++) {
      for (const item of this.#lists.get(merges[i] as DirectoryMerge) ?? []) addMerge(merges, item);
    }
    return merges;
  }

  async #read(merge: DirectoryMerge, directory: string): Promise<RuleList | undefined> {
    const path = directory === "" ? merge.file : `${directory}/${merge.file}`;
    const file = await this.#side.read(path);
    if (file === undefined) return undefined;
    const base = { path: subject(this.#side.filter.prefix, directory), above: false };
    return this.#parse(merge, file, base, directory);
  }

  #parse(
    merge: DirectoryMerge,
    file: RuleFile,
    base: RuleBase,
    directory: string,
  ): RuleList | Promise<RuleList> {
    if (merge.syntax === "git") {
      return { items: gitRules(file.content, file.name, base.path), cleared: false };
    }
    return parseRuleFile(file, {
      template: merge.template,
      base,
      cvs: this.#side.filter.cvs,
      merge: (name) => this.#readMerged(name, directory, file),
    });
  }

  /**
   * What a `merge` rule of a rule file names, relative to the directory of the file. Only files of the
   * place: whoever wrote into a tree must not get at others through the messages about their lines.
   */
  async #readMerged(name: string, directory: string, from: RuleFile): Promise<RuleFile> {
    const path = posix.normalize(posix.join(directory, name));
    if (name.startsWith("/") || path.startsWith("../") || path === "..") {
      throw new StorageError("invalid-argument", {
        message: `${from.name}: merges "${name}", which lies outside`,
      });
    }
    const found = await this.#side.read(path);
    if (found !== undefined) return found;
    throw new StorageError("invalid-argument", {
      message: `${from.name}: merges "${name}", which is not there`,
    });
  }

  async #scanAbove(merge: DirectoryMerge): Promise<FilterScope> {
    const { root, readAbove } = this.#side;
    if (merge.from === undefined || readAbove === undefined) return this;
    const top = posix.resolve("/", root, merge.from).slice(1);
    const here = withoutSlash(this.#side.root);
    if (top !== "" && top !== here && !here.startsWith(`${top}/`)) return this;
    let list: readonly FilterItem[] = [];
    for (const directory of directoriesBetween(top, here)) {
      const file = await readAbove(posix.join(directory, merge.file));
      if (!merge.inherited) list = [];
      if (file === undefined) continue;
      list = joined(await this.#parse(merge, file, { path: directory, above: true }, ""), list);
    }
    return new FilterScope(this.#side, new Map([...this.#lists, [merge, list]]));
  }

  #createIndex(directory: boolean): RuleIndex {
    const { side, deleteExcluded, root, filter } = this.#side;
    const items = this.#flat(filter.items);
    const above = root.endsWith(filter.prefix)
      ? root.slice(0, root.length - filter.prefix.length)
      : root;
    return new RuleIndex(rulesFor(items, side, deleteExcluded), directory, above);
  }

  #flat(items: readonly FilterItem[]): readonly FilterItem[] {
    return items.flatMap((item) =>
      item.kind === "rule" ? [item] : this.#flat(this.#lists.get(item) ?? []),
    );
  }
}

/** A path as patterns see it: below the name above the root, if there is one. */
function subject(prefix: string, path: string): string {
  return path === "" ? withoutSlash(prefix) : `${prefix}${path}`;
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function addMerge(merges: DirectoryMerge[], item: FilterItem): void {
  if (item.kind !== "directory-merge") return;
  if (!merges.some(({ file }) => file === item.file)) merges.push(item);
}

function joined(
  { items, cleared }: RuleList,
  inherited: readonly FilterItem[],
): readonly FilterItem[] {
  if (cleared) return items;
  return items.length === 0 ? inherited : [...items, ...inherited];
}

function isSame(a: Lists, b: Lists): boolean {
  return a.size === b.size && [...a].every(([merge, list]) => b.get(merge) === list);
}

/** `a`, `a/b` for the directories from `a` to above `a/b/c`. */
function directoriesBetween(top: string, bottom: string): readonly string[] {
  if (top === bottom) return [];
  const names = (top === "" ? bottom : bottom.slice(top.length + 1)).split("/");
  return names.map((_, i) => posix.join(top, ...names.slice(0, i)).replace(/^\.$/, ""));
}
