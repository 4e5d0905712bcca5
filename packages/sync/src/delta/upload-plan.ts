/** What of a large file is sent, and what the store copies of the object that is there. */
import {
  DeltaError,
  DeltaOps,
  type PartPlan,
  type PartRules,
  type PlannedPart,
  type Signature,
  planEqualParts,
  planParts,
} from "@omnisync/delta";
import { type Entry, type MultipartLimits, StorageError } from "@omnisync/storage";
import type { DeltaUse } from "../events.ts";
import { PART_SIZE, choosePartSize, cut } from "../plan/choose-strategy.ts";
import { hashFile } from "../run/hash-file.ts";
import type { Transfer } from "../run/transfer.ts";
import { beginsWith } from "./appended.ts";
import { closeComparison } from "./comparisons.ts";
import type { Deltas } from "./deltas.ts";
import { readNewContent } from "./read-new-content.ts";
import { type FoundSignature, findSignature } from "./signature-store.ts";
import { wholeMayDo } from "./whole-may-do.ts";

/** Copied stretches are cut into parts of at most so many bytes: several are copied at once. */
const COPY_PART = 256 * 1024 ** 2;
/** A delta that saves less than this share of the file is not worth its requests. */
const WORTH_A_DELTA = 0.02;

export interface UploadPlan {
  /** In order; together they are the new object. */
  readonly parts: readonly PlannedPart[];
  /** Bytes of every part but the last, if they are equal. */
  readonly partSize?: number | undefined;
  /** BLAKE3 of the new content, hex, where it is known before it is sent. */
  readonly blake3?: string | undefined;
  /** Of the new content. */
  readonly signature?: Signature | undefined;
  /** The object that parts are copied of; without it all are sent. */
  readonly old?: Entry | undefined;
  readonly use?: DeltaUse | undefined;
  /** Bytes of the old object that were read to sign it. */
  readonly generated?: number | undefined;
}

/** @throws StorageError `changed` if the source is not what was looked at. */
export async function planUpload(transfer: Transfer, source: Entry): Promise<UploadPlan> {
  const { deltas } = transfer.context;
  if (deltas === undefined || !isForDelta(transfer, source, deltas)) {
    return { ...wholePlan(transfer, source), blake3: await contentHash(transfer, source) };
  }
  const old = await lookAtOld(transfer, deltas);
  const { ops, ...known } =
    deltas.comparisons.take(transfer.fromPath, source, old.object) ??
    (await compare(transfer, source, await withSignature(transfer, old, deltas), deltas));
  const plan = ops && planOf(ops, source.size, transfer.to.capabilities.multipart!);
  if (plan === undefined || plan.copyBytes < source.size * WORTH_A_DELTA) {
    return { ...wholePlan(transfer, source), ...known, use: whyWhole(known.use, ops, plan) };
  }
  return { ...known, parts: plan.parts, old: old.object };
}

function whyWhole(
  use: DeltaUse | undefined,
  ops: DeltaOps | undefined,
  plan: PartPlan | undefined,
): DeltaUse | undefined {
  if (ops === undefined) return use;
  return plan === undefined ? "refused" : "different";
}

/** The same content, sent whole. */
export function withoutDelta(transfer: Transfer, source: Entry, plan: UploadPlan): UploadPlan {
  const { signature, blake3 } = plan;
  return { ...wholePlan(transfer, source), signature, blake3, use: "refused" };
}

function wholePlan({ to }: Transfer, source: Entry): UploadPlan {
  const partSize = choosePartSize(source.size, to.capabilities.multipart!);
  const parts = [...cut(source.size, partSize)].map(({ offset, length }) => ({
    kind: "upload" as const,
    ...{ offset, length },
  }));
  return { parts, partSize };
}

/** A source that is remote itself is not read twice. */
function isForDelta({ from }: Comparable, { size }: Entry, deltas: Deltas): boolean {
  return size > deltas.threshold && from.readBlock !== undefined;
}

/**
 * The hash that is kept with the object. It goes with the first request, before the first part, so the
 * file is read once more for it: in a worker, at several times the speed of any upload.
 */
async function contentHash(
  { from, to, fromPath, context }: Comparable,
  source: Entry,
): Promise<string | undefined> {
  const known = source.hashes?.blake3;
  if (known !== undefined) return known;
  if (from.readBlock === undefined || !to.capabilities.hashes.includes("blake3")) return undefined;
  const { timings } = context.limits;
  return timings.hash(() => hashFile(from, fromPath, source, "blake3", context.signal));
}

/**
 * The BLAKE3 of a file that may replace an object of which there is a signature, found by comparing it with that: if they
 * differ, the upload need not read the file again. `undefined` if that is no upload of a delta.
 */
export async function hashByComparing(
  upload: Comparable,
  source: Entry,
): Promise<string | undefined> {
  const { deltas } = upload.context;
  if (deltas === undefined || !isForDelta(upload, source, deltas)) return undefined;
  const old = await withSignature(upload, await lookAtOld(upload, deltas), deltas);
  if (old.object === undefined || old.signature === undefined) return undefined;
  const found = await compare(upload, source, old, deltas);
  if (found.blake3 === old.object.hashes?.blake3) closeComparison(found);
  else deltas.comparisons.keep(upload.fromPath, source, old.object, found);
  return found.blake3;
}

