/** What all ways of bringing a file over share: its two ends, what is written with it, and its meter. */
import {
  type Attributes,
  type Driver,
  type Entry,
  type Pacer,
  StorageError,
  type WriteOptions,
  baseName,
} from "@omnisync/storage";
import mime from "mime/lite";
import type { DeltaUse, Strategy } from "../events.ts";
import { writtenAttributes } from "../plan/wanted-attributes.ts";
import type { TimeBreakdown } from "../limits/time-breakdown.ts";
import type { RunContext } from "./context.ts";
import type { TransferProgress } from "./progress-tracker.ts";

/** One transfer with its ends resolved: paths as the stores know them. */
export interface Transfer {
  readonly context: RunContext;
  readonly from: Driver;
  readonly to: Driver;
  readonly fromPath: string;
  readonly toPath: string;
  readonly source: Entry;
  readonly previous: Entry | undefined;
  /** Where that lies: `toPath`, unless that is staged. */
  readonly previousPath: string;
  /** `toPath` is a path of the run's own, from where the file is put in its place: nobody else writes there. */
  readonly isStaged?: boolean | undefined;
  /** With `isStaged`: nothing of an earlier attempt lies there, nor may anything else. */
  readonly isNew?: boolean | undefined;
  readonly progress: TransferProgress;
}

export interface Outcome {
  /** The source as it was when its content was read; complete. */
  readonly source: Entry;
  /** What the destination holds now. */
  readonly destination: Entry;
  /** Bytes that went through this process. */
  readonly bytes: number;
  /** Bytes that an earlier run had brought over. */
  readonly resumed?: number | undefined;
  /** Bytes that were taken from the copy that was there. */
  readonly matched?: number | undefined;
  readonly delta?: DeltaUse | undefined;
  /** Why the signature of `destination` could not be kept. */
  readonly signatureError?: StorageError | undefined;
  readonly strategy: Strategy;
}

/** What a write of this transfer carries: attributes of the source, and what must be there now. */
export function writeOptions(transfer: Transfer, source: Entry): WriteOptions {
  const { capabilities } = transfer.to;
  const { options } = transfer.context;
  return {
    ...attributesToWrite(transfer, source),
    size: source.size,
    sparse: options.sparse,
    preallocate: options.preallocate,
    storageClass: options.storageClass,
    contentType: capabilities.contentType ? contentType(transfer, source) : undefined,
    metadata: capabilities.metadata ? source.metadata : undefined,
    durable: options.durable === true || options.move === true,
    signal: transfer.context.signal,
    ...conditions(transfer),
  };
}

/** A read tells less of the source than the listing that was asked for it, or more. */
function attributesToWrite({ context, source, previous }: Transfer, read: Entry): Attributes {
  const { attributes } = context.rules;
  return writtenAttributes({ ...source, ...read }, previous, attributes);
}

/** The precondition that keeps a write from hitting something that nobody has looked at. */
export function conditions(transfer: Transfer): Pick<WriteOptions, "ifMatch" | "ifNoneMatch"> {
  if (!transfer.isStaged) return conditionsFor(transfer.to, transfer.previous);
  return transfer.isNew ? conditionsFor(transfer.to, undefined) : {};
}

/** What must be there still, or must not be there, as far as the store can hold a write to that. */
export function conditionsFor(
  { capabilities }: Driver,
  there: Entry | undefined,
): Pick<WriteOptions, "ifMatch" | "ifNoneMatch"> {
  const { create, replace } = capabilities.conditions;
  if (there === undefined) return create ? { ifNoneMatch: "*" } : {};
  return replace && there.etag !== undefined ? { ifMatch: there.etag } : {};
}

/** Sends bytes at the allowed rate: piece by piece where the store sees to that, else when all of them may go. */
export function sendPaced<T>(
  { to, context }: Transfer,
  bytes: number,
  signal: AbortSignal,
  send: (pace: Pacer | undefined) => Promise<T>,
): Promise<T> {
  const { throttle, limits } = context;
  if (throttle === undefined || to.capabilities.paces) return limits.timings.send(throttle, send);
  return sendInTurn(limits.timings, throttle.take(bytes, signal), send);
}

async function sendInTurn<T>(
  timings: TimeBreakdown,
  turn: Promise<void>,
  send: (pace: Pacer | undefined) => Promise<T>,
): Promise<T> {
  const since = performance.now();
  await turn;
  timings.bandwidth += performance.now() - since;
  return timings.send(undefined, send);
}

/** The most that waits for its bandwidth together, however high the rate. */
const LARGEST_PIECE = 256 * 1024;

/**
 * Bytes on their way: counted, and held back to the allowed rate. What whoever takes them needs counts as
 * sending. `held`: false where the destination sees to the rate.
 */
export async function* metered(
  transfer: Transfer,
  body: AsyncIterable<Uint8Array>,
  held: boolean = true,
): AsyncIterable<Uint8Array> {
  const { limits, signal } = transfer.context;
  const pace = held ? transfer.context.throttle : undefined;
  const { timings } = limits;
  let since = performance.now();
  const lap = (): number => {
    const before = since;
    since = performance.now();
    return since - before;
  };
  for await (const chunk of body) {
    timings.reading += lap();
    for (let at = 0; at < chunk.byteLength;) {
      const most = pace === undefined ? Infinity : Math.min(pace.pieceSize, LARGEST_PIECE);
      const piece = at === 0 && chunk.byteLength <= most ? chunk : chunk.subarray(at, at + most);
      if (pace !== undefined) {
        await pace.take(piece.byteLength, signal);
        timings.bandwidth += lap();
      }
      transfer.progress.add(piece.byteLength);
      at += piece.byteLength;
      yield piece;
      timings.sending += lap();
    }
  }
  timings.reading += lap();
}

/**
 * The source is another than was listed. An etag names its content; where none is known, its time has to do.
 * @throws StorageError `changed`
 */
export function refuseChanged({ source, fromPath }: Transfer, found: Entry): void {
  const isSame =
    found.size === source.size &&
    (found.etag === undefined || source.etag === undefined
      ? isEqualIfKnown(found.mtime, source.mtime)
      : found.etag === source.etag);
  if (!isSame) throw changed(fromPath);
}

/** What was made of the source is not of its size. @throws StorageError `changed` */
export function refuseOtherSize({ source, fromPath }: Transfer, made: Entry): void {
  if (made.size !== source.size) throw changed(fromPath);
}

/** The path of something at the destination, as events name it. */
export function pathInRun({ destination }: RunContext, toPath: string): string {
  return toPath.slice(destination.path === "" ? 0 : destination.path.length + 1);
}

function isEqualIfKnown(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function changed(path: string): StorageError {
  return new StorageError("changed", { path, message: "changed since it was listed" });
}

function contentType(transfer: Transfer, source: Entry): string | undefined {
  return source.contentType ?? mime.getType(baseName(transfer.toPath)) ?? undefined;
}

/** What planning had to hash, of a source that was found again since, needs no second reading. */
export function withKnownHashes(found: Entry, { etag, hashes }: Entry): Entry {
  return etag === undefined || found.etag !== etag
    ? found
    : { ...found, hashes: { ...hashes, ...found.hashes } };
}
