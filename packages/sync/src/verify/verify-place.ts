/**
 * Holds the content of a place against what is known of it: what its store and omnisync keep with each
 * file (hash, ETag, parts), or a list of sums made earlier. Changes nothing.
 */
import { type Entry, StorageError, baseName, joinPath, toStorageError } from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import {
  COUNT,
  type Checks,
  FLAG,
  FUNCTION,
  OBJECT,
  checkFields,
} from "../check-options/checks.ts";
import type { Filter } from "../filter/filter.ts";
import type { Place } from "../options.ts";
import { FAILURES_KEPT, type Failure, type Progress } from "../report.ts";
import { ProgressTracker } from "../run/progress-tracker.ts";
import { Unlisted } from "../walk/unlisted.ts";
import { type ContentRead, type KnownContent, knownContent, readContent } from "./known-content.ts";
import { listFiles } from "./list-files.ts";
import { readingGate } from "./reading-gate.ts";
import type { Sum } from "./sums.ts";
import { SumsTable } from "./sums-table.ts";

export interface VerifyPlaceOptions {
  readonly filter?: Filter | undefined;
  /** Hold the content against these (see `parseSums`). Default: against what is kept with each file. */
  readonly sums?: AsyncIterable<Sum> | Iterable<Sum> | undefined;
  /** With `sums`: read every file, even where its store knows the hash. Default false. Without `sums` all is read. */
  readonly download?: boolean | undefined;
  /** With `sums`: files that are not among them do not count. Default false. */
  readonly oneWay?: boolean | undefined;
  /** Files read at once. Default: what the store likes. */
  readonly jobs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each file, in the order in which they are done. Must not throw. */
  readonly onEvent?: ((event: VerifyEvent) => void) | undefined;
}

/**
 * - `match`: the content has the hash that is known of it (`by`).
 * - `mismatch`: it has not: the file is damaged, or the sum is of another version of it.
 * - `unknown`: it could be read to its end, but there is nothing to hold it against.
 * - `missing`, `extra`: only among the sums, only at the place.
 * - `error`: it could not be read.
 */
export interface VerifyEvent {
  readonly kind: "match" | "mismatch" | "unknown" | "missing" | "extra" | "error";
  readonly path: string;
  readonly size?: number | undefined;
  readonly by?: KnownContent | undefined;
  /** The value found, where it is not that of `by`. */
  readonly found?: string | undefined;
  readonly error?: StorageError | undefined;
}

export interface VerifyReport {
  readonly match: number;
  readonly mismatch: number;
  readonly unknown: number;
  readonly missing: number;
  readonly extra: number;
  readonly errors: number;
  readonly failures: readonly Failure[];
  /** Bytes of files that were read. */
  readonly bytesRead: number;
  /** True only if every file was held against something and is equal to it, and none is missing or extra. */
  readonly verified: boolean;
  /** Milliseconds. */
  readonly duration: number;
}

/** A verification that goes on: look at `progress`, wait for `done`. */
export interface VerifyInProgress {
  progress(): Progress;
  /** As in `SyncRun`. */
  report(): VerifyReport | undefined;
  readonly done: Promise<VerifyReport>;
}

/**
 * Reads a place back and holds it against what is known of it. A damaged file is an event and not an
 * exception; so is one that cannot be read.
 * @throws StorageError `not-found` if the place does not exist; `invalid-argument`; `aborted`; what ends the listing or the sums.
 */
export function verifyPlace(place: Place, options: VerifyPlaceOptions = {}): Promise<VerifyReport> {
  return startVerifyPlace(place, options).done;
}

/** `verifyPlace` with a view of its progress. */
export function startVerifyPlace(place: Place, options: VerifyPlaceOptions = {}): VerifyInProgress {
  const run = new VerifyRun(place, options);
  const done = run.report();
  return { progress: () => run.progress.snapshot(), report: () => run.ended, done };
}

const CHECKS: Checks<VerifyPlaceOptions> = {
  filter: OBJECT,
  sums: OBJECT,
  download: FLAG,
  oneWay: FLAG,
  jobs: COUNT,
  signal: OBJECT,
  onEvent: FUNCTION,
};

