/**
 * Downloads that later runs can go on with: the temporary file, and which of its ranges were filled.
 *
 * Each range is on record with the hash of what was written, and is hashed again before it counts: after
 * a power cut the disk may have lost any of it, whatever the record says. The other way, to wait for the
 * disk before each range is put on record, would cost every download more than this costs the few that
 * are gone on with; and nobody would notice a file that was changed meanwhile.
 */
import { type Entry, type HashName, type Stage, joinPath } from "@omnisync/storage";
import type { Piece } from "../plan/choose-strategy.ts";
import type { Transfer } from "../run/transfer.ts";
import {
  type RecordBasis,
  adoptOne,
  basisOf,
  continues,
  keepTransfer,
  mayGoOnLater,
  pathAt,
  resumeOf,
} from "./kept-transfer.ts";
import {
  type FilledRange,
  type LeftoverName,
  type OwnedTransfer,
  leftoverOf,
} from "./resume-store.ts";

export interface StageWish {
  readonly pieces: readonly Piece[];
  readonly pieceSize: number;
  /** The hash by which ranges are known again. */
  readonly rangeHash: HashName;
  /** The hash that will be asked of the whole. */
  readonly hash: HashName | undefined;
}

export interface BegunDownload {
  readonly stage: Stage;
  /** Hashes of the ranges that are filled already, by number. */
  readonly filled: ReadonlyMap<number, string>;
  /** Absent if the download is not remembered. */
  readonly owned?: OwnedTransfer | undefined;
}

/** Goes on with the download of an earlier run, or begins one. */
export async function beginDownload(
  transfer: Transfer,
  source: Entry,
  wish: StageWish,
): Promise<BegunDownload> {
  const store = resumeOf(transfer);
  const basis = basisOf(transfer, source, wish.pieceSize);
  if (store === undefined || basis === undefined) {
    return { stage: await openStage(transfer, source, wish), filled: new Map() };
  }
  const adopted = await adoptOne(transfer, basis, (owned) =>
    adopt(transfer, source, { owned, basis, wish }),
  );
  if (adopted !== undefined) return adopted;
  const stage = await openStage(transfer, source, wish);
  if (stage.leftover === undefined) return { stage, filled: new Map() };
  const owned = await store.create({ ...basis, kind: "download" });
  await owned?.add(leftoverAt(transfer, stage));
  return { stage, filled: new Map(), owned };
}

/** A range is written, and has this hash. */
export async function rangeFilled(
  { owned }: BegunDownload,
  { rangeHash }: StageWish,
  { number, length }: Piece,
  hash: string,
): Promise<void> {
  await owned?.add({ kind: "range", number, size: length, hash: `${rangeHash}:${hash}` });
}

/** After a failure: leaves what is there to a later run if one can go on with it, else drops it. */
export async function endDownload(
  transfer: Transfer,
  { stage, owned }: BegunDownload,
  error: unknown,
): Promise<void> {
  const hasRanges = owned?.progress.some(({ kind }) => kind === "range") ?? false;
  if (owned !== undefined && hasRanges && mayGoOnLater(transfer.context, error)) {
    await stage.leftover?.keep();
    return keepTransfer(transfer, owned);
  }
  await stage.abort();
  await owned?.remove();
}

interface Adoption {
  readonly owned: OwnedTransfer;
  readonly basis: RecordBasis;
  readonly wish: StageWish;
}

async function adopt(
  transfer: Transfer,
  source: Entry,
  { owned, basis, wish }: Adoption,
): Promise<BegunDownload | undefined> {
  const url = leftoverOf(owned.progress);
  const resume = url === undefined ? undefined : pathAt(transfer.to, url);
  if (owned.record.kind !== "download" || !continues(owned.record, basis)) return undefined;
  if (resume === undefined) return undefined;
  const stage = await openStage(transfer, source, wish, resume);
  try {
    if (stage.leftover?.resumed) {
      await owned.add(leftoverAt(transfer, stage));
      return { stage, filled: await rangesFilled(transfer, stage, owned, wish), owned };
    }
    await stage.abort();
    return undefined;
  } catch (error) {
    await stage.leftover?.keep();
    throw error;
  }
}

function openStage(
  { to, toPath, context }: Transfer,
  source: Entry,
  { hash }: StageWish,
  resume?: string,
): Promise<Stage> {
  const { sparse, preallocate } = context.options;
  const options = { hash, resume, sparse, preallocate, signal: context.signal };
  return to.stage!(toPath, source.size, options);
}

function leftoverAt({ to }: Transfer, { leftover }: Stage): LeftoverName {
  return { kind: "leftover", path: joinPath(to.id, leftover!.path) };
}

/** The ranges on record that the disk still has. */
async function rangesFilled(
  { context }: Transfer,
  stage: Stage,
  { progress }: OwnedTransfer,
  { pieces, rangeHash }: StageWish,
): Promise<ReadonlyMap<number, string>> {
  const onRecord = new Map<number, FilledRange>();
  for (const one of progress) if (one.kind === "range") onRecord.set(one.number, one);
  const filled = new Map<number, string>();
  for (const piece of pieces) {
    const range = onRecord.get(piece.number);
    if (range === undefined || range.size !== piece.length) continue;
    const hash = await stage.hash(rangeHash, piece, { signal: context.signal });
    if (range.hash === `${rangeHash}:${hash}`) filled.set(piece.number, hash);
  }
  return filled;
}
