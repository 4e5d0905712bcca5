/**
 * The trash of a place: what runs with `trash` replaced or removed, a folder for each run, every file
 * under its own path.
 */
import {
  type Driver,
  type Entry,
  StorageError,
  isStorageError,
  isWithin,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import {
  type Checks,
  FLAG,
  FUNCTION,
  NUMBER,
  OBJECT,
  checkFields,
} from "../check-options/checks.ts";
import type { Place } from "../options.ts";
import { effectiveMtime } from "../plan/compare.ts";
import { TRASH_FOLDER, resolveBackupNames } from "../plan/backup-names.ts";
import { pagesBelow, removeEmpty, removeEmptyBelow } from "../run/clear-folder.ts";
import { duplicate } from "../run/duplicate.ts";
import { OldContent } from "../run/old-content.ts";
import { newTrashRun, trashRunTime } from "./trash-run.ts";

/** The folder of one run. */
export interface TrashRun {
  readonly name: string;
  /** When the run began, milliseconds since 1970. */
  readonly time: number;
}

/** One file or link in the trash. */
export interface TrashedEntry {
  readonly run: TrashRun;
  /** Where it was, relative to the place. */
  readonly path: string;
  /** As it lies in the trash. */
  readonly entry: Entry;
}

/**
 * - `restored`: it is at its path again, and in the trash no more.
 * - `newer`: what lies at its path now is newer, or the same; it stays in the trash.
 * - `removed`: it is gone for good.
 * - `failed`: see `error`; it stays.
 */
export interface TrashEvent {
  readonly kind: "restored" | "newer" | "removed" | "failed";
  readonly run: TrashRun;
  readonly path: string;
  readonly size: number;
  readonly error?: StorageError | undefined;
}

export interface TrashReport {
  readonly restored: number;
  readonly newer: number;
  readonly removed: number;
  readonly failed: number;
  /** Of what was restored or removed. */
  readonly bytes: number;
}

export interface TrashOptions {
  /** Do nothing, and tell what would be done. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly onEvent?: ((event: TrashEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RestoreOptions extends TrashOptions {
  /** Name of the run whose files are put back. Default: the last one. */
  readonly run?: string | undefined;
  /** Only these paths, and what is below them. Default: all. */
  readonly paths?: readonly string[] | undefined;
  /** Also over what is newer; that goes to the trash. Default false. */
  readonly overwrite?: boolean | undefined;
}

export interface EmptyOptions extends TrashOptions {
  /** Only runs that began before then, milliseconds since 1970. Default: all. */
  readonly before?: number | undefined;
}

/** The runs that have something in the trash, the first one first. */
export async function listTrashRuns(
  { driver, path }: Place,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly TrashRun[]> {
  const folder = joinPath(path, TRASH_FOLDER);
  const runs: TrashRun[] = [];
  for await (const { path: found, kind } of below(driver, folder, false, options.signal)) {
    const name = found.slice(folder.length + 1);
    const time = kind === "directory" ? trashRunTime(name) : undefined;
    if (time !== undefined) runs.push({ name, time });
  }
  return runs.toSorted((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
}

/** What is in the trash, run by run. Nothing is held in memory but the list of runs. */
export async function* listTrash(
  place: Place,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncIterable<TrashedEntry> {
  for (const run of await listTrashRuns(place, options)) {
    yield* entriesOf(place, run, options.signal);
  }
}

/**
 * Puts files back where they were, with their times, and takes them out of the trash. Never over
 * something newer, unless told.
 * @throws StorageError `not-found` if there is no such run, or nothing in the trash.
 */
export async function restoreTrash(
  place: Place,
  options: RestoreOptions = {},
): Promise<TrashReport> {
  const run = await findRun(place, options);
  const { paths, signal = new AbortController().signal } = options;
  const old = new OldContent({
    names: resolveBackupNames({ trash: true }, place, newTrashRun())!,
    destination: place,
    inplace: false,
    durable: true,
    signal,
  });
  const tally = new Tally(options);
  for await (const trashed of entriesOf(place, run, signal)) {
    if (paths !== undefined && !paths.some((path) => isWithin(path, trashed.path))) continue;
    await tally.add(trashed, () => restore(place, trashed, old, { ...options, signal }));
    old.forget(trashed.path);
  }
  if (!options.dryRun) await tidy(place, run, signal);
  return tally.report;
}

const EMPTY_CHECKS: Checks<EmptyOptions> = {
  before: NUMBER,
  dryRun: FLAG,
  onEvent: FUNCTION,
  signal: OBJECT,
};

/** Removes for good what runs have put into the trash. */
export async function emptyTrash(place: Place, options: EmptyOptions = {}): Promise<TrashReport> {
  checkFields(options, EMPTY_CHECKS);
  const { before = Infinity, dryRun, signal } = options;
  const tally = new Tally(options);
  for (const run of await listTrashRuns(place, options)) {
    if (run.time >= before) continue;
    for await (const trashed of entriesOf(place, run, signal)) {
      await tally.add(trashed, async () => {
        if (!dryRun) await place.driver.remove(trashPath(place, trashed), { signal });
        return "removed";
      });
    }
    if (!dryRun) await tidy(place, run, signal);
  }
  return tally.report;
}

class Tally {
  readonly #options: TrashOptions;
  #counts = { restored: 0, newer: 0, removed: 0, failed: 0, bytes: 0 };

  constructor(options: TrashOptions) {
    this.#options = options;
  }

  get report(): TrashReport {
    return this.#counts;
  }

  async add(
    { run, path, entry }: TrashedEntry,
    work: () => Promise<Exclude<TrashEvent["kind"], "failed">>,
  ): Promise<void> {
    const { signal, onEvent } = this.#options;
    signal?.throwIfAborted();
    try {
      const kind = await work();
      this.#counts[kind]++;
      if (kind !== "newer") this.#counts.bytes += entry.size;
      onEvent?.({ kind, run, path, size: entry.size });
    } catch (error) {
      signal?.throwIfAborted();
      this.#counts.failed++;
      const failure = toStorageError(error, { path });
      onEvent?.({ kind: "failed", run, path, size: entry.size, error: failure });
    }
  }
}

async function restore(
  place: Place,
  trashed: TrashedEntry,
  old: OldContent,
  options: RestoreOptions & { readonly signal: AbortSignal },
): Promise<"restored" | "newer"> {
  const { driver } = place;
  const { dryRun, overwrite, signal } = options;
  const fromPath = trashPath(place, trashed);
  const toPath = joinPath(place.path, trashed.path);
  const now = await lookIfThere(driver, toPath, signal);
  if (now?.kind === "directory") throw new StorageError("is-a-directory", { path: trashed.path });
  // A listing of some stores knows no times.
  const entry = (await driver.stat(fromPath, { signal })) ?? trashed.entry;
  if (now !== undefined && !overwrite && !isOlder(now, entry)) return "newer";
  if (dryRun) return "restored";
  const kept = now === undefined ? undefined : await old.keep(trashed.path, now);
  const { create, replace } = driver.capabilities.conditions;
  const ifMatch = replace ? kept?.entry?.etag : undefined;
  const ifNoneMatch = create && kept?.entry === undefined ? ("*" as const) : undefined;
  await duplicate({
    from: driver,
    fromPath,
    entry,
    to: driver,
    toPath,
    mayLink: true,
    options: { durable: true, signal, ifMatch, ifNoneMatch },
  });
  await driver.remove(fromPath, { signal });
  return "restored";
}

function isOlder(now: Entry, trashed: Entry): boolean {
  const [a, b] = [effectiveMtime(now), effectiveMtime(trashed)];
  return a !== undefined && b !== undefined && a < b;
}

async function findRun(place: Place, options: RestoreOptions): Promise<TrashRun> {
  const runs = await listTrashRuns(place, options);
  const run =
    options.run === undefined ? runs.at(-1) : runs.find(({ name }) => name === options.run);
  if (run !== undefined) return run;
  throw new StorageError("not-found", {
    path: options.run ?? TRASH_FOLDER,
    message: options.run === undefined ? "the trash is empty" : "is no run that is in the trash",
  });
}

async function* entriesOf(
  place: Place,
  run: TrashRun,
  signal: AbortSignal | undefined,
): AsyncIterable<TrashedEntry> {
  const folder = joinPath(place.path, TRASH_FOLDER, run.name);
  for await (const entry of below(place.driver, folder, true, signal)) {
    if (entry.kind === "directory") continue;
    yield { run, path: entry.path.slice(folder.length + 1), entry };
  }
}

/** Removes a run's directories that hold nothing any more, and the trash if that was all. */
async function tidy(
  { driver, path }: Place,
  run: TrashRun,
  signal: AbortSignal | undefined,
): Promise<void> {
  const trash = joinPath(path, TRASH_FOLDER);
  await removeEmptyBelow(driver, joinPath(trash, run.name), signal);
  await removeEmpty(driver, [trash]);
}

async function* below(
  driver: Driver,
  folder: string,
  recursive: boolean,
  signal: AbortSignal | undefined,
): AsyncIterable<Entry> {
  for await (const page of pagesBelow(driver, folder, recursive, signal)) yield* page;
}

async function lookIfThere(
  driver: Driver,
  path: string,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  try {
    return await driver.stat(path, { signal });
  } catch (error) {
    if (isStorageError(error, "not-found", "not-a-directory")) return undefined;
    throw error;
  }
}

function trashPath(place: Place, { run, path }: TrashedEntry): string {
  return joinPath(place.path, TRASH_FOLDER, run.name, path);
}
