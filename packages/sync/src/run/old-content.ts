/**
 * Keeps what a run replaces or removes, before it does. The old content stays at its path until new
 * content takes its place: it gets a second name or a copy, so that at no moment it lies nowhere. A
 * replacement that fails afterwards leaves a backup of what is still there, which is no harm.
 */
import {
  type Entry,
  StorageError,
  baseName,
  isReserved,
  isStorageError,
  isWithin,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import type { Place, SyncOptions } from "../options.ts";
import { type BackupNames, backupPath } from "../plan/backup-names.ts";
import { duplicate } from "./duplicate.ts";

export interface Kept {
  /** What lies at the path now: the same content, perhaps under another etag; nothing if it had to be moved. */
  readonly entry: Entry | undefined;
  /** Where its backup lies, in the destination's store or the place of backups. */
  readonly backup: string;
}

export interface OldContentOptions {
  readonly names: BackupNames;
  readonly destination: Place;
  /** Files are written into in place: a second name would be written into as well. */
  readonly inplace: boolean;
  readonly durable: boolean;
  readonly signal: AbortSignal;
  /** Whether a file of the source has its place at this path of the destination. Default: none has. */
  readonly isTaken?: ((path: string) => Promise<boolean>) | undefined;
}

export class OldContent {
  readonly #options: OldContentOptions;
  /** What was kept of paths that are not settled yet. */
  readonly #kept: Map<string, Kept> = new Map();
  /** Numbers in the names of backups of such paths, where the usual name is not free. */
  readonly #numbers: Map<string, number> = new Map();
  #last: string | undefined;

  constructor(options: OldContentOptions) {
    this.#options = options;
  }

  /** Where the backup of a path lies, or would. */
  nameOf(path: string): string {
    const { names, destination } = this.#options;
    // A place that is a file is a path of the directory that holds it.
    const [root, name] =
      path === ""
        ? [parentPath(destination.path), baseName(destination.path)]
        : [destination.path, path];
    const numbered = withNumber(name, this.#numbers.get(path));
    return joinPath(names.elsewhere === undefined ? root : "", backupPath(numbered, names));
  }

  /**
   * Makes `nameOf` a name that is none of the source's own files, nor that of their backups: `a~` may be a file
   * like any other, and then the backup of `a` is `a.1~`. Until the path is forgotten.
   */
  async findName(path: string): Promise<void> {
    const { names, isTaken } = this.#options;
    if (isTaken === undefined || path === "" || this.#numbers.has(path)) return;
    for (let number: number | undefined; ; number = (number ?? 0) + 1) {
      const name = withNumber(path, number);
      const isFree =
        !(await isTaken(backupPath(name, names))) &&
        (number === undefined || !(await isTaken(name)));
      if (!isFree) continue;
      if (number !== undefined) this.#numbers.set(path, number);
      return;
    }
  }

  /**
   * Keeps the content of a file or link.
   * @throws StorageError `precondition-failed` or `changed` if it is not what was looked at.
   */
  async keep(path: string, entry: Entry): Promise<Kept> {
    const earlier = this.#kept.get(path);
    const now = await this.#look(path, entry);
    if (earlier !== undefined) {
      if (earlier.entry !== undefined && isSame(earlier.entry, now))
        return { ...earlier, entry: now };
      // An attempt before this one kept other content, which a second backup would replace.
      throw new StorageError("already-exists", {
        path,
        message: `changed while it was replaced; what it was before is kept as ${earlier.backup}`,
      });
    }
    const { destination, names, inplace, durable, signal } = this.#options;
    await this.findName(path);
    const backup = this.nameOf(path);
    if (now.kind === "other") return this.#moveAway(path, backup);
    const made = await duplicate({
      from: destination.driver,
      fromPath: joinPath(destination.path, path),
      entry: now,
      to: names.elsewhere?.driver ?? destination.driver,
      toPath: backup,
      mayLink: !inplace,
      options: { durable, signal },
    });
    const kept = { entry: await this.#entryAfter(path, now, made), backup };
    this.#kept.set(path, kept);
    return kept;
  }

  /** In a dry run: the path would be kept. */
  noteWouldKeep(path: string): void {
    this.#last = path;
  }

  /** In a dry run, whose removals go in reverse order: whether a directory would hold backups. */
  wouldStay(directory: string): boolean {
    const { names } = this.#options;
    const beside = names.elsewhere === undefined && names.directory === "";
    return beside && this.#last !== undefined && isWithin(directory, this.#last);
  }

  /** The path is settled: what was kept of it stays, and is not thought of any more. */
  forget(path: string): void {
    this.#kept.delete(path);
    this.#numbers.delete(path);
  }

  /** FIFOs, sockets and devices can be neither copied nor linked. */
  async #moveAway(path: string, backup: string): Promise<Kept> {
    const { destination, durable, names, signal } = this.#options;
    const { driver, path: root } = destination;
    if (names.elsewhere !== undefined || driver.move === undefined) {
      throw new StorageError("unsupported", { path, message: "cannot be kept as a backup" });
    }
    await driver.move(joinPath(root, path), backup, { durable, signal });
    return { entry: undefined, backup };
  }

  async #look(path: string, expected: Entry): Promise<Entry> {
    const { destination, signal } = this.#options;
    const { driver } = destination;
    const pinned = expected.kind === "file" && driver.capabilities.conditions.copySource;
    // A store that can hold the copy to an etag need not be asked.
    if (pinned && driver.hardLink === undefined && expected.etag !== undefined) return expected;
    const now = await driver.stat(joinPath(destination.path, path), { signal });
    if (now !== undefined && isSame(expected, now)) return { ...now, path: expected.path };
    throw new StorageError("precondition-failed", {
      path,
      message: now === undefined ? "is gone" : "is not what it was when it was listed",
    });
  }

  /** A second name changes the etag of the first. */
  async #entryAfter(path: string, before: Entry, made: Entry): Promise<Entry> {
    const { destination, signal } = this.#options;
    if (destination.driver.hardLink === undefined) return before;
    const now = await destination.driver.stat(joinPath(destination.path, path), { signal });
    if (now !== undefined && isSame(before, now) && made.size === now.size)
      return { ...now, path: before.path };
    throw new StorageError("changed", { path, message: "changed while it was put aside" });
  }
}

function withNumber(name: string, number: number | undefined): string {
  return number === undefined ? name : `${name}.${number}`;
}

/** What keeps old content in a run with these options, if anything does. */
export function createOldContent(
  options: SyncOptions,
  source: Place,
  destination: Place,
  names: BackupNames | undefined,
  signal: AbortSignal,
): OldContent | undefined {
  if (names === undefined) return undefined;
  const isAmongOthers = names.elsewhere === undefined && !isReserved(names.directory);
  const isTaken = isAmongOthers ? takenBy(source, options, signal) : undefined;
  const inplace = options.inplace === true || options.append !== undefined;
  const durable = options.durable === true || options.move === true;
  return new OldContent({ names, destination, inplace, durable, signal, isTaken });
}

function takenBy(
  { driver, path: root }: Place,
  { filter }: Pick<SyncOptions, "filter">,
  signal: AbortSignal,
): (path: string) => Promise<boolean> {
  return async (path) => {
    if (filter?.includes(path, false) === false) return false;
    try {
      const found = await driver.stat(joinPath(root, path), { signal });
      return found !== undefined && found.kind !== "directory";
    } catch (error) {
      // A name that the source cannot have, or a source that is a file.
      if (isStorageError(error, "not-found", "not-a-directory", "invalid-path")) return false;
      throw error;
    }
  };
}

/** One content, as far as can be seen: an etag may change with the number of names. */
export function isSame(a: Entry, b: Entry): boolean {
  if (a.kind !== b.kind || a.size !== b.size) return false;
  if (a.etag !== undefined && a.etag === b.etag) return true;
  return a.mtime !== undefined && a.mtime === b.mtime;
}
