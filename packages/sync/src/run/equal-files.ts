/**
 * Files that are new at the destination and yet need no transfer: equal ones lie in a place of the
 * options' `alternates`, or (`fuzzy`) under another name beside. What counts as equal is what does
 * between source and destination; a file beside must have the same content by its hash.
 */
import { type Entry, isStorageError, joinPath, parentPath } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { Alternates } from "../options/write-options.ts";
import type { Place } from "../options.ts";
import { commonHash, compareFiles, effectiveMtime } from "../plan/compare.ts";
import type { RunContext } from "./context.ts";
import { hashFile } from "./hash-file.ts";
import { viewDestination } from "./view-places.ts";
import { lookAt, resolveQuestion } from "./resolve-question.ts";

export interface EqualFile {
  readonly place: Place;
  /** Relative to that place. */
  readonly path: string;
  readonly entry: Entry;
  readonly use: Alternates["kind"];
  /** Whether its attributes are the source's too. */
  readonly hasAttributes: boolean;
}

/** More are not looked through. */
const MOST_BESIDE = 10_000;

export class EqualFiles {
  readonly #context: Looking;
  readonly #use: Alternates["kind"];
  readonly #places: readonly Place[];
  /** The files of the directory that was listed last. */
  #beside: { readonly directory: string; readonly files: Promise<readonly Entry[]> } | undefined;

  constructor(context: Looking) {
    this.#context = context;
    const { kind, places } = context.options.alternates ?? NO_ALTERNATES;
    this.#use = kind;
    this.#places = places.map((place) => viewDestination(place, context.options));
  }

  /** An equal file for a path that the destination lacks. */
  async find(pair: Pair): Promise<EqualFile | undefined> {
    const { source, destination } = pair;
    if (source === undefined || destination !== undefined) return undefined;
    return (await this.#findAlternate(pair)) ?? this.#findBeside(pair);
  }

  async #findAlternate(pair: Pair): Promise<EqualFile | undefined> {
    let second: EqualFile | undefined;
    const use = this.#use;
    for (const place of this.#places) {
      const entry = await this.#lookIfThere(place, pair.path);
      const how = entry === undefined ? "different" : await this.#compare(pair, place, entry);
      if (how === "different" || entry === undefined) continue;
      const found = { place, path: pair.path, entry, use, hasAttributes: how === "same" };
      if (found.hasAttributes) return found;
      if (use !== "compare") second ??= found;
    }
    return second;
  }

  async #compare(
    pair: Pair,
    place: Place,
    entry: Entry,
  ): Promise<"same" | "attributes" | "different"> {
    const { source, rules, signal } = this.#context;
    if (pair.source!.kind !== entry.kind) return "different";
    if (entry.kind === "symlink") {
      return entry.linkTarget === pair.source!.linkTarget ? "same" : "different";
    }
    let current: Pair = { ...pair, destination: entry };
    const looking = { source, destination: place, signal, cache: undefined };
    for (;;) {
      if (current.source === undefined || current.destination === undefined) return "different";
      const comparison = compareFiles(current.source, current.destination, rules);
      if (comparison.kind !== "ask") return comparison.kind;
      current = await resolveQuestion(looking, current, comparison.what);
    }
  }

  async #findBeside({ path, source }: Pair): Promise<EqualFile | undefined> {
    const { destination, options, rules } = this.#context;
    const { driver } = destination;
    if (!options.fuzzy || path === "" || source!.kind !== "file" || source!.size === 0)
      return undefined;
    // The store copies from the source as cheaply, and surely.
    if (driver.canCopyFrom?.(this.#context.source.driver)) return undefined;
    for (const { path: beside, size } of await this.#filesIn(parentPath(path))) {
      if (size !== source!.size || beside === path) continue;
      const entry = await this.#lookIfThere(destination, beside);
      if (entry?.kind !== "file" || !isSameTime(source!, entry, rules.mtimeWindow)) continue;
      if (await this.#isSameContent(path, source!, beside, entry))
        return { place: destination, path: beside, entry, use: "copy", hasAttributes: false };
    }
    return undefined;
  }

  async #isSameContent(path: string, a: Entry, beside: string, b: Entry): Promise<boolean> {
    const { source, destination, signal } = this.#context;
    const name = commonHash(a, b);
    const hash = (place: Place, at: string, entry: Entry): Promise<string> | string =>
      entry.hashes?.[name] ?? hashFile(place.driver, joinPath(place.path, at), entry, name, signal);
    const [here, there] = await Promise.all([hash(source, path, a), hash(destination, beside, b)]);
    return here === there;
  }

  #filesIn(directory: string): Promise<readonly Entry[]> {
    if (this.#beside?.directory !== directory)
      this.#beside = { directory, files: this.#list(directory) };
    return this.#beside.files;
  }

  async #list(directory: string): Promise<readonly Entry[]> {
    const { destination, signal } = this.#context;
    const { driver, path: root } = destination;
    const full = joinPath(root, directory);
    const files: Entry[] = [];
    try {
      for await (const page of driver.list(full, { signal, onProblem: () => {} })) {
        for (const { path, kind, size } of page) {
          if (kind !== "file") continue;
          const relative = root === "" ? path : path.slice(root.length + 1);
          files.push({ path: relative, kind, size, complete: false });
        }
        if (files.length >= MOST_BESIDE) break;
      }
    } catch (error) {
      if (!isStorageError(error, "not-found", "not-a-directory")) throw error;
    }
    return files;
  }

  async #lookIfThere(place: Place, path: string): Promise<Entry | undefined> {
    try {
      return await lookAt({ ...this.#context, cache: undefined }, place, path);
    } catch (error) {
      if (isStorageError(error, "not-found", "not-a-directory")) return undefined;
      throw error;
    }
  }
}

function isSameTime(a: Entry, b: Entry, window: number | undefined): boolean {
  const [x, y] = [effectiveMtime(a), effectiveMtime(b)];
  return x !== undefined && y !== undefined && Math.abs(x - y) <= (window ?? 0);
}

type Looking = Pick<RunContext, "source" | "destination" | "signal" | "rules" | "options">;

const NO_ALTERNATES: Alternates = { kind: "compare", places: [] };
