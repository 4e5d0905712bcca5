/** Markers of directories: what they tell of a source that has no others, and that of the destination itself. */
import { type Entry, type StorageError, isStorageError, toStorageError } from "@omnisync/storage";
import { changedInMarker, needsMarker } from "../plan/directory-markers.ts";
import { wantedAttributes } from "../plan/wanted-attributes.ts";
import type { RunContext } from "./context.ts";
import { inParallel } from "./in-parallel.ts";
import { lookAt } from "./resolve-question.ts";

/**
 * A listing of the source, with what markers tell that it does not: a directory's attributes have to be known
 * before its content is gone through. One whose marker cannot be looked at is a problem, and stays as it was listed.
 */
export async function* withMarkers(
  context: RunContext,
  pages: AsyncIterable<readonly Entry[]>,
  onProblem: (problem: StorageError, path: string) => void,
): AsyncIterable<readonly Entry[]> {
  const { source, destination } = context;
  const { directories, mode } = source.driver.capabilities;
  const isOfUse = !directories && mode && destination.driver.capabilities.mode;
  for await (const page of pages) {
    yield isOfUse ? await completeDirectories(context, page, onProblem) : page;
  }
}

async function completeDirectories(
  context: RunContext,
  page: readonly Entry[],
  onProblem: (problem: StorageError, path: string) => void,
): Promise<readonly Entry[]> {
  const open = page.filter(({ kind, complete }) => kind === "directory" && !complete);
  const found = new Map<Entry, Entry>();
  await inParallel(open, context.checkers, context.signal, async (entry) => {
    context.limits.end.throwIfStoreLost();
    try {
      const known = await lookAt(context, context.source, entry.path, true);
      if (known?.kind === "directory") found.set(entry, known);
    } catch (error) {
      context.signal.throwIfAborted();
      onProblem(toStorageError(error, { path: entry.path }), entry.path);
    }
  });
  return found.size === 0 ? page : page.map((entry) => found.get(entry) ?? entry);
}

/** Gives the destination itself a marker, if its attributes need one. */
export async function markRoot(
  context: RunContext,
  source: Entry,
  destination: Entry | undefined,
): Promise<void> {
  const { limits, options, rules, signal, emit } = context;
  const { driver, path } = context.destination;
  if (source.kind !== "directory" || options.dryRun || options.dirMarkers === false) return;
  if (limits.end.isStoreLost) return;
  const isMarked = destination?.kind === "directory" && destination.etag !== undefined;
  const isWanted = isMarked
    ? changedInMarker(source, destination, rules.attributes).length > 0
    : needsMarker(source, rules.attributes);
  if (!isWanted) return;
  try {
    await driver.mkdir?.(path, {
      ...wantedAttributes(source, undefined, rules.attributes),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    // The root of a bucket is no directory that could have any.
    if (isStorageError(error, "unsupported")) return;
    emit({ kind: "failed", path: "", bytes: 0, error: toStorageError(error, { path }) });
  }
}
