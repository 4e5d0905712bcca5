/** Copying and moving under the names that programs look for. All of it is the engine, `startSync`. */
import { type Entry, StorageError, joinPath } from "@omnisync/storage";
import { RATE } from "../check-options/checks.ts";
import type { Place, SyncOptions } from "../options.ts";
import type { Report } from "../report.ts";
import { startSync, sync } from "../sync.ts";
import { type CopyProgress, endingOf, progressOf, succeeded } from "./result.ts";

/** What a copy or a move can be told: everything but what removes extras. */
export type CopyOptions = Omit<SyncOptions, "delete" | "move" | RemovingOption>;
type RemovingOption =
  | "deleteTiming"
  | "deleteExcluded"
  | "maxDelete"
  | "maxDeleteMode"
  | "allowEmptySource";

/**
 * Copies a file or everything below a directory: what is new or changed. Removes no extras. Content
 * stays within the stores where they can copy between themselves.
 * @throws StorageError as `sync` does; failures of single paths are in the report.
 */
export function copy(
  source: Place,
  destination: Place,
  options: CopyOptions = {},
): Promise<Report> {
  return sync(source, destination, { ...options, delete: false, move: false });
}

/**
 * `copy` that throws unless the destination has all that the filter lets through. So it does for what an option skips
 * (`update`, `existing`, `ignoreExisting`, limits of size …), and for what is ignored for its kind: FIFOs, sockets and
 * devices without `specials` and `devices`, links with `links: "skip"`. Where some may stay behind, use `copy`.
 * @throws StorageError the first failure; `aborted` if it was interrupted, or a limit (`maxTransfer` …) ended it;
 *   `precondition-failed` for what was skipped, `unsupported` for what was ignored.
 */
export async function mustCopy(
  source: Place,
  destination: Place,
  options: CopyOptions = {},
): Promise<Report> {
  const report = orThrow(await copy(source, destination, options));
  if (report.skipped + report.ignored > 0) throw leftBehind(source, report);
  return report;
}

/** `copy` that tells of its progress every `interval` milliseconds (default 100), and at its end how it ended (`phase`). */
export async function copyWithProgress(
  source: Place,
  destination: Place,
  onProgress: (progress: CopyProgress) => void,
  options: CopyOptions & { readonly interval?: number | undefined } = {},
): Promise<Report> {
  const { interval = 100, ...rest } = options;
  RATE(interval, "interval");
  const run = startSync(source, destination, { ...rest, delete: false, move: false });
  const timer = setInterval(() => onProgress(progressOf(run.progress())), interval);
  try {
    const report = await run.done.catch((error: unknown) => {
      onProgress(progressOf(run.progress(), "failed"));
      throw error;
    });
    onProgress(progressOf(run.progress(), endingOf(report), report.removed));
    return report;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Copies everything below a directory.
 * @throws StorageError `not-a-directory` for anything else.
 */
export async function copyDir(
  source: Place,
  destination: Place,
  options: CopyOptions = {},
): Promise<Report> {
  const entry = await lookAt(source, options);
  if (entry.kind !== "directory")
    throw new StorageError("not-a-directory", { path: nameOf(source) });
  return copy(source, destination, options);
}

/**
 * Copies one file; `destination.path` is its new name. Unless `options` say otherwise, content decides
 * whether there is something to do, never size and time. What is the same already counts as copied.
 * @throws StorageError `is-a-directory`; whatever kept the file from being copied, as `mustCopy`: an option, a limit or
 *   the filter too.
 */
export async function copyFile(
  source: Place,
  destination: Place,
  options: CopyOptions = {},
): Promise<Report> {
  await refuseDirectory(source, options);
  const report = await mustCopy(source, destination, byContent(options));
  const { created, replaced, attributesSet, linksWritten, unchanged } = report;
  if (created + replaced + attributesSet + linksWritten + unchanged > 0) return report;
  throw leftBehind(source, report);
}

/**
 * Moves a file or everything below a directory. A source goes only after its copy was verified, and only
 * if it is still what was copied; what failed or was skipped stays where it is.
 * @throws StorageError as `sync` does; failures of single paths are in the report.
 */
export function move(
  source: Place,
  destination: Place,
  options: CopyOptions = {},
): Promise<Report> {
  return sync(source, destination, { ...options, delete: false, move: true });
}

/**
 * Moves one file; `destination.path` is its new name.
 * @throws StorageError `is-a-directory`; whatever kept the file from being moved, as `copyFile`. It is then still there.
 */
export async function moveFile(
  source: Place,
  destination: Place,
  options: CopyOptions = {},
): Promise<Report> {
  await refuseDirectory(source, options);
  const report = orThrow(await move(source, destination, byContent(options)));
  if (report.sourcesRemoved === 0) throw leftBehind(source, report);
  return report;
}

function byContent<Options extends CopyOptions>(options: Options): Options {
  return options.sizeOnly ? options : { ...options, checksum: options.checksum ?? true };
}

function orThrow(report: Report): Report {
  if (succeeded(report)) return report;
  const { interrupted, failures, ended, withheld } = report;
  if (interrupted) throw new StorageError("aborted");
  if (failures[0] !== undefined) throw failures[0].error;
  if (ended !== undefined)
    throw new StorageError("aborted", { message: `the run ended early: ${ended}` });
  throw new StorageError("internal", { message: `withheld: ${withheld}` });
}

/** Nothing failed, and yet not everything is where it was to go. */
function leftBehind(source: Place, { skipped, ignored }: Report): StorageError {
  return new StorageError(ignored > 0 ? "unsupported" : "precondition-failed", {
    path: nameOf(source),
    message: `is not all there: ${skipped} skipped by an option, ${ignored} ignored for their kind`,
  });
}

async function refuseDirectory(source: Place, options: CopyOptions): Promise<void> {
  const { kind } = await lookAt(source, options);
  if (kind === "directory") throw new StorageError("is-a-directory", { path: nameOf(source) });
}

async function lookAt(source: Place, { signal }: CopyOptions): Promise<Entry> {
  const entry = await source.driver.stat(source.path, { signal });
  if (entry === undefined) throw new StorageError("not-found", { path: nameOf(source) });
  return entry;
}

function nameOf({ driver, path }: Place): string {
  return joinPath(driver.id, path);
}
