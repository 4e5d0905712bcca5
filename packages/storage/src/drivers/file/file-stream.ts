/** Contents on their way into a file: small ones in one call to a worker, large ones in pieces. */
import type { Body } from "../../driver.ts";
import { throwIfAborted } from "../../errors.ts";
import { checkSize, concatBytes, guardBody } from "../../lib/body.ts";
import type { WriteWish } from "./atomic-write.ts";
import { tryClone } from "./clone-file.ts";
import { FileBody } from "./file-body.ts";
import type { FileCaller } from "./file-caller.ts";
import type { StatRow } from "./stat-row.ts";
import { TempWriter } from "./temp-writer.ts";

/** Up to this many bytes a stream is gathered in memory and written by one call. */
const GATHERED = 256 * 1024;
/** Bytes that are in memory already go in one call up to this size. */
const WHOLE = 1024 * 1024;
const ZEROS = Buffer.alloc(WHOLE);

/** Writes a body to `path`, atomically. @returns the new file. */
export async function writeBody(
  caller: FileCaller,
  path: string,
  body: Body,
  wish: WriteWish,
  signal: AbortSignal | undefined,
): Promise<StatRow> {
  if (body instanceof Uint8Array && body.byteLength <= WHOLE) {
    return writeWhole(caller, path, Uint8Array.from(body), wish, signal);
  }
  const source = guardBody(body, { path, signal });
  try {
    const { head, ended } = await gather(source);
    if (ended) return await writeWhole(caller, path, head, wish, signal);
    return await intoTemp(caller, path, wish, async (writer) => {
      await writer.write(head, 0);
      let at = head.byteLength;
      for await (const piece of source) {
        // A body that never ends must not fill the disk first.
        if (wish.size !== undefined) checkSize(path, wish.size, Math.max(wish.size, at));
        await writer.write(piece, at);
        at += piece.byteLength;
      }
    });
  } finally {
    await source.return();
  }
}

/**
 * Copies the content of an opened file: by a reflink where the file system can, which copies nothing,
 * else piece by piece, so that it can be aborted and holes stay holes.
 */
export async function copyContent(
  caller: FileCaller,
  path: string,
  body: AsyncIterable<Uint8Array>,
  wish: WriteWish,
  signal: AbortSignal | undefined,
): Promise<StatRow> {
  if (!(body instanceof FileBody)) return writeBody(caller, path, body, wish, signal);
  try {
    return await intoTemp(caller, path, wish, async (writer) => {
      throwIfAborted(signal, path);
      // A clone would give up the space that was allocated.
      if (!wish.preallocate && (await tryClone(body, writer))) body.skip();
      await pump(body, writer);
      // Neither a clone nor a hole at the end was written.
      await writer.truncate(body.length);
    });
  } finally {
    await body.return();
  }
}

/** `bytes` are handed over: they are gone afterwards. */
function writeWhole(
  caller: FileCaller,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  wish: WriteWish,
  signal: AbortSignal | undefined,
): Promise<StatRow> {
  const options = { signal, bytes: bytes.byteLength, transfer: [bytes.buffer] };
  return caller.callOn(path, wish, "writeBytes", [path, bytes, wish], options);
}

async function intoTemp(
  caller: FileCaller,
  path: string,
  wish: WriteWish,
  fill: (writer: TempWriter) => Promise<void>,
): Promise<StatRow> {
  const writer = await TempWriter.begin(caller, path, wish);
  try {
    await fill(writer);
    return await writer.commit(wish);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** The first bytes of a body, copied: its source may use the same buffer again. */
async function gather(
  source: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<{ readonly head: Uint8Array<ArrayBuffer>; readonly ended: boolean }> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  while (size <= GATHERED) {
    const next = await source.next();
    ended = next.done ?? false;
    if (next.done) break;
    pieces.push(Uint8Array.from(next.value));
    size += next.value.byteLength;
  }
  return { head: Uint8Array.from(concatBytes(pieces, size)), ended };
}

/** Writes one piece while the next is being read. */
async function pump(body: FileBody, writer: TempWriter): Promise<void> {
  let at = 0;
  let writing: Promise<void> = Promise.resolve();
  for await (const piece of body) {
    await writing;
    if (!body.isSparse || !isZero(piece)) {
      writing = writer.write(piece, at);
      // Awaited a turn later: until then a failure is not an unhandled one.
      writing.catch(() => undefined);
    }
    at += piece.byteLength;
  }
  await writing;
}

function isZero(piece: Uint8Array): boolean {
  return ZEROS.subarray(0, piece.byteLength).equals(piece);
}