/** Of a transfer, what comparing takes. */
export type Comparable = Pick<
  Transfer,
  "from" | "to" | "fromPath" | "previousPath" | "previous" | "context"
>;

/** What reading a file told, against an old object. */
export interface FileComparison extends Omit<UploadPlan, "parts"> {
  readonly ops?: DeltaOps | undefined;
}

interface OldObject {
  /** Complete; absent if nothing there is worth a delta, or the store makes none. */
  readonly object?: Entry | undefined;
  readonly signature?: Signature | undefined;
  readonly use?: DeltaUse | undefined;
}

async function lookAtOld(transfer: Comparable, deltas: Deltas): Promise<OldObject> {
  const { to, previousPath: path, previous, context } = transfer;
  const { signal } = context;
  if (previous?.kind !== "file" || previous.size <= deltas.threshold) return {};
  const mayCopy = to.capabilities.copyPart && deltas.areCopiesDone;
  if (!mayCopy || !deltas.isWorthTrying(path)) return { use: "refused" };
  const object = await to.stat(path, { signal });
  if (object === undefined || object.etag !== previous.etag) {
    throw new StorageError("precondition-failed", {
      path,
      message: "is not what it was when it was listed",
    });
  }
  // What cannot be told from another content cannot be copied of.
  return object.etag === undefined ? { use: "refused" } : { object };
}

/** The object with its signature, or why there is none. */
async function withSignature(
  { to, previousPath: path, context }: Comparable,
  old: OldObject,
  { placement }: Deltas,
): Promise<OldObject> {
  const { object } = old;
  if (object === undefined) return old;
  const signed = { driver: to, path, placement, signal: context.signal };
  // It is matched once, and its memory is needed for what comes then.
  const found = await findSignature(signed, object, { shared: false });
  return { object, ...useOf(found) };
}

function useOf(found: FoundSignature): OldObject {
  return found.signature === undefined
    ? { use: found.lack }
    : { signature: found.signature, use: "used" };
}

/** Reads the new content once; twice if it may be the old one with more at its end. */
async function compare(
  transfer: Comparable,
  source: Entry,
  old: OldObject,
  deltas: Deltas,
): Promise<FileComparison> {
  const { from: driver, fromPath: path, context } = transfer;
  const { signal, memory, limits } = context;
  const { object } = old;
  const content = { driver, path, entry: source, signal };
  let { signature, use } = old;
  let ops: DeltaOps | undefined;
  let generated: number | undefined;
  if (object !== undefined && signature === undefined) {
    if (await limits.timings.hash(() => beginsWith(content, object))) {
      ops = appendedOps(object.size, source.size);
      use = "appended";
    } else if (deltas.generate && object.size <= source.size) {
      signature = await signOld(transfer, object, deltas);
      generated = signature?.size;
      use = signature === undefined ? "refused" : "used";
    }
  }
  if (signature === undefined && deltas.placement === "none") {
    return { ops, blake3: await contentHash(transfer, source), use, generated };
  }
  const { maxParts } = transfer.to.capabilities.multipart!;
  const read = await limits.timings.hash(() =>
    readNewContent(content, signature, { deltas, memory, maxParts }),
  );
  const blake3 = Buffer.from(read.signature.contentHash).toString("hex");
  return { ops: ops ?? read.ops, signature: read.signature, blake3, use, generated };
}

function appendedOps(oldSize: number, size: number): DeltaOps {
  return DeltaOps.from([
    { kind: "copy", offset: 0, length: oldSize, oldOffset: 0 },
    { kind: "insert", offset: oldSize, length: size - oldSize },
  ]);
}

/** Reads the object to sign it. @returns `undefined` if it cannot be read, as in an archive. */
async function signOld(
  { to, previousPath, context }: Comparable,
  object: Entry,
  deltas: Deltas,
): Promise<Signature | undefined> {
  const { signal, memory, throttle: pace } = context;
  const content = { driver: to, path: previousPath, entry: object, signal, pace };
  try {
    return (await readNewContent(content, undefined, { deltas, memory })).signature;
  } catch (error) {
    if (wholeMayDo(error)) return undefined;
    throw error;
  }
}

/** `undefined` if the store's rules leave no room for a delta. */
function planOf(ops: DeltaOps, size: number, limits: MultipartLimits): PartPlan | undefined {
  if (limits.equalPartSizes) return planEqualParts(ops, choosePartSize(size, limits));
  const { minPartSize: minPart, maxPartSize: maxPart, maxParts } = limits;
  const uploadPart = Math.min(Math.max(PART_SIZE, minPart), maxPart);
  const copyPart = Math.min(Math.max(COPY_PART, minPart), maxPart);
  const rules: PartRules = { minPart, maxPart, maxParts, uploadPart, copyPart };
  try {
    return planParts(ops, rules);
  } catch (error) {
    if (error instanceof DeltaError) return undefined;
    throw error;
  }
}