class VerifyRun {
  readonly progress: ProgressTracker = new ProgressTracker();
  /** Its report, once it has ended, also by an error. */
  ended: VerifyReport | undefined;
  readonly #place: Place;
  readonly #options: VerifyPlaceOptions;
  readonly #signal: AbortSignal;
  readonly #unlisted: Unlisted = new Unlisted();
  readonly #failures: Failure[] = [];
  #bytesRead = 0;
  readonly #counts: Record<VerifyEvent["kind"], number> = {
    match: 0,
    mismatch: 0,
    unknown: 0,
    missing: 0,
    extra: 0,
    error: 0,
  };

  constructor(place: Place, options: VerifyPlaceOptions) {
    this.#place = place;
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
    setMaxListeners(0, this.#signal);
  }

  async report(): Promise<VerifyReport> {
    checkFields(this.#options, CHECKS);
    const { sums } = this.#options;
    const table = sums === undefined ? undefined : await SumsTable.load(sums);
    try {
      await this.#readAll(table);
      for (const path of table?.untaken() ?? []) this.#missing(path);
    } finally {
      table?.close();
      this.ended = this.#total();
    }
    return this.ended;
  }

  async #readAll(table: SumsTable | undefined): Promise<void> {
    const { filter, jobs } = this.#options;
    const gate = readingGate(this.#place.driver, jobs);
    const onProblem = (error: StorageError, path: string): void => {
      this.#unlisted.add(path);
      this.#fail(path, error);
    };
    try {
      for await (const entry of listFiles(this.#place, {
        filter,
        signal: this.#signal,
        onProblem,
      })) {
        const path = entry.path === "" ? baseName(this.#place.path) : entry.path;
        const wanted = table?.take(path);
        if (entry.kind !== "file") {
          if (wanted !== undefined) this.#fail(path, notFile(path));
          continue;
        }
        const isExtra = table !== undefined && wanted === undefined;
        if (isExtra && this.#options.oneWay) continue;
        const wait = gate.add(() => this.#settle(path, entry, wanted, isExtra));
        if (wait !== undefined) await wait;
      }
      this.progress.listed = true;
    } finally {
      await gate.drain();
    }
  }

  async #settle(
    path: string,
    entry: Entry,
    wanted: Sum | undefined,
    isExtra: boolean,
  ): Promise<void> {
    const full = joinPath(this.#place.path, entry.path);
    this.progress.expect(entry.size);
    const reading = this.progress.start(path, entry.size);
    try {
      if (isExtra) await this.#extra(path, full, entry);
      else this.#tell(await this.#compare(path, full, entry, wanted));
      reading.add(entry.size);
    } catch (error) {
      this.#signal.throwIfAborted();
      await this.#conclude(path, full, entry, wanted, toStorageError(error, { path }));
    } finally {
      reading.end();
    }
  }

  async #compare(
    path: string,
    full: string,
    entry: Entry,
    wanted: Sum | undefined,
  ): Promise<VerifyEvent> {
    const { size } = entry;
    if (wanted === undefined) {
      const { expected, value } = await this.#read(full, entry, knownContent);
      return conclusion(path, size, expected, value);
    }
    const by: KnownContent = { kind: "hash", name: wanted.name, value: wanted.hash };
    const stored = await this.#storedHash(full, entry, wanted);
    return conclusion(path, size, by, stored ?? (await this.#read(full, entry, () => by)).value);
  }

  async #read(
    full: string,
    entry: Entry,
    known: (entry: Entry) => KnownContent | undefined,
  ): Promise<ContentRead> {
    const read = await readContent(this.#place.driver, full, entry, known, this.#signal);
    this.#bytesRead += entry.size;
    return read;
  }

  /** What the store knows of the content, if that is to be trusted. */
  async #storedHash(full: string, entry: Entry, { name }: Sum): Promise<string | undefined> {
    const { driver } = this.#place;
    if (this.#options.download || !driver.capabilities.hashes.includes(name)) return undefined;
    const known = entry.complete ? entry : await driver.stat(full, { signal: this.#signal });
    return known?.kind === "file" && known.etag === entry.etag ? known.hashes?.[name] : undefined;
  }

  async #extra(path: string, full: string, entry: Entry): Promise<void> {
    if (await this.#isLink(full, entry)) return;
    this.#tell({ kind: "extra", path, size: entry.size });
  }

  async #conclude(
    path: string,
    full: string,
    entry: Entry,
    wanted: Sum | undefined,
    error: StorageError,
  ): Promise<void> {
    // The store found out by itself.
    if (error.code === "corrupt") this.#tell({ kind: "mismatch", path, size: entry.size, error });
    else if (error.code === "unsupported" && (await this.#isLink(full, entry))) {
      if (wanted !== undefined) this.#fail(path, notFile(path));
    } else this.#fail(path, error);
  }

  /** A listing without attributes shows a link of a store without real ones as a small file. */
  async #isLink(full: string, entry: Entry): Promise<boolean> {
    if (entry.complete) return false;
    const found = await this.#place.driver.stat(full, { signal: this.#signal });
    return found?.kind === "symlink";
  }

  #missing(path: string): void {
    if (this.#options.filter?.includes(path, false) === false) return;
    const problem = this.#unlisted.problemAt(path);
    if (problem === undefined) this.#tell({ kind: "missing", path });
    else this.#fail(path, problem);
  }

  #fail(path: string, error: StorageError): void {
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push({ path, error });
    this.progress.failed++;
    this.#tell({ kind: "error", path, error });
  }

  #tell(event: VerifyEvent): void {
    this.#counts[event.kind]++;
    this.progress.filesDone++;
    this.progress.checked++;
    this.#options.onEvent?.(event);
  }

  #total(): VerifyReport {
    const { match, mismatch, unknown, missing, extra, error: errors } = this.#counts;
    return {
      match,
      mismatch,
      unknown,
      missing,
      extra,
      errors,
      failures: this.#failures,
      bytesRead: this.#bytesRead,
      verified: this.progress.listed && mismatch + unknown + missing + extra + errors === 0,
      duration: this.progress.elapsed,
    };
  }
}

function conclusion(
  path: string,
  size: number,
  by: KnownContent | undefined,
  value: string,
): VerifyEvent {
  if (by === undefined) return { kind: "unknown", path, size };
  return value === by.value
    ? { kind: "match", path, size, by }
    : { kind: "mismatch", path, size, by, found: value };
}

function notFile(path: string): StorageError {
  return new StorageError("unsupported", { path, message: "is no file and has no sum" });
}
