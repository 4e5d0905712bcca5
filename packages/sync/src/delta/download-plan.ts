/** What of a large object is fetched, and what is taken from the old file that is there. */
import { type DeltaOps, type FetchPlan, type Signature, planFetch } from "@omnisync/delta";
import type { Entry } from "@omnisync/storage";
import type { DeltaUse } from "../events.ts";
import type { Transfer } from "../run/transfer.ts";
import { strongestHash } from "../run/verify-stage.ts";
import type { Deltas } from "./deltas.ts";
import { FEED_MEMORY } from "./feed.ts";
import { matchContent } from "./read-content.ts";
import { findSignature } from "./signature-store.ts";
import { isDisk } from "./signed-on-disk.ts";
import { wholeMayDo } from "./whole-may-do.ts";

/** Less than this between two ranges is fetched with them: a request takes as long. Bytes. */
const MERGE_GAP = 256 * 1024;
/** A delta that saves less than this share of the object is not worth it. */
const WORTH_A_DELTA = 0.02;

export interface DownloadPlan {
  /** Absent if all of it is fetched. */
  readonly fetch?: FetchPlan | undefined;
  /** The old file. */
  readonly old?: Entry | undefined;
  readonly signature?: Signature | undefined;
  readonly use?: DeltaUse | undefined;
}

/** @throws StorageError `changed` or `precondition-failed` if the old file is not what was looked at. */
export async function planDownload(transfer: Transfer, source: Entry): Promise<DownloadPlan> {
  const { from, fromPath, previous: old, context } = transfer;
  const { deltas, signal } = context;
  if (deltas === undefined || old === undefined || !isForDelta(transfer, source, deltas)) return {};
  const isAttested = strongestHash(source) !== undefined || source.parts !== undefined;
  // The source goes afterwards: then a signature alone is not enough.
  const mayGoWrong = context.options.move && !isAttested;
  if (mayGoWrong || !deltas.isWorthTrying(transfer.previousPath)) return { use: "refused" };
  const signed = { driver: from, path: fromPath, placement: deltas.placement, signal };
  // It is matched once; what is planned afterwards needs its hashes.
  const found = await findSignature(signed, source, { shared: "hashes" });
  if (found.signature === undefined) return { use: found.lack };
  const { signature } = found;
  const ops = await findInOld(transfer, old, signature, deltas);
  if (ops === undefined) return { use: "refused" };
  const fetch = planFetch(signature, ops, { mergeGap: MERGE_GAP });
  if (source.size - fetch.fetched < source.size * WORTH_A_DELTA) return { use: "different" };
  return { fetch, old, signature, use: "used" };
}

/** What of the object is in the old file; `undefined` if that cannot be read: it may be replaced all the same. */
async function findInOld(
  { to, previousPath, context }: Transfer,
  old: Entry,
  signature: Signature,
  { threads }: Deltas,
): Promise<DeltaOps | undefined> {
  const { signal, memory, limits } = context;
  const content = { driver: to, path: previousPath, entry: old, signal };
  try {
    const { ops } = await limits.timings.hash(() =>
      threads.with(1, () =>
        memory.with(FEED_MEMORY, () => matchContent(content, signature, undefined)),
      ),
    );
    return ops;
  } catch (error) {
    if (wholeMayDo(error)) return undefined;
    throw error;
  }
}

/**
 * Whether of a large file on a disk only what differs is to be read, as from a store. Not of one that goes afterwards, nor
 * through links: who may put a link there may choose whose word it leads to.
 */
export function isDiskToCompare({
  from,
  to,
  context,
}: Pick<Transfer, "from" | "to" | "context">): boolean {
  const { wholeFile, move, links, copyDirLinks } = context.options;
  const followsLinks = links?.startsWith("follow") || copyDirLinks;
  return wholeFile === false && !move && !followsLinks && isDisk(from) && isDisk(to);
}

/**
 * The old file is read as it lies: it has to be one that can be told from any other. Most sources on a disk are read as
 * quickly as compared: who knows of one that is not has to say so.
 */
function isForDelta(transfer: Transfer, { size }: Entry, { threshold }: Deltas): boolean {
  const { from, to, previous } = transfer;
  if (from.readBlock !== undefined && !isDiskToCompare(transfer)) return false;
  if (previous?.kind !== "file" || previous.etag === undefined) return false;
  return Math.min(size, previous.size) > threshold && to.readBlock !== undefined;
}
