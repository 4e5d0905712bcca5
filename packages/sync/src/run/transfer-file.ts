/** Brings the content of one file over, by the strategy that was chosen. One attempt; nothing is decided here. */
import {
  type Driver,
  type Entry,
  type HashName,
  StorageError,
  type WriteOptions,
  collectBody,
  isStorageError,
  joinPath,
} from "@omnisync/storage";
import { isDiskToCompare } from "../delta/download-plan.ts";
import { copySignature } from "../delta/carry-signature.ts";
import type { Strategy } from "../events.ts";
import { type StrategyInput, chooseStrategy } from "../plan/choose-strategy.ts";
import { SET_IDS } from "../plan/wanted-attributes.ts";
import { CountedPacer } from "../limits/time-breakdown.ts";
import type { RunContext } from "./context.ts";
import type { TransferProgress } from "./progress-tracker.ts";
import {
  type Outcome,
  type Transfer,
  conditions,
  metered,
  sendPaced,
  refuseChanged,
  refuseOtherSize,
  writeOptions,
} from "./transfer.ts";
import { transferByMultipart } from "./transfer-by-multipart.ts";
import { fetchDifference, transferByRanges } from "./transfer-by-ranges.ts";

/**
 * Files up to this size are read before it is their turn to be sent, so that many are read by one
 * message to a thread. As many as there are begun jobs may lie in memory, which bounds the sum.
 */
const READ_AHEAD_LIMIT = 64 * 1024;

export interface TransferJob {
  /** Relative to both places. */
  readonly path: string;
  readonly source: Entry;
  /** What is there now and will be replaced. */
  readonly destination: Entry | undefined;
}

export function createTransfer(
  context: RunContext,
  job: TransferJob,
  progress: TransferProgress,
): Transfer {
  const { source, destination } = context;
  const toPath = joinPath(destination.path, job.path);
  return {
    context,
    from: source.driver,
    to: destination.driver,
    fromPath: joinPath(source.path, job.path),
    toPath,
    source: job.source,
    previous: job.destination,
    previousPath: toPath,
    progress,
  };
}

/**
 * @throws StorageError `changed` or `precondition-failed` if the source is not, or no longer, what was
 *   listed, or the destination not what is to be replaced: look again and plan again.
 */
export function transferContent(transfer: Transfer): Promise<Outcome> {
  const { context, from, source } = transfer;
  const strategy = strategyOf(transfer);
  if (strategy === "whole" && source.size <= READ_AHEAD_LIMIT && from.readBlock) {
    return wholeReadAhead(transfer);
  }
  return context.lanes.with(1, () => byStrategy(transfer, strategy));
}

type Choice = Pick<Transfer, "context" | "from" | "to" | "source" | "previous">;

export function strategyOf(transfer: Choice): Strategy {
  return chooseStrategy({ ...strategyInput(transfer), comparesDisks: isDiskToCompare(transfer) });
}

/** How content goes that is not taken by ranges because of what there is already. */
export function strategyOfWhole(transfer: Choice): Strategy {
  return chooseStrategy(strategyInput(transfer));
}

function strategyInput({ context, from, to, source, previous }: Choice): StrategyInput {
  return {
    size: source.size,
    source: from.capabilities,
    destination: to.capabilities,
    copyable: to.canCopyFrom?.(from) ?? false,
    throttled: context.throttle !== undefined,
    deltaAbove: previous === undefined ? undefined : context.deltas?.threshold,
    signedAbove: context.deltas?.threshold,
  };
}

function byStrategy(transfer: Transfer, strategy: Strategy): Promise<Outcome> {
  switch (strategy) {
    case "server-copy":
      return serverCopy(transfer);
    case "whole":
      return transfer.context.memory.with(transfer.source.size, () => whole(transfer));
    case "stream":
      return stream(transfer);
    case "multipart":
      return transferByMultipart(transfer);
    case "ranges":
      return ranges(transfer);
  }
}

/** What turns out to have to be read whole may have another way than ranges. */
async function ranges(transfer: Transfer): Promise<Outcome> {
  const whole = strategyOfWhole(transfer);
  if (whole === "ranges") return transferByRanges(transfer);
  const { outcome, delta } = await fetchDifference(transfer);
  return outcome ?? { ...(await byStrategy(transfer, whole)), delta };
}

/** What the destination checks a body by, computed while reading, in a worker. One is enough, each costs. */
function usefulHashes(to: Driver): readonly HashName[] {
  const best = (["md5", "blake3"] as const).find((name) => to.capabilities.hashes.includes(name));
  return best === undefined ? [] : [best];
}

async function serverCopy(transfer: Transfer): Promise<Outcome> {
  const { from, to, fromPath, toPath, source, context } = transfer;
  const ifMatch = to.capabilities.conditions.copySource ? source.etag : undefined;
  const place = { driver: from, path: fromPath, ifMatch };
  const destination = await to.copy!(place, toPath, copyOptions(transfer));
  refuseOtherSize(transfer, destination);
  transfer.progress.add(source.size);
  const outcome = { source, destination, bytes: 0, strategy: "server-copy" } as const;
  const { deltas, signal } = context;
  if (deltas === undefined || destination.size <= deltas.threshold) return outcome;
  const copied = { from, fromPath, source, to, toPath, made: destination };
  const isPinned = ifMatch !== undefined;
  const signatureError = await copySignature({ ...copied, isPinned }, deltas, signal);
  return { ...outcome, signatureError };
}

function copyOptions(transfer: Transfer): WriteOptions {
  const { to, context, source } = transfer;
  const { capabilities } = to;
  const { durable, move, storageClass } = context.options;
  return {
    ...(capabilities.directories ? attributesOfCopy(transfer, source) : undefined),
    ...(capabilities.conditions.copyTarget ? conditions(transfer) : undefined),
    durable: durable === true || move === true,
    storageClass,
    signal: context.signal,
  };
}

