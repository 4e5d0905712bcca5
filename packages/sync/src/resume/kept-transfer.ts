/** What uploads and downloads share of going on with what an earlier run began. */
import { type Driver, type Entry, isStorageError, joinPath } from "@omnisync/storage";
import type { RunContext } from "../run/context.ts";
import { giveUpUpload } from "../run/give-up-upload.ts";
import { type Transfer, pathInRun } from "../run/transfer.ts";
import {
  type ContentIdentity,
  type OwnedTransfer,
  type ResumeStore,
  type TransferRecord,
  bytesKept,
  leftoverOf,
} from "./resume-store.ts";

/** `undefined`: what is cut short is not kept. A path beside the destination's is another one in every run. */
export function resumeOf({ context, isStaged }: Transfer): ResumeStore | undefined {
  return isStaged ? undefined : context.options.resume;
}

/** What all records of a transfer begin with. */
export type RecordBasis = Pick<
  TransferRecord,
  "source" | "destination" | "content" | "pieceSize" | "startedAt"
>;

/** @returns `undefined` for a source without an etag: nobody could tell whether it is still the same. */
export function basisOf(
  transfer: Transfer,
  source: Entry,
  pieceSize: number,
): RecordBasis | undefined {
  const { from, to, fromPath, toPath } = transfer;
  const { size, etag, mtime } = source;
  if (etag === undefined) return undefined;
  return {
    source: joinPath(from.id, fromPath),
    destination: joinPath(to.id, toPath),
    content: { size, etag, ...(mtime === undefined ? {} : { mtime }) },
    pieceSize,
    startedAt: Date.now(),
  };
}

export function continues(record: TransferRecord, basis: RecordBasis): boolean {
  return isSameContent(record.content, basis.content) && record.pieceSize === basis.pieceSize;
}

function isSameContent(a: ContentIdentity, b: ContentIdentity): boolean {
  return a.etag === b.etag && a.size === b.size && a.mtime === b.mtime;
}

/**
 * Takes over what earlier runs left of this transfer: the first that `adopt` can use; all others are
 * given up, since nobody will go on with them.
 */
export async function adoptOne<Adopted>(
  transfer: Transfer,
  basis: RecordBasis,
  adopt: (owned: OwnedTransfer) => Promise<Adopted | undefined>,
): Promise<Adopted | undefined> {
  const { context } = transfer;
  const found = await resumeOf(transfer)?.takeAll(basis.source, basis.destination);
  let adopted: Adopted | undefined;
  const untried = [...(found ?? [])].toReversed();
  try {
    for (let owned = untried.at(-1); owned !== undefined; owned = untried.at(-1)) {
      const usable = adopted === undefined ? await adopt(owned) : undefined;
      if (usable === undefined) await dropTransfer(context, owned);
      adopted ??= usable;
      untried.pop();
    }
    return adopted;
  } catch (error) {
    // The store is away for now: a later run may still go on with them.
    for (const owned of untried) await owned.release();
    throw error;
  }
}

/** Gives up what earlier runs left of this transfer: it is made in a way that goes on with nothing. */
export async function dropKept(transfer: Transfer, source: Entry): Promise<void> {
  const basis = basisOf(transfer, source, 0);
  if (basis !== undefined) await adoptOne(transfer, basis, async () => undefined);
}

/** Frees what an earlier run left at the destination, and forgets it. */
export async function dropTransfer(context: RunContext, owned: OwnedTransfer): Promise<void> {
  const { driver } = context.destination;
  const { record } = owned;
  const path = pathAt(driver, record.destination);
  if (record.kind === "upload" && driver.multipart !== undefined && path !== undefined) {
    await giveUpUpload(context, { path, id: record.uploadId });
  }
  const leftover = pathAt(driver, leftoverOf(owned.progress) ?? "");
  if (leftover !== undefined) await driver.removeStale?.(leftover);
  await owned.remove();
}

/** The path in a store of what a record names by URL; `undefined` if it lies in another one. */
export function pathAt(driver: Driver, url: string): string | undefined {
  const root = `${driver.id}/`;
  return url.startsWith(root) ? url.slice(root.length) : undefined;
}

/**
 * Whether what was done so far can be gone on with by a later run: the failure is not of the content and
 * not of the transfer itself.
 */
export function mayGoOnLater(context: RunContext, error: unknown): boolean {
  const passing = ["aborted", "unavailable", "timeout", "throttled", "unauthenticated"] as const;
  return context.signal.aborted || isStorageError(error, ...passing);
}

/** Leaves it for a later run and says so. */
export async function keepTransfer(transfer: Transfer, owned: OwnedTransfer): Promise<void> {
  const { context, toPath, source } = transfer;
  await owned.release();
  const bytes = bytesKept(owned.progress);
  context.emit({ kind: "kept", path: pathInRun(context, toPath), source, bytes });
}
