/**
 * A download of what differs: the stage begins as a clone of the old file, what lies elsewhere in it is
 * copied to its place, and only what it lacks is fetched, once, and written wherever it belongs. The whole is hashed before
 * it takes its name. Where zeros are to be holes there is no clone, for nothing in it could be made one any more: all that
 * is reused is copied. Nor is there one where nothing of it would stay.
 */
import type { FetchPlan, FetchStep, ReuseStep, Signature } from "@omnisync/delta";
import { type Entry, type Stage, isStorageError } from "@omnisync/storage";
import type { DownloadPlan } from "../delta/download-plan.ts";
import { isDisk, refuseTouched } from "../delta/signed-on-disk.ts";
import { cut } from "../plan/choose-strategy.ts";
import { dropKept } from "../resume/kept-transfer.ts";
import { RANGES_AT_ONCE, fetchPiece } from "./fetch-piece.ts";
import { inParallel } from "./in-parallel.ts";
import type { TransferProgress } from "./progress-tracker.ts";
import { type Outcome, type Transfer, writeOptions } from "./transfer.ts";
import { verifyStage } from "./verify-stage.ts";

const MiB = 1024 * 1024;
/** Longer ranges are cut, so that several connections share them. */
export const LONGEST_FETCH: number = 32 * MiB;
/** What is copied from elsewhere in the old file lies in memory meanwhile. */
const LONGEST_COPY = 2 * MiB;

/** @returns `undefined` if what was put together is not the object: its signature says something else. */
export async function transferByReuse(
  transfer: Transfer,
  source: Entry,
  plan: DownloadPlan,
): Promise<Outcome | undefined> {
  const { to, toPath, previousPath, context, progress } = transfer;
  const { signal, options } = context;
  const { old, signature, fetch } = plan;
  await dropKept(transfer, source);
  const { sparse, preallocate } = options;
  const isCloned = !sparse && keepsAny(fetch!);
  const base = isCloned ? { path: previousPath, ifMatch: old!.etag } : undefined;
  const isCopied = (step: FetchStep): step is ReuseStep =>
    step.kind === "reuse" && !(isCloned && isInPlace(step));
  const stage = await to.stage!(toPath, source.size, { base, sparse, preallocate, signal });
  try {
    const target = withRepeats(stage, fetch!, progress);
    const pieces = piecesOf(fetch!.steps(), isCopied);
    await inParallel(pieces, RANGES_AT_ONCE, signal, async (step, signal) => {
      if (step.kind === "fetch") return fetchPiece(transfer, source, target, step, signal);
      if (isCopied(step)) await copyPiece(transfer, old!, stage, step, signal);
      if (step.kind === "reuse") progress.match(step.length);
    });
    await verify(transfer, source, stage, signature!);
    // Where nothing had to be fetched, nobody has looked at it since its signature was read.
    if (isDisk(transfer.from))
      await refuseTouched(transfer.from, transfer.fromPath, source, signal);
    const destination = await stage.commit(writeOptions(transfer, source));
    const { matched } = progress;
    const bytes = source.size - matched;
    return { source, destination, bytes, matched, delta: "used", strategy: "ranges" };
  } catch (error) {
    await stage.abort();
    if (!isStorageError(error, "corrupt")) throw error;
    progress.reset();
    return undefined;
  }
}

function keepsAny(plan: FetchPlan): boolean {
  for (const step of plan.steps()) if (step.kind === "reuse" && isInPlace(step)) return true;
  return false;
}

function isInPlace({ offset, localOffset }: ReuseStep): boolean {
  return offset === localOffset;
}

/** Each range that is written there is written wherever its bytes come again, too; that counts as done only then. */
function withRepeats(
  stage: Stage,
  plan: FetchPlan,
  progress: TransferProgress,
): Pick<Stage, "write"> {
  return {
    async write(offset, bytes, options) {
      await stage.write(offset, bytes, options);
      for (const repeat of plan.repeats({ offset, length: bytes.byteLength })) {
        const from = repeat.sourceOffset - offset;
        await stage.write(repeat.offset, bytes.subarray(from, from + repeat.length), options);
        progress.match(repeat.length);
      }
    },
  };
}

function* piecesOf(
  steps: Iterable<FetchStep>,
  isCopied: (step: FetchStep) => step is ReuseStep,
): Iterable<FetchStep> {
  for (const step of steps) {
    if (step.kind === "fetch") {
      for (const { offset, length } of cut(step.length, LONGEST_FETCH))
        yield { kind: "fetch", offset: step.offset + offset, length };
    } else if (isCopied(step)) {
      const { kind } = step;
      for (const { offset, length } of cut(step.length, LONGEST_COPY))
        yield {
          kind,
          offset: step.offset + offset,
          length,
          localOffset: step.localOffset + offset,
        };
    } else yield step;
  }
}

/** From the old file, which is as it was: the stage has overwritten some of its clone. */
async function copyPiece(
  { to, previousPath, context }: Transfer,
  old: Entry,
  stage: Stage,
  { offset, length, localOffset }: ReuseStep,
  signal: AbortSignal,
): Promise<void> {
  await context.memory.with(length, async () => {
    const block = { offset: localOffset, length, ifMatch: old.etag, signal };
    const memory = context.spare.take(length);
    const { bytes } = await to.readBlock!(previousPath, { ...block, memory });
    await stage.write(offset, bytes, { signal });
    if (bytes.buffer instanceof ArrayBuffer) context.spare.give(bytes.buffer);
  });
}

/** Against what the store knows of the content, and where it knows nothing, the signature does. */
async function verify(
  transfer: Transfer,
  source: Entry,
  stage: Stage,
  { contentHash }: Signature,
): Promise<void> {
  const { hashes, parts, size } = source;
  if (hashes?.blake3 === undefined) {
    const blake3 = Buffer.from(contentHash).toString("hex");
    await verifyStage(transfer, { size, hashes: { blake3 } }, stage);
  }
  await verifyStage(transfer, { size, hashes, parts }, stage);
}