/** What a copy on a disk is told because it would bring something else along by itself. */
function attributesOfCopy(transfer: Transfer, source: Entry): WriteOptions {
  const { rules, options } = transfer.context;
  const { isPlain, foreignSetIds } = rules.attributes;
  // By itself a copy has no set-id bits.
  const isWhole = !foreignSetIds || ((source.mode ?? 0) & SET_IDS) === 0;
  if (isPlain && isWhole) return { sparse: options.sparse, preallocate: options.preallocate };
  const written = writeOptions(transfer, source);
  return { ...written, size: undefined, mtime: written.mtime ?? Date.now() };
}

async function wholeReadAhead(transfer: Transfer): Promise<Outcome> {
  const file = await transfer.context.limits.timings.read(() => readWhole(transfer));
  return transfer.context.lanes.with(1, () => writeWhole(transfer, file));
}

async function whole(transfer: Transfer): Promise<Outcome> {
  return writeWhole(
    transfer,
    await transfer.context.limits.timings.read(() => readWhole(transfer)),
  );
}

async function writeWhole(transfer: Transfer, file: WholeFile | undefined): Promise<Outcome> {
  const { to, toPath, progress, context } = transfer;
  if (file === undefined) return writeMarkedLink(transfer);
  const { entry, bytes, hashes } = file;
  refuseChanged(transfer, entry);
  const options = writeOptions(transfer, entry);
  const destination = await sendPaced(transfer, bytes.byteLength, context.signal, (pace) =>
    to.write(toPath, bytes, { ...options, hashes, pace }),
  );
  progress.add(bytes.byteLength);
  return { source: entry, destination, bytes: bytes.byteLength, strategy: "whole" };
}

interface WholeFile {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
  readonly hashes: Readonly<Partial<Record<HashName, string>>>;
}

/** `undefined`: what a listing showed as a small file is a link. */
function readWhole(transfer: Transfer): Promise<WholeFile | undefined> {
  const { from, to, fromPath, source, context } = transfer;
  if (from.readBlock === undefined) return collectWhole(transfer);
  return from.readBlock(fromPath, {
    offset: 0,
    length: source.size,
    hashes: usefulHashes(to),
    ifMatch: source.etag,
    signal: context.signal,
  });
}

async function collectWhole(transfer: Transfer): Promise<WholeFile | undefined> {
  const { from, fromPath, source, context } = transfer;
  const { signal } = context;
  try {
    const { entry, body } = await from.read(fromPath, { ifMatch: source.etag, signal });
    return {
      entry,
      bytes: await collectBody(body, source.size, { path: fromPath, signal }),
      hashes: {},
    };
  } catch (error) {
    if (isStorageError(error, "too-large"))
      throw new StorageError("changed", { path: fromPath, cause: error });
    if (isStorageError(error, "unsupported") && !source.complete) return undefined;
    throw error;
  }
}

/** A link that the listing of a store without real links did not show as one. */
async function writeMarkedLink(transfer: Transfer): Promise<Outcome> {
  const { from, to, fromPath, toPath, context } = transfer;
  const source = await from.stat(fromPath, { signal: context.signal });
  // Where not every link is kept, planning has to see that it is one.
  const isWanted = context.rules.links === "keep";
  if (source?.kind !== "symlink" || from.readLink === undefined || !isWanted) {
    throw new StorageError("changed", { path: fromPath, message: "changed since it was listed" });
  }
  if (to.writeLink === undefined) {
    throw new StorageError("unsupported", {
      path: toPath,
      message: "the destination cannot keep links",
    });
  }
  const target = await from.readLink(fromPath, { signal: context.signal });
  const destination = await to.writeLink(toPath, target, writeOptions(transfer, source));
  return { source, destination, bytes: 0, strategy: "whole" };
}

async function stream(transfer: Transfer): Promise<Outcome> {
  const { from, fromPath, context } = transfer;
  const { entry, body } = await from.read(fromPath, {
    ifMatch: transfer.source.etag,
    signal: context.signal,
  });
  refuseChanged(transfer, entry);
  const destination = await writeStream(transfer, body, writeOptions(transfer, entry));
  const delta = missesParts(transfer) ? "refused" : undefined;
  return { source: entry, destination, bytes: entry.size, delta, strategy: "stream" };
}

/** Whether less than the whole would have been sent to a store that takes parts. */
function missesParts({ context, from, to, source, previous }: Transfer): boolean {
  const above = context.deltas?.threshold ?? Infinity;
  const { multipart, stage } = to.capabilities;
  const isLarge = previous?.kind === "file" && Math.min(source.size, previous.size) > above;
  return isLarge && from.readBlock !== undefined && multipart === undefined && !stage;
}

/** A store that paces collects what it sends: the rate is kept on its connection, not where the body is read. */
async function writeStream(
  transfer: Transfer,
  body: AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<Entry> {
  const { to, toPath, context } = transfer;
  const { throttle, limits } = context;
  const pace =
    throttle !== undefined && to.capabilities.paces ? new CountedPacer(throttle) : undefined;
  let ended = performance.now();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* metered(transfer, body, pace === undefined);
    ended = performance.now();
  }
  const written = await to.write(toPath, chunks(), { ...options, pace }).catch((error: unknown) => {
    // Refused before it was read, the stream of chunks does not free what it is made of. Not waited for: it may be stuck.
    body[Symbol.asyncIterator]()
      .return?.()
      .catch(() => {});
    throw error;
  });
  const waited = pace?.waited ?? 0;
  limits.timings.bandwidth += waited;
  limits.timings.sending += Math.max(performance.now() - ended - waited, 0);
  return written;
}
