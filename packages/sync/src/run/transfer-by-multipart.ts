/**
 * An upload in parts: a few parts are read (and hashed, in a worker), sent and confirmed at once, all
 * within the run's memory budget. Whatever goes wrong, the upload is given up before the error goes on,
 * or kept for a later run where those are remembered; one that the store does not let go of is told of.
 */
import {
  type Entry,
  type Part,
  StorageError,
  type Upload,
  collectBody,
  throwIfAborted,
} from "@omnisync/storage";
import { type Piece, choosePartSize, cut } from "../plan/choose-strategy.ts";
import { type BegunUpload, beginUpload, endUpload } from "../resume/kept-upload.ts";
import {
  type Outcome,
  type Transfer,
  conditions,
  refuseChanged,
  sendPaced,
  writeOptions,
} from "./transfer.ts";
import { hashFile } from "./hash-file.ts";
import { inParallel } from "./in-parallel.ts";

/** Parts of one object on the way at the same time. */
const PARTS_AT_ONCE = 4;

export async function transferByMultipart(transfer: Transfer): Promise<Outcome> {
  const { from, to, fromPath, toPath, context } = transfer;
  const source = await from.stat(fromPath, { signal: context.signal });
  if (source === undefined) throw new StorageError("not-found", { path: fromPath });
  refuseChanged(transfer, source);
  const partSize = choosePartSize(source.size, to.capabilities.multipart!);
  const { ifMatch: _, ifNoneMatch: __, ...attributes } = writeOptions(transfer, source);
  const hashes = await contentHash(transfer, source);
  // Without the run's signal: the store may have begun what we no longer wait for, and nobody knew its id.
  const wish = { ...attributes, hashes, partSize, signal: undefined };
  const begun = await beginUpload(transfer, source, wish);
  try {
    throwIfAborted(context.signal, toPath);
    const parts = await sendParts(transfer, source, begun, partSize);
    await confirmSource(transfer, source);
    const conditional = to.capabilities.conditions.complete ? conditions(transfer) : {};
    const destination = await to.multipart!.complete(begun.upload, parts, {
      ...conditional,
      signal: context.signal,
    });
    await begun.owned?.remove();
    const { resumed } = transfer.progress;
    return { source, destination, bytes: source.size - resumed, resumed, strategy: "multipart" };
  } catch (error) {
    await endUpload(transfer, begun, error);
    throw error;
  }
}

/** Sends the parts that the store does not have. @returns all of them. */
async function sendParts(
  transfer: Transfer,
  source: Entry,
  { upload, parts: known, owned }: BegunUpload,
  partSize: number,
): Promise<readonly Part[]> {
  const pieces = [...cut(source.size, partSize)];
  const parts: (Part | undefined)[] = pieces.map(({ number, length }) => {
    const part = known.get(number);
    return part?.size === length ? part : undefined;
  });
  for (const part of parts) transfer.progress.resume(part?.size ?? 0);
  const missing = pieces.filter((_, i) => parts[i] === undefined);
  const sending: Sending = { transfer, source, upload };
  await inParallel(missing, PARTS_AT_ONCE, transfer.context.signal, async (piece, signal) => {
    const part = await sendPart(sending, piece, signal);
    parts[piece.number - 1] = part;
    await owned?.add({ kind: "part", ...part });
  });
  return parts.filter((part) => part !== undefined);
}

/**
 * The hash that is kept with the object. It goes with the first request, before the first part, so the
 * file is read once more for it: in a worker, at several times the speed of any upload.
 */
async function contentHash(
  { from, to, fromPath, context }: Transfer,
  source: Entry,
): Promise<{ readonly blake3?: string }> {
  const known = source.hashes?.blake3;
  if (known !== undefined) return { blake3: known };
  if (from.readBlock === undefined || !to.capabilities.hashes.includes("blake3")) return {};
  const { timings } = context.limits;
  return {
    blake3: await timings.hash(() => hashFile(from, fromPath, source, "blake3", context.signal)),
  };
}

interface Sending {
  readonly transfer: Transfer;
  readonly source: Entry;
  readonly upload: Upload;
}

async function sendPart(sending: Sending, piece: Piece, signal: AbortSignal): Promise<Part> {
  const { transfer, upload } = sending;
  const { memory, spare, limits } = transfer.context;
  return memory.with(piece.length, async () => {
    const { bytes, hashes } = await limits.timings.read(() => readPiece(sending, piece, signal));
    if (bytes.byteLength !== piece.length) {
      throw new StorageError("changed", {
        path: transfer.fromPath,
        message: "became shorter while it was read",
      });
    }
    const part = await sendPaced(transfer, bytes.byteLength, signal, (pace) =>
      transfer.to.multipart!.putPart(upload, piece.number, bytes, { hashes, pace, signal }),
    );
    transfer.progress.add(bytes.byteLength);
    if (transfer.from.readBlock !== undefined && bytes.buffer instanceof ArrayBuffer) {
      spare.give(bytes.buffer);
    }
    return part;
  });
}

async function readPiece(
  { transfer, source }: Sending,
  { offset, length }: Piece,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; hashes?: { md5?: string } }> {
  const { from, to, fromPath } = transfer;
  const ifMatch = source.etag;
  if (from.readBlock !== undefined) {
    const hashes = to.capabilities.hashes.includes("md5") ? (["md5"] as const) : [];
    const memory = transfer.context.spare.take(length);
    return from.readBlock(fromPath, { offset, length, hashes, ifMatch, signal, memory });
  }
  const { body } = await from.read(fromPath, { range: { offset, length }, ifMatch, signal });
  return { bytes: await collectBody(body, length, { path: fromPath, signal }) };
}

/** The parts are of one version only if the source is still the one that the first part was read from. */
async function confirmSource(transfer: Transfer, source: Entry): Promise<void> {
  const now = await transfer.from.stat(transfer.fromPath, { signal: transfer.context.signal });
  if (now?.etag === source.etag && now?.size === source.size) return;
  throw new StorageError("changed", {
    path: transfer.fromPath,
    message: "changed while it was read",
  });
}
