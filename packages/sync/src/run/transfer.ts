/** What all ways of bringing a file over share: its two ends, what is written with it, and its meter. */
import {
  type Driver,
  type Entry,
  StorageError,
  type WriteOptions,
  baseName,
} from "@omnisync/storage";
import mime from "mime/lite";
import type { Strategy } from "../events.ts";
import { effectiveMtime } from "../plan/compare.ts";
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
  readonly progress: TransferProgress;
}

export interface Outcome {
  /** The source as it was when its content was read; complete. */
  readonly source: Entry;
  /** What the destination holds now. */
  readonly destination: Entry;
  /** Bytes that went through this process. */
  readonly bytes: number;
  readonly strategy: Strategy;
}

/** What a write of this transfer carries: attributes of the source, and what must be there now. */
export function writeOptions(transfer: Transfer, source: Entry): WriteOptions {
  const { capabilities } = transfer.to;
  const { options } = transfer.context;
  return {
    size: source.size,
    mtime: capabilities.mtimePrecision === undefined ? undefined : effectiveMtime(source),
    mode: capabilities.mode && options.preserveMode !== false ? source.mode : undefined,
    contentType: capabilities.contentType ? contentType(transfer, source) : undefined,
    metadata: capabilities.metadata ? source.metadata : undefined,
    durable: options.durable === true || options.move === true,
    signal: transfer.context.signal,
    ...conditions(transfer),
  };
}

/** The precondition that keeps a write from hitting something that nobody has looked at. */
export function conditions(transfer: Transfer): Pick<WriteOptions, "ifMatch" | "ifNoneMatch"> {
  const { create, replace } = transfer.to.capabilities.conditions;
  if (transfer.previous === undefined) return create ? { ifNoneMatch: "*" } : {};
  const { etag } = transfer.previous;
  return replace && etag !== undefined ? { ifMatch: etag } : {};
}

/** Bytes that wait for their bandwidth together. */
const THROTTLED_PIECE = 16 * 1024;

/** Bytes on their way: counted, and held back to the allowed rate. */
export async function* metered(
  transfer: Transfer,
  body: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const { throttle, signal } = transfer.context;
  const pieceSize = throttle === undefined ? Infinity : THROTTLED_PIECE;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength; at += pieceSize) {
      const piece = chunk.byteLength <= pieceSize ? chunk : chunk.subarray(at, at + pieceSize);
      if (throttle !== undefined) await throttle.take(piece.byteLength, signal);
      transfer.progress.add(piece.byteLength);
      yield piece;
    }
  }
}

/** The source is another than was listed. @throws StorageError `changed` */
export function refuseChanged(transfer: Transfer, found: Entry): void {
  if (found.size === transfer.source.size) return;
  throw new StorageError("changed", {
    path: transfer.fromPath,
    message: "changed since it was listed",
  });
}

function contentType(transfer: Transfer, source: Entry): string | undefined {
  return source.contentType ?? mime.getType(baseName(transfer.toPath)) ?? undefined;
}
