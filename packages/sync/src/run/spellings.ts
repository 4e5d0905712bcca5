/**
 * Whether what lies at a path lies there under that very name. Some disks take `A` for `a`, or a letter with its accent
 * for the two of them: they find at a path what was never put there, while their listing shows another name. Taken
 * for the path's own, it would be replaced by its twin, or be found to be the same and then removed as an extra.
 *
 * Asked only of what is there and was not listed, which is rare: then directories are listed for their names.
 */
import {
  type Driver,
  StorageError,
  baseName,
  isStorageError,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import type { Place } from "../options.ts";
import type { RunContext } from "./context.ts";

/** Names kept of the directories that were listed last. */
const MOST_NAMES = 100_000;
/** For how many times as long as a listing took it is good for: what asks for it again and again costs a tenth more. */
const GOOD_FOR = 10;

/** What is left of a name, or path, where case and Unicode form count for nothing. */
export function foldedName(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

interface Names {
  readonly names: ReadonlySet<string>;
  /** Those of them that are one but for case and normal form, by what they have in common. */
  readonly folded: ReadonlyMap<string, number>;
  readonly hasCapitals: boolean;
  /** When the listing was begun. */
  readonly since: number;
  readonly until: number;
}

type Run = Pick<RunContext, "source" | "destination" | "options" | "signal">;

export class Spellings {
  readonly #source: Listed;
  readonly #destination: Listed;
  readonly #directories: boolean;
  readonly #isMove: boolean;
  #met = false;

  constructor({ source, destination, options, signal }: Run) {
    this.#source = new Listed(source, signal);
    this.#destination = new Listed(destination, signal);
    this.#directories = destination.driver.capabilities.directories;
    this.#isMove = options.move === true;
  }

  /** Whether a path was met that lies there under another name. Then no extra is known to be one. */
  get met(): boolean {
    return this.#met;
  }

  /**
   * To be asked before anything is made of what was found at a path where the listing had nothing.
   * @throws StorageError `already-exists` if that is another path's.
   */
  async confirm(path: string): Promise<void> {
    const message = await this.problemOf(path);
    if (message !== undefined) throw new StorageError("already-exists", { path, message });
  }

  /** The error of a path that was to be free and was not, as it is to be told. */
  async explain(path: string, error: StorageError): Promise<StorageError> {
    if (error.code !== "precondition-failed") return error;
    return this.confirm(path).then(
      () => error,
      (problem: unknown) => (isStorageError(problem, "already-exists") ? problem : error),
    );
  }

  /** What is wrong with the name of what was found there, if anything. */
  async problemOf(path: string): Promise<string | undefined> {
    const problem = this.#directories ? await this.#find(path) : undefined;
    if (problem !== undefined) this.#met = true;
    return problem;
  }

  async #find(path: string): Promise<string | undefined> {
    for (let at = path; at !== ""; at = parentPath(at)) {
      if (!(await this.#destination.has(at))) return UNLISTED;
      for (const other of await this.#otherNames(at)) {
        if (await this.#destination.hides(joinPath(parentPath(at), other))) return TWIN;
      }
    }
    return undefined;
  }

  /** What a listed path may have been put there as, on a disk that lists all names in lower case. */
  async #otherNames(path: string): Promise<readonly string[]> {
    const twins = await this.#source.twins(path);
    // Of a move the twin may have gone from the source by now.
    const isTold = !this.#isMove || (await this.#destination.hasCapitals(path));
    const name = baseName(path);
    return isTold ? twins : [...twins, name.toUpperCase()].filter((other) => other !== name);
  }
}

/** The names in the directories of a place. */
class Listed {
  readonly #driver: Driver;
  readonly #root: string;
  readonly #signal: AbortSignal;
  /** By directory, the one that was listed first being the first. */
  readonly #kept: Map<string, Promise<Names>> = new Map();
  #count = 0;

  constructor({ driver, path }: Place, signal: AbortSignal) {
    this.#driver = driver;
    this.#root = path;
    this.#signal = signal;
  }

  /** What is not in a listing of before may have been made since, by another run: that is looked for afresh. */
  async has(path: string): Promise<boolean> {
    const now = performance.now();
    const name = baseName(path);
    if ((await this.#namesFor(path)).names.has(name)) return true;
    return (await this.#namesFor(path, now)).names.has(name);
  }

  /** Other names in its directory that differ in case or Unicode form only. */
  async twins(path: string): Promise<readonly string[]> {
    const { names, folded } = await this.#namesFor(path);
    const name = baseName(path);
    const key = foldedName(name);
    if ((folded.get(key) ?? 0) < 2) return [];
    return [...names].filter((other) => other !== name && foldedName(other) === key);
  }

  /** Whether a name in its directory shows that the place keeps capitals. */
  async hasCapitals(path: string): Promise<boolean> {
    return (await this.#namesFor(path)).hasCapitals;
  }

  /** Whether a path is found that no listing shows. */
  async hides(path: string): Promise<boolean> {
    const options = { signal: this.#signal };
    if ((await this.#driver.stat(joinPath(this.#root, path), options)) === undefined) return false;
    // As it is now: it may have been made a moment ago.
    return !(await this.#list(parentPath(path))).names.has(baseName(path));
  }

  /** Of the directory of a path: as they are now if it is not among those that are kept, as they were at `since` or later. */
  async #namesFor(path: string, since: number = 0): Promise<Names> {
    const directory = parentPath(path);
    let pending = this.#kept.get(directory);
    while (pending !== undefined) {
      const kept = await pending;
      const isGood = performance.now() < kept.until && kept.since >= since;
      if (kept.names.has(baseName(path)) || isGood) return kept;
      // Others may have waited for it too, and one of them has begun the next.
      const next = this.#kept.get(directory);
      pending = next === pending ? undefined : next;
    }
    const listing = this.#list(directory);
    this.#kept.set(directory, listing);
    try {
      this.#keepWithin((await listing).names.size, directory);
    } catch (error) {
      this.#kept.delete(directory);
      throw error;
    }
    return listing;
  }

  #keepWithin(more: number, directory: string): void {
    this.#count += more;
    if (this.#count <= MOST_NAMES) return;
    // All but what is asked for now; and that too, if it alone is too much.
    const last = more > MOST_NAMES ? undefined : this.#kept.get(directory);
    this.#kept.clear();
    this.#count = last === undefined ? 0 : more;
    if (last !== undefined) this.#kept.set(directory, last);
  }

  async #list(directory: string): Promise<Names> {
    const since = performance.now();
    const names = new Set<string>();
    const folded = new Map<string, number>();
    // What cannot be listed has been told of by the walk.
    const options = { includeReserved: true, signal: this.#signal, onProblem: () => {} };
    for await (const page of this.#driver.list(joinPath(this.#root, directory), options)) {
      for (const { path } of page) names.add(baseName(path));
    }
    for (const key of [...names].map(foldedName)) folded.set(key, (folded.get(key) ?? 0) + 1);
    const hasCapitals = [...names].some((name) => name !== name.toLowerCase());
    const now = performance.now();
    return { names, folded, hasCapitals, since, until: now + (now - since) * GOOD_FOR };
  }
}

const UNLISTED =
  "the destination has this under another name, from which it does not tell this one (case, or Unicode form): rename one of them";
const TWIN =
  "the source has, or had, another of this name but for case or Unicode form, and the destination does not tell them apart: rename one of them";
