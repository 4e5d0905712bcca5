/** Files of equal content at one place: found by size, then by hash. Looking changes nothing. */
import { StorageError, joinPath, toStorageError } from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import {
  AMOUNT,
  COUNT,
  type Checks,
  FUNCTION,
  OBJECT,
  checkFields,
} from "../check-options/checks.ts";
import type { Filter } from "../filter/filter.ts";
import type { Place } from "../options.ts";
import { FAILURES_KEPT, type Failure, type Progress } from "../report.ts";
import { hashFile, hashHead } from "../run/hash-file.ts";
import { ProgressTracker } from "../run/progress-tracker.ts";
import { listFiles } from "../verify/list-files.ts";
import { readingGate } from "../verify/reading-gate.ts";
import { type Candidate, type CopyRow, CopyTable, type ListedFile } from "./copy-table.ts";
import { Duplicates } from "./duplicates.ts";
import { inodeOf } from "./hard-link.ts";

export interface FindDuplicatesOptions {
  readonly filter?: Filter | undefined;
  /** Smaller files are left alone, bytes. Default 1: empty files are all equal, and free nothing. */
  readonly minSize?: number | undefined;
  /** Files read at once. Default: what the store likes. */
  readonly jobs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each file that could not be read and each part that could not be listed; they take no part. */
  readonly onFailure?: ((failure: Failure) => void) | undefined;
}

/** A search that goes on: look at `progress`, wait for `done`. */
export interface DuplicateSearch {
  progress(): Progress;
  readonly done: Promise<Duplicates>;
}

/**
 * Looks for files of equal content. Only files that share their size are hashed (BLAKE3), and where the
 * store knows that hash of ours, not even those are read; what is removed later is read first in any case.
 * Close what it gives: it holds a temporary file.
 * @throws StorageError `not-found` if the place does not exist; `invalid-argument`; `aborted`; what ends the listing.
 */
export function findDuplicates(
  place: Place,
  options: FindDuplicatesOptions = {},
): Promise<Duplicates> {
  return startFindDuplicates(place, options).done;
}

/** `findDuplicates` with a view of its progress. */
export function startFindDuplicates(
  place: Place,
  options: FindDuplicatesOptions = {},
): DuplicateSearch {
  const search = new Search(place, options);
  return { progress: () => search.progress.snapshot(), done: search.run() };
}

const CHECKS: Checks<FindDuplicatesOptions> = {
  filter: OBJECT,
  minSize: AMOUNT,
  jobs: COUNT,
  signal: OBJECT,
  onFailure: FUNCTION,
};

/** Bytes above which a file's beginning is looked at before the whole. */
const LONG = 128 * 1024;

class Search {
  readonly progress: ProgressTracker = new ProgressTracker();
  readonly #place: Place;
  readonly #options: FindDuplicatesOptions;
  readonly #signal: AbortSignal;
  readonly #failures: Failure[] = [];
  #table: CopyTable = new CopyTable();

  constructor(place: Place, options: FindDuplicatesOptions) {
    this.#place = place;
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal);
  }

  async run(): Promise<Duplicates> {
    try {
      checkFields(this.#options, CHECKS);
      const files = await this.#list();
      await this.#readHeads();
      await this.#hashAll();
      this.#table.endCopies();
      const { failed } = this.progress;
      return new Duplicates(this.#place, this.#table, { files, failed, failures: this.#failures });
    } catch (error) {
      this.#table.close();
      throw error;
    }
  }

  async #list(): Promise<number> {
    const { filter, minSize = 1 } = this.#options;
    const onProblem = (error: StorageError, path: string): void => this.#fail(path, error);
    let files = 0;
    for await (const entry of listFiles(this.#place, { filter, signal: this.#signal, onProblem })) {
      if (entry.kind !== "file") continue;
      files++;
      this.progress.checked++;
      if (entry.size >= minSize) this.#table.addFile(entry);
    }
    return files;
  }

  /** Long files are told apart by their beginnings, where one can be read without the rest. */
  async #readHeads(): Promise<void> {
    this.#table.endFiles();
    if (this.#place.driver.readBlock === undefined) return;
    await this.#readEach(this.#table.longCandidates(LONG), (candidate) =>
      this.#readHead(candidate),
    );
  }

  async #readHead({ id, file }: Candidate): Promise<void> {
    const { driver, path: root } = this.#place;
    try {
      const head = await hashHead(driver, joinPath(root, file.path), file.etag, this.#signal);
      this.#table.addHead(id, head);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#table.addHead(id);
      this.#fail(file.path, toStorageError(error, { path: file.path }));
    }
  }

  async #hashAll(): Promise<void> {
    const candidates = this.#table.countCandidates();
    this.progress.filesTotal = candidates.files;
    this.progress.bytesTotal = candidates.bytes;
    this.progress.listed = true;
    await this.#readEach(this.#table.candidates(), (file) => this.#hash(file));
  }

  async #readEach<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
    const gate = readingGate(this.#place.driver, this.#options.jobs);
    try {
      for (const item of items) {
        this.#signal.throwIfAborted();
        const wait = gate.add(() => work(item));
        if (wait !== undefined) await wait;
      }
    } finally {
      await gate.drain();
    }
  }

  async #hash(listed: ListedFile): Promise<void> {
    const reading = this.progress.start(listed.path, listed.size);
    try {
      const copy = await this.#copyOf(listed);
      if (copy !== undefined) this.#table.addCopy(copy);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#fail(listed.path, toStorageError(error, { path: listed.path }));
    } finally {
      reading.add(listed.size);
      reading.end();
      this.progress.filesDone++;
    }
  }

  async #copyOf(listed: ListedFile): Promise<CopyRow | undefined> {
    const { driver, path: root } = this.#place;
    const path = joinPath(root, listed.path);
    const file = listed.complete ? listed : await this.#complete(path, listed);
    if (file === undefined) return undefined;
    const { size, mtime, etag } = file;
    const known = file.hashes?.blake3;
    const hash = known ?? (await hashFile(driver, path, file, "blake3", this.#signal));
    const inode = inodeOf(driver, file);
    return { path: listed.path, size, hash, mtime, etag, inode, read: known === undefined };
  }

  /** `undefined`: a link, which a listing without attributes showed as a file. */
  async #complete(path: string, listed: ListedFile): Promise<ListedFile | undefined> {
    const entry = await this.#place.driver.stat(path, { signal: this.#signal });
    if (entry === undefined || entry.size !== listed.size)
      throw new StorageError("changed", { path });
    return entry.kind === "file" ? { ...entry, mtime: entry.mtime ?? entry.storedAt } : undefined;
  }

  #fail(path: string, error: StorageError): void {
    const failure = { path, error };
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push(failure);
    this.progress.failed++;
    this.#options.onFailure?.(failure);
  }
}
