/**
 * A download over several connections: ranges of one pinned version are written into a staged file as
 * they arrive, the file is hashed as it lies on the disk, and only then takes its name.
 */
import { type Entry, StorageError } from "@omnisync/storage";
import { planDownload } from "../delta/download-plan.ts";
import type { DeltaUse } from "../events.ts";
import { PART_SIZE, cut } from "../plan/choose-strategy.ts";
import {
  type BegunDownload,
  type StageWish,
  beginDownload,
  endDownload,
  rangeFilled,
} from "../resume/kept-download.ts";
import { RANGES_AT_ONCE, fetchPiece } from "./fetch-piece.ts";
import { inParallel } from "./in-parallel.ts";
import { transferByReuse } from "./transfer-by-reuse.ts";
import { strongestHash, verifyStage } from "./verify-stage.ts";
import {
  type Outcome,
  type Transfer,
  refuseChanged,
  withKnownHashes,
  writeOptions,
} from "./transfer.ts";

const MOST_OF_A_RANGE = 8 * PART_SIZE;

export async function transferByRanges(transfer: Transfer): Promise<Outcome> {
  const { source, outcome, delta } = await fetchDifference(transfer);
  return outcome ?? wholeByRanges(transfer, source, delta);
}

interface Difference {
  readonly source: Entry;
  /** Absent if the whole has to be fetched; `delta` says why, if one was thought of. */
  readonly outcome?: Outcome | undefined;
  readonly delta?: DeltaUse | undefined;
}

/** Fetches only what differs from the file that is there, if that can be told. */
export async function fetchDifference(transfer: Transfer): Promise<Difference> {
  const { from, fromPath, context } = transfer;
  const found = await from.stat(fromPath, { signal: context.signal });
  if (found === undefined) throw new StorageError("not-found", { path: fromPath });
  refuseChanged(transfer, found);
  const source = withKnownHashes(found, transfer.source);
  const plan = await planDownload(transfer, source);
  if (plan.fetch === undefined) return { source, delta: plan.use };
  const outcome = await transferByReuse(transfer, source, plan);
  return { source, outcome, delta: "bad-signature" };
}

async function wholeByRanges(
  transfer: Transfer,
  source: Entry,
  delta: DeltaUse | undefined,
): Promise<Outcome> {
  const byParts = partsOf(source);
  const hash = byParts === undefined ? strongestHash(source) : undefined;
  const pieceSize = pieceSizeOf(source);
  const pieces = [...cut(source.size, pieceSize)];
  const rangeHash = byParts === undefined ? "blake3" : "md5";
  const wish: StageWish = { pieces, pieceSize, rangeHash, hash };
  const begun = await beginDownload(transfer, source, wish);
  const { stage } = begun;
  try {
    const digests = await fetchPieces(transfer, source, begun, wish);
    await verifyStage(transfer, source, stage, byParts === undefined ? [] : digests);
    const destination = await stage.commit(writeOptions(transfer, source));
    await begun.owned?.remove();
    const { resumed } = transfer.progress;
    const bytes = source.size - resumed;
    return { source, destination, bytes, resumed, delta, strategy: "ranges" };
  } catch (error) {
    await endDownload(transfer, begun, error);
    throw error;
  }
}

/** Fills the ranges that are not filled yet. @returns the hashes of all, where somebody wants them. */
async function fetchPieces(
  transfer: Transfer,
  source: Entry,
  begun: BegunDownload,
  wish: StageWish,
): Promise<readonly string[]> {
  const { stage, filled, owned } = begun;
  const { pieces, rangeHash } = wish;
  const digests: string[] = [];
  for (const { number, length } of pieces) {
    const hash = filled.get(number);
    if (hash === undefined) continue;
    digests[number - 1] = hash;
    transfer.progress.resume(length);
  }
  const missing = pieces.filter(({ number }) => !filled.has(number));
  await inParallel(missing, RANGES_AT_ONCE, transfer.context.signal, async (piece, signal) => {
    await fetchPiece(transfer, source, stage, piece, signal);
    if (rangeHash !== "md5" && owned === undefined) return;
    const hash = await stage.hash(rangeHash, piece, { signal });
    digests[piece.number - 1] = hash;
    await rangeFilled(begun, wish, piece, hash);
  });
  return digests;
}

/** Bytes of each range of an object that is fetched whole. */
export function pieceSizeOf(source: Entry): number {
  return partsOf(source)?.size ?? rangeSize(source.size);
}

/** To verify it by, only if there is nothing better: MD5 costs five times what BLAKE3 does. */
function partsOf({ hashes, parts }: Entry): Entry["parts"] {
  return hashes?.blake3 === undefined ? parts : undefined;
}

/** Few long ranges: each costs a round trip. But enough of them that all connections end together. */
function rangeSize(size: number): number {
  const share = Math.ceil(size / (RANGES_AT_ONCE * 8) / PART_SIZE) * PART_SIZE;
  return Math.min(share, MOST_OF_A_RANGE);
}
