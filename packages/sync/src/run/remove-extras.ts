/**
 * Removes what only the destination has. Runs when every transfer is over, and only if nothing speaks
 * against it; in reverse order, so that a directory is empty when its turn comes.
 */
import { type EntryKind, isStorageError, joinPath, toStorageError } from "@omnisync/storage";
import type { Withheld } from "../report.ts";
import type { RunContext } from "./context.ts";
import type { Spool } from "./spool.ts";

/** An entry that is to go. */
export interface Extra {
  readonly path: string;
  readonly kind: EntryKind;
  readonly etag?: string | undefined;
}

export interface Guards {
  readonly failures: number;
  /** Whether a part of either listing could not be seen. */
  readonly incompleteListing: boolean;
  readonly sourceEntries: number;
}

/** Files removed at once where the store takes them one by one. */
const AT_ONCE = 16;

/** What forbids removing, if anything does. Decided before the first removal, for all of them. */
export function whyWithheld(
  context: Pick<RunContext, "options">,
  extras: number,
  guards: Guards,
): Withheld | undefined {
  const { maxDelete, allowEmptySource } = context.options;
  if (extras === 0) return undefined;
  if (guards.incompleteListing) return "incomplete-listing";
  if (guards.failures > 0) return "failures";
  if (guards.sourceEntries === 0 && !allowEmptySource) return "empty-source";
  return maxDelete !== undefined && extras > maxDelete ? "too-many-deletes" : undefined;
}

/** Tells of each extra that stays. */
export async function withholdExtras(context: RunContext, extras: Spool<Extra>): Promise<void> {
  for await (const page of extras.reversed()) {
    for (const { path } of page)
      context.emit({ kind: "withheld", path, reason: "extra", bytes: 0 });
  }
}

export async function removeExtras(context: RunContext, extras: Spool<Extra>): Promise<void> {
  for await (const page of extras.reversed()) {
    let files: Extra[] = [];
    for (const extra of page) {
      if (extra.kind !== "directory") {
        files.push(extra);
        continue;
      }
      await removeFiles(context, files);
      files = [];
      await removeDirectory(context, extra);
    }
    await removeFiles(context, files);
  }
}

async function removeFiles(context: RunContext, files: readonly Extra[]): Promise<void> {
  const { capabilities } = context.destination.driver;
  const many = capabilities.removeMany;
  // One by one where the store can check that each is still what was listed: safer, if slower.
  const batch = many !== undefined && !capabilities.conditions.remove ? many : AT_ONCE;
  for (let at = 0; at < files.length; at += batch) {
    context.signal.throwIfAborted();
    const slice = files.slice(at, at + batch);
    if (context.options.dryRun) for (const extra of slice) removed(context, extra);
    else if (batch === many) await removeBatch(context, slice);
    else
      await Promise.all(
        slice.map((extra) => attempt(context, extra, () => removeOne(context, extra))),
      );
  }
}

async function removeBatch(context: RunContext, files: readonly Extra[]): Promise<void> {
  const { driver, path: root } = context.destination;
  const paths = files.map((extra) => joinPath(root, extra.path));
  const failures = new Map(
    (await driver.removeMany!(paths, { signal: context.signal })).map((error) => [
      error.path,
      error,
    ]),
  );
  for (const [i, extra] of files.entries()) {
    const error = failures.get(paths[i]);
    if (error === undefined) removed(context, extra);
    else context.emit({ kind: "failed", path: extra.path, bytes: 0, error });
  }
}

async function removeOne(context: RunContext, extra: Extra): Promise<void> {
  const { driver, path: root } = context.destination;
  const ifMatch = driver.capabilities.conditions.remove ? extra.etag : undefined;
  await driver.remove(joinPath(root, extra.path), { ifMatch, signal: context.signal });
}

async function removeDirectory(context: RunContext, extra: Extra): Promise<void> {
  const { driver, path: root } = context.destination;
  if (context.options.dryRun) return removed(context, extra);
  try {
    await driver.rmdir?.(joinPath(root, extra.path), { signal: context.signal });
    removed(context, extra);
  } catch (error) {
    context.signal.throwIfAborted();
    // It holds what a filter excludes, or what came since: then it stays, as with rsync.
    if (isStorageError(error, "directory-not-empty")) {
      return context.emit({ kind: "skip", path: extra.path, reason: "extra", bytes: 0 });
    }
    failed(context, extra, error);
  }
}

async function attempt(
  context: RunContext,
  extra: Extra,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
    removed(context, extra);
  } catch (error) {
    context.signal.throwIfAborted();
    failed(context, extra, error);
  }
}

function removed(context: RunContext, { path }: Extra): void {
  context.emit({ kind: "remove", path, reason: "extra", bytes: 0 });
}

function failed(context: RunContext, { path }: Extra, error: unknown): void {
  context.emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
}
