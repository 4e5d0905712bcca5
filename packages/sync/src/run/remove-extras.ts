/**
 * Removes what only the destination has, if nothing speaks against it; in reverse order, so that a
 * directory is empty when its turn comes.
 */
import {
  type Entry,
  type EntryKind,
  isStorageError,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import { forgetSignatureOf } from "../delta/forget-signature-of.ts";
import { removeEmptied } from "../delta/remove-emptied.ts";
import type { Withheld } from "../report.ts";
import type { RunContext } from "./context.ts";
import { inParallel } from "./in-parallel.ts";
import { isSame } from "./old-content.ts";
import type { Spool } from "./spool.ts";

/** An entry that is to go. */
export interface Extra {
  readonly path: string;
  readonly kind: EntryKind;
  readonly etag?: string | undefined;
  readonly size: number;
  readonly mtime?: number | undefined;
}

export function extraOf({ path, kind, etag, size, mtime, throughLink }: Entry): Extra {
  // Of a link that was taken for its directory the link goes, and nothing that is in the directory.
  return { path, kind: throughLink ? "symlink" : kind, etag, size, mtime };
}

export interface Guards {
  /** Whether the run ended before everything was listed. */
  readonly endedEarly: boolean;
  readonly failures: number;
  /** Whether something was taken for a path that the listing shows under another name, perhaps as an extra. */
  readonly otherSpellings: boolean;
  /** Whether a part of either listing could not be seen. */
  readonly incompleteListing: boolean;
  /** Whether the source seems to hold nothing. */
  readonly emptySource: boolean;
}

/** Files removed at once where the store takes them one by one. */
const AT_ONCE = 16;

/** What forbids removing, if anything does. Decided before the first of these, for all of them. */
export function whyWithheld(
  context: Pick<RunContext, "options">,
  extras: number,
  guards: Guards,
): Withheld | undefined {
  const { maxDelete, maxDeleteMode, allowEmptySource, ignoreErrors } = context.options;
  if (extras === 0) return undefined;
  if (guards.endedEarly) return "ended-early";
  if (guards.incompleteListing && !ignoreErrors) return "incomplete-listing";
  if (guards.otherSpellings || (guards.failures > 0 && !ignoreErrors)) return "failures";
  if (guards.emptySource && !allowEmptySource) return "empty-source";
  if (maxDelete === undefined || maxDeleteMode === "stop") return undefined;
  return extras > maxDelete ? "too-many-deletes" : undefined;
}

/** Tells of each extra that stays. */
export async function withholdExtras(context: RunContext, extras: Spool<Extra>): Promise<void> {
  for await (const page of extras.reversed()) {
    for (const extra of page) withhold(context, extra);
  }
}

/** `isKept` is asked for each, right before it goes, and may say that one stays all the same. */
export async function removeExtras(
  context: RunContext,
  extras: Spool<Extra>,
  isKept: (extra: Extra) => boolean,
): Promise<void> {
  for await (const page of extras.reversed()) {
    let files: Extra[] = [];
    for (const extra of page) {
      if (extra.kind !== "directory") {
        files.push(extra);
        continue;
      }
      await removeFiles(context, files, isKept);
      files = [];
      if (isKept(extra)) withhold(context, extra);
      else await removeDirectory(context, extra);
    }
    await removeFiles(context, files, isKept);
  }
  context.signal.throwIfAborted();
}

function withhold(context: RunContext, { path }: Extra): void {
  context.emit({ kind: "withheld", path, reason: "extra", bytes: 0 });
}

async function removeFiles(
  context: RunContext,
  files: readonly Extra[],
  isKept: (extra: Extra) => boolean,
): Promise<void> {
  const { capabilities } = context.destination.driver;
  const many = capabilities.removeMany;
  // One by one where the store can check that each is still what was listed: safer, if slower; and
  // where each is to be kept.
  const checked = capabilities.conditions.remove || context.old !== undefined;
  const batch = many !== undefined && !checked ? many : AT_ONCE;
  for (let at = 0; at < files.length; at += batch) {
    context.signal.throwIfAborted();
    const slice: Extra[] = [];
    for (const extra of files.slice(at, at + batch)) {
      if (isKept(extra)) withhold(context, extra);
      else slice.push(extra);
    }
    if (context.options.dryRun) {
      for (const extra of slice) {
        await context.old?.findName(extra.path);
        context.old?.noteWouldKeep(extra.path);
        removed(context, extra);
        context.old?.forget(extra.path);
      }
    } else if (batch === many) await removeBatch(context, slice);
    else await Promise.all(slice.map((extra) => attempt(context, extra)));
  }
}

async function removeBatch(context: RunContext, files: readonly Extra[]): Promise<void> {
  const { driver, path: root } = context.destination;
  const paths = files.map((extra) => joinPath(root, extra.path));
  const failures = new Map<string | undefined, unknown>();
  try {
    const refused = await driver.removeMany!(paths, { signal: context.signal });
    for (const error of refused) failures.set(error.path, error);
  } catch (error) {
    context.signal.throwIfAborted();
    // Of none it is known whether it is gone.
    for (const path of paths) failures.set(path, error);
  }
  const gone = files.filter((_, i) => !failures.has(paths[i]));
  for (const [i, extra] of files.entries()) {
    if (failures.has(paths[i])) failed(context, extra, failures.get(paths[i]));
    else removed(context, extra);
  }
  await inParallel(gone, AT_ONCE, context.signal, (extra) => forgetSignature(context, extra));
}

function forgetSignature(context: RunContext, extra: Extra): Promise<void> {
  const { destination, deltas, seenSignatures, signal } = context;
  const { files, recursive = true } = context.options;
  const isListed = files === undefined && recursive;
  const isSeen = isListed ? seenSignatures.has(extra.path) : undefined;
  return forgetSignatureOf(destination, extra, { deltas, isSeen, signal });
}

async function removeOne(context: RunContext, extra: Extra): Promise<void> {
  const { path } = extra;
  if (context.old === undefined) return removeListed(context, extra);
  const { entry } = await context.old.keep(path, { ...extra, complete: true });
  if (entry !== undefined) await removeAsIs(context, path, entry.etag);
}

async function removeListed(context: RunContext, extra: Extra): Promise<void> {
  const { driver, path: root } = context.destination;
  try {
    await removeAsIs(context, extra.path, extra.etag);
  } catch (error) {
    if (!isStorageError(error, "precondition-failed")) throw error;
    // Its etag also changes when another name of the same file is removed.
    const now = await driver.stat(joinPath(root, extra.path), { signal: context.signal });
    if (now === undefined) return;
    if (!isSame({ ...extra, complete: true }, now)) throw error;
    await removeAsIs(context, extra.path, now.etag);
  }
}

async function removeAsIs(
  context: RunContext,
  path: string,
  etag: string | undefined,
): Promise<void> {
  const { driver, path: root } = context.destination;
  const ifMatch = driver.capabilities.conditions.remove ? etag : undefined;
  await driver.remove(joinPath(root, path), { ifMatch, signal: context.signal });
}

async function removeDirectory(context: RunContext, extra: Extra): Promise<void> {
  const { driver, path: root } = context.destination;
  if (context.options.dryRun) {
    return context.old?.wouldStay(extra.path) ? stays(context, extra) : removed(context, extra);
  }
  try {
    await removeEmptied(driver, joinPath(root, extra.path), context.signal);
    removed(context, extra);
  } catch (error) {
    context.signal.throwIfAborted();
    // It holds what a filter excludes, or what came since: then it stays, as with rsync.
    if (isStorageError(error, "directory-not-empty")) return stays(context, extra);
    failed(context, extra, error);
  }
}

function stays(context: RunContext, { path }: Extra): void {
  context.emit({ kind: "skip", path, reason: "extra", bytes: 0 });
}

/** Never throws: others are being removed at the same time, and the run waits for all. */
async function attempt(context: RunContext, extra: Extra): Promise<void> {
  try {
    await removeOne(context, extra);
    removed(context, extra);
    await forgetSignature(context, extra);
  } catch (error) {
    if (!context.signal.aborted) failed(context, extra, error);
  } finally {
    context.old?.forget(extra.path);
  }
}

function removed(context: RunContext, extra: Extra): void {
  const destination = { ...extra, complete: true };
  const backup = extra.kind === "directory" ? undefined : context.old?.nameOf(extra.path);
  context.emit({
    kind: "remove",
    path: extra.path,
    reason: "extra",
    destination,
    bytes: 0,
    backup,
  });
}

function failed(context: RunContext, { path }: Extra, error: unknown): void {
  context.emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
}
