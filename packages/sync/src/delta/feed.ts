/** Hands the content of a file to a thread that signs or matches it: read once, in order, off the main thread where its store can. */
import type { ContentThread } from "@omnisync/delta";
import { type Driver, type Entry, type Pacer, StorageError } from "@omnisync/storage";

/** Bytes handed over at once, and how many such pieces are on the way. */
const PIECE = 2 * 1024 * 1024;
const PIECES = 3;
/** What feeding needs, besides the thread's own memory. */
export const FEED_MEMORY: number = PIECE * PIECES;

export interface Content {
  readonly driver: Driver;
  readonly path: string;
  /** Its size and etag are what is read; anything else is `changed`. */
  readonly entry: Pick<Entry, "size" | "etag">;
  readonly signal: AbortSignal;
  /** Told of bytes as they are handed over. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Holds what comes as a stream back to the allowed rate. */
  readonly pace?: Pacer | undefined;
}

/**
 * @returns what the thread made of it. The thread is stopped in any case.
 * @throws StorageError `changed` or `precondition-failed` if it is not the listed content any more.
 */
export async function feed<Result>(
  content: Content,
  thread: ContentThread<Result>,
): Promise<Result> {
  try {
    const fed =
      content.driver.readBlock === undefined
        ? await feedStream(content, thread)
        : await feedBlocks(content, thread);
    if (fed !== content.entry.size) throw changed(content);
    return await thread.finish();
  } finally {
    await thread.stop();
  }
}

/** Each piece is read while the thread works on those before it. */
async function feedBlocks(
  { driver, path, entry, signal, onBytes }: Content,
  thread: ContentThread<unknown>,
): Promise<number> {
  const given: Promise<ArrayBuffer>[] = [];
  let offset = 0;
  while (offset < entry.size) {
    const memory = given.length < PIECES ? new ArrayBuffer(PIECE) : await given.shift()!;
    const length = Math.min(PIECE, entry.size - offset);
    const block = { offset, length, memory, ifMatch: entry.etag, signal };
    const { bytes } = await driver.readBlock!(path, block);
    if (bytes.byteLength !== length) return offset + bytes.byteLength;
    given.push(thread.take(ownMemory(bytes)));
    offset += length;
    onBytes?.(length);
  }
  await Promise.all(given);
  return offset;
}

async function feedStream(
  { driver, path, entry, signal, onBytes, pace }: Content,
  thread: ContentThread<unknown>,
): Promise<number> {
  const { body } = await driver.read(path, { ifMatch: entry.etag, lend: true, signal });
  let memory = new ArrayBuffer(PIECE);
  let filled = 0;
  let total = 0;
  for await (const chunk of body) {
    await pace?.take(chunk.byteLength, signal);
    for (let from = 0; from < chunk.byteLength;) {
      const piece = chunk.subarray(from, from + PIECE - filled);
      new Uint8Array(memory).set(piece, filled);
      filled += piece.byteLength;
      from += piece.byteLength;
      if (filled < PIECE) continue;
      memory = await thread.take(new Uint8Array(memory));
      filled = 0;
    }
    total += chunk.byteLength;
    onBytes?.(chunk.byteLength);
  }
  if (filled > 0) await thread.take(new Uint8Array(memory, 0, filled));
  return total;
}

/** A thread takes memory away from whoever had it: it must be nobody else's. */
function ownMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === PIECE;
  return isOwn ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}

function changed({ path }: Content): StorageError {
  return new StorageError("changed", { path, message: "changed while it was read" });
}
