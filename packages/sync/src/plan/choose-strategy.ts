/**
 * How the content of one file goes over, and in which pieces. Pure: sizes and capabilities decide.
 */
import { type Capabilities, type MultipartLimits, StorageError } from "@omnisync/storage";
import type { Strategy } from "../events.ts";

const MiB = 1024 * 1024;

/** Preferred size of a part; larger objects need larger ones, since the number of parts is limited. */
export const PART_SIZE: number = 8 * MiB;
/** Up to here a file is read into memory whole, if its store reads blocks off the main thread. */
const WHOLE_LIMIT = 8 * MiB;
/** The same for stores that stream: buffering gains little, but small writes are cheaper whole. */
const WHOLE_STREAM_LIMIT = MiB;
const THROTTLED_WHOLE_LIMIT = 16 * 1024;
/** Above it a download is worth several connections. */
const RANGES_ABOVE = 32 * MiB;

export interface StrategyInput {
  readonly size: number;
  readonly source: Capabilities;
  readonly destination: Capabilities;
  /** Whether the destination can copy from the source without us (`canCopyFrom`). */
  readonly copyable: boolean;
  /** Whether traffic is limited, so that nothing may move unseen. */
  readonly throttled: boolean;
  /** Above so many bytes only what differs from a file that is there may have to be fetched. */
  readonly deltaAbove?: number | undefined;
  /** Above so many bytes an upload is made of what differs, or leaves a signature for the next one. */
  readonly signedAbove?: number | undefined;
  /** Whether `deltaAbove` holds for what lies on a disk, too, which is copied otherwise. */
  readonly comparesDisks?: boolean | undefined;
}

export function chooseStrategy(input: StrategyInput): Strategy {
  const { size, destination, deltaAbove = Infinity } = input;
  if (input.comparesDisks && destination.stage && size > deltaAbove) return "ranges";
  if (input.copyable && !(input.throttled && destination.copy === "local")) return "server-copy";
  if (isSigned(input)) return "multipart";
  if (size <= wholeLimit(input)) return "whole";
  if (destination.multipart !== undefined && size > WHOLE_LIMIT) return "multipart";
  const rangesAbove = Math.min(RANGES_ABOVE, deltaAbove);
  if (destination.stage && size > rangesAbove) return "ranges";
  return "stream";
}

/** Of no more than one part nothing could be copied. */
function isSigned({ size, destination, signedAbove = Infinity }: StrategyInput): boolean {
  const { multipart } = destination;
  return multipart !== undefined && size > Math.max(signedAbove, multipart.minPartSize);
}

/** What waits for its bandwidth as a whole arrives in lumps, so little may, unless the store paces it. */
function wholeLimit({ source, destination, throttled }: StrategyInput): number {
  if (throttled && !destination.paces) return THROTTLED_WHOLE_LIMIT;
  return source.readBlock ? WHOLE_LIMIT : WHOLE_STREAM_LIMIT;
}

/**
 * The size of every part but the last: the preferred one, or the smallest whole number of MiB above it
 * with which the parts are few enough.
 * @throws StorageError `too-large` if no part size does.
 */
export function choosePartSize(
  size: number,
  limits: MultipartLimits,
  preferred: number = PART_SIZE,
): number {
  const needed = Math.ceil(size / limits.maxParts / MiB) * MiB;
  const partSize = Math.max(Math.min(preferred, limits.maxPartSize), needed, limits.minPartSize);
  if (partSize > limits.maxPartSize) {
    throw new StorageError("too-large", {
      message: `${size} bytes do not fit into ${limits.maxParts} parts`,
    });
  }
  return partSize;
}

export interface Piece {
  /** From 1. */
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

/** Cuts `size` bytes into pieces; a size of 0 gives none. */
export function* cut(size: number, pieceSize: number): Iterable<Piece> {
  for (let offset = 0, number = 1; offset < size; offset += pieceSize, number++) {
    yield { number, offset, length: Math.min(pieceSize, size - offset) };
  }
}
