/** One range of a download: from the source's connection into the staged file, as it arrives. */
import { type Entry, type ExactRange, type Stage, StorageError } from "@omnisync/storage";
import { readRange } from "./read-range.ts";
import { type Transfer, metered } from "./transfer.ts";

/** Connections per object. */
export const RANGES_AT_ONCE: number = 4;
/** Smaller pieces are gathered, up to the second figure, before they are written. */
const WORTH_A_WRITE = 64 * 1024;
const WRITE_SIZE = 1024 * 1024;

/** Fills a range of the stage from the same range of the source. */
export async function fetchPiece(
  transfer: Transfer,
  source: Entry,
  stage: Pick<Stage, "write">,
  piece: ExactRange,
  signal: AbortSignal,
): Promise<void> {
  const { offset, length } = piece;
  const from = { driver: transfer.from, path: transfer.fromPath, etag: source.etag };
  const body = readRange(from, piece, { lend: true, signal });
  let at = offset;
  for await (const bytes of gathered(metered(transfer, body))) {
    await stage.write(at, bytes, { signal });
    at += bytes.byteLength;
  }
  if (at === offset + length) return;
  throw new StorageError("corrupt", { path: transfer.fromPath, message: "a range ended early" });
}

/**
 * The same bytes in pieces that are worth a write each. Small ones are gathered in one memory: whoever
 * takes a piece must be done with it before asking for the next.
 */
async function* gathered(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let memory: Uint8Array | undefined;
  let size = 0;
  for await (const chunk of body) {
    if (memory !== undefined && size > 0 && size + chunk.byteLength > WRITE_SIZE) {
      yield memory.subarray(0, size);
      size = 0;
    }
    if (size === 0 && chunk.byteLength >= WORTH_A_WRITE) {
      yield chunk;
      continue;
    }
    memory ??= new Uint8Array(WRITE_SIZE);
    memory.set(chunk, size);
    size += chunk.byteLength;
  }
  if (memory !== undefined && size > 0) yield memory.subarray(0, size);
}
