/** The end of a move: each source goes, once its copy is verified, if it is still what was read. */
import { type Entry, StorageError, joinPath, toStorageError } from "@omnisync/storage";
import { forgetSignatureOf } from "../delta/forget-signature-of.ts";
import type { Pair } from "../merge/merge-join.ts";
import type { RunContext } from "./context.ts";
import { isSame } from "./old-content.ts";
import { isSamePath } from "./refuse-same-places.ts";
import { lookAt } from "./resolve-question.ts";
import { fail } from "./tell-failure.ts";

/** A name of a file that has others, which become one file at the destination too. */
export interface LinkedSource {
  readonly pair: Pair;
  readonly asRead: Entry;
}

/**
 * Does nothing if this is no move. In a dry run, only says so. One of several names goes at the end of the run: with it
 * gone, what is listed later would not show that it was another name of the same file.
 * @throws StorageError `changed`
 */
export async function removeSource(context: RunContext, pair: Pair, asRead: Entry): Promise<void> {
  const { linkedSources, options } = context;
  if (!options.move) return;
  if (linkedSources === undefined || pair.source?.hardLink === undefined)
    return removeNow(context, pair, asRead);
  await linkedSources.push({ pair, asRead });
}

/** After all names were made. Never throws, except when the run is interrupted. */
export async function removeLinkedSources(context: RunContext): Promise<void> {
  const { limits, linkedSources, signal } = context;
  if (linkedSources === undefined) return;
  for await (const page of linkedSources.forward()) {
    for (const { pair, asRead } of page) {
      signal.throwIfAborted();
      if (limits.end.isStoreLost) return;
      try {
        await removeNow(context, pair, asRead);
      } catch (error) {
        signal.throwIfAborted();
        fail(context, pair, toStorageError(error, { path: pair.path }));
      }
    }
  }
}

async function removeNow(context: RunContext, pair: Pair, asRead: Entry): Promise<void> {
  const { driver, path: root } = context.source;
  const path = joinPath(root, pair.path);
  if (!context.options.dryRun) {
    if (await isSamePath(context, pair.path))
      throw new StorageError("invalid-argument", { path, message: ONE });
    const now = await lookAt(context, context.source, pair.path);
    if (now === undefined || !isAsRead(now, asRead, pair)) {
      throw new StorageError("changed", {
        path,
        message: "changed after it was copied; the source is kept",
      });
    }
    const ifMatch = driver.capabilities.conditions.remove ? now.etag : undefined;
    await driver.remove(path, { ifMatch, signal: context.signal });
    await forgetSignatureOf(context.source, { ...now, path: pair.path }, context);
  }
  context.emit({
    kind: "remove-source",
    path: pair.path,
    reason: "moved",
    source: asRead,
    bytes: 0,
  });
}

const ONE = "source and destination are one file, reached in two ways; it is kept";

function isAsRead(now: Entry, read: Entry, { source }: Pair): boolean {
  // The etag of a file changes when another of its names goes.
  if (source?.hardLink !== undefined) return isSame(now, read);
  if (now.etag !== read.etag || now.size !== read.size) return false;
  return now.etag !== undefined || now.mtime === read.mtime;
}
