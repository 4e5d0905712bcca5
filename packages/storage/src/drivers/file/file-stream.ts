/** Contents on their way into a file: small ones in one call to a worker, large ones in pieces. */
import { constants, copyFile } from "node:fs";
import { promisify } from "node:util";
import type { Body } from "../../driver.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { concatBytes, openBody } from "../../lib/body.ts";
import type { WriteWish } from "./atomic-write.ts";
import { FileBody } from "./file-body.ts";
import type { FileCaller } from "./file-caller.ts";
import type { StatRow } from "./stat-row.ts";
import { TempWriter } from "./temp-writer.ts";

/** Up to this many bytes a body is gathered in memory and written by one call. */
const GATHERED = 256 * 1024;
/** Bytes that are in memory already go in one call up to this size. */
const WHOLE = 1024 * 1024;
const ZEROS = Buffer.alloc(WHOLE);

const cloneFile = promisify(copyFile);

/** Writes a body to `path`, atomically. @returns the new file. */
export async function writeBody(
  caller: FileCaller,
  path: string,
  body: Body,
  wish: WriteWish,
  signal: AbortSignal | undefined,
): Promise<StatRow> {
  if (body instanceof Uint8Array && body.byteLength <= WHOLE) {
    return caller.call("writeBytes", [path, body, wish], { signal, bytes: body.byteLength });
  }
  const source = openBody(body)[Symbol.asyncIterator]();
  try {
    const head = await gather(source, path, signal);
    if (head.ended) {
      const bytes = concatBytes(head.pieces, head.size);
      return await caller.call("writeBytes", [path, bytes, wish], { signal, bytes: head.size });
    }
    return await intoTemp(caller, path, wish, (writer) =>
      fill(writer, chain(head.pieces, source), { path, signal, limit: wish.size }),
    );
  } catch (error) {
    // Not waited for: a source that does not answer must not hold up the abort.
    void source.return?.().catch(() => undefined);
    throw error;
  }
}

/**
 * Copies the content of an opened file: by a reflink where the file system can, which copies nothing,
 * else piece by piece, so that it can be aborted and holes stay holes.
 */
export function copyContent(
  caller: FileCaller,
  path: string,
  body: AsyncIterable<Uint8Array>,
  wish: WriteWish,
  signal: AbortSignal | undefined,
): Promise<StatRow> {
  return intoTemp(caller, path, wish, async (writer) => {
    const file = body instanceof FileBody ? body : undefined;
    const cloned = file !== undefined && (await tryClone(file.fd, writer));
    if (cloned) file.skip();
    const holes = !cloned && (file?.isSparse ?? false);
    await fill(writer, body, { path, signal, holes });
    if (holes) await writer.truncate(wish.size ?? 0);
  });
}

async function intoTemp(
  caller: FileCaller,
  path: string,
  wish: WriteWish,
  run: (writer: TempWriter) => Promise<void>,
): Promise<StatRow> {
  const writer = await TempWriter.begin(caller, path, wish);
  try {
    await run(writer);
    const row = await writer.commit(wish);
    await writer.end();
    return row;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

interface FillOptions {
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  /** Leave out pieces that are all zero. */
  readonly holes?: boolean;
  /** The announced size: a body that gives more is stopped there. */
  readonly limit?: number | undefined;
}

/** Writes one piece while the next is being read. */
async function fill(
  writer: TempWriter,
  source: AsyncIterable<Uint8Array>,
  options: FillOptions,
): Promise<void> {
  const { path, signal, holes, limit } = options;
  let at = 0;
  let writing: Promise<void> = Promise.resolve();
  for await (const piece of source) {
    throwIfAborted(signal, path);
    await writing;
    if (limit !== undefined && at + piece.byteLength > limit) throw tooLong(path, limit);
    if (!holes || !isZero(piece)) writing = awaitedLater(writer.write(piece, at));
    at += piece.byteLength;
  }
  await writing;
  throwIfAborted(signal, path);
}

interface Head {
  readonly pieces: Uint8Array[];
  size: number;
  ended: boolean;
}

async function gather(
  source: AsyncIterator<Uint8Array>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Head> {
  const head: Head = { pieces: [], size: 0, ended: false };
  while (head.size <= GATHERED) {
    const next = await orAborted(source.next(), path, signal);
    if (next.done) {
      head.ended = true;
      break;
    }
    head.pieces.push(next.value);
    head.size += next.value.byteLength;
  }
  return head;
}

/** The pieces that were gathered, then the rest of their source. */
async function* chain(
  pieces: Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}

/** `promise`, or `aborted` as soon as the signal fires. */
async function orAborted<T>(
  promise: Promise<T>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return promise;
  throwIfAborted(signal, path);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new StorageError("aborted", { path, cause: signal.reason }));
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}

async function tryClone(fd: number, writer: TempWriter): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const from = `/proc/self/fd/${fd}`;
  const to = `/proc/self/fd/${writer.fd}`;
  try {
    await writer.use(() => cloneFile(from, to, constants.COPYFILE_FICLONE_FORCE));
    return true;
  } catch {
    // Most file systems cannot, each with its own error; copying tells the true one, if there is one.
    return false;
  }
}

function isZero(piece: Uint8Array): boolean {
  return ZEROS.subarray(0, piece.byteLength).equals(piece);
}

function tooLong(path: string, limit: number): StorageError {
  const message = `more bytes came than the ${limit} that were announced; nothing was stored`;
  return new StorageError("corrupt", { path, message });
}

/** A promise that is awaited later: until then its rejection is not an unhandled one. */
function awaitedLater(work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  return work;
}
