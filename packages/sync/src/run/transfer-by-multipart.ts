/**
 * An upload in parts: a few parts are read (and hashed, in a worker), sent and confirmed at once, all
 * within the run's memory budget. Whatever goes wrong, the upload is given up before the error goes on,
 * or kept for a later run where those are remembered; one that the store does not let go of is told of.
 */
import type { CopyPart, Signature, UploadPart } from "@omnisync/delta";
import {
  type Entry,
  type Made,
  type Part,
  StorageError,
  type Upload,
  collectBody,
  isStorageError,
  throwIfAborted,
  toStorageError,
} from "@omnisync/storage";
import { closeComparison } from "../delta/comparisons.ts";
import type { Deltas } from "../delta/deltas.ts";
import { PassingSignature } from "../delta/sign-passing.ts";
import { signaturePath } from "../delta/signature-path.ts";
import { keepSignatureOfMade } from "../delta/signature-store.ts";
import { type UploadPlan, planUpload, withoutDelta } from "../delta/upload-plan.ts";
import { type BegunUpload, beginUpload, endUpload } from "../resume/kept-upload.ts";
import {
  type Outcome,
  type Transfer,
  conditions,
  refuseChanged,
  sendPaced,
  withKnownHashes,
  writeOptions,
} from "./transfer.ts";
import { inParallel } from "./in-parallel.ts";
import { readRange } from "./read-range.ts";

/** Parts of one object on the way at the same time. */
const PARTS_AT_ONCE = 4;
/** The same where most of them are copied: that is the store's work. Memory bounds those that are sent. */
const COPIES_AT_ONCE = 8;

export async function transferByMultipart(transfer: Transfer): Promise<Outcome> {
  const { from, fromPath, context } = transfer;
  const found = await from.stat(fromPath, { signal: context.signal });
  if (found === undefined) throw new StorageError("not-found", { path: fromPath });
  refuseChanged(transfer, found);
  const source = withKnownHashes(found, transfer.source);
  const plan = await planUpload(transfer, source);
  try {
    return await upload(transfer, source, plan);
  } catch (error) {
    if (plan.old === undefined) throw error;
    if (!isRefusal(error)) {
      if (isStorageError(error, "precondition-failed"))
        context.deltas!.noteFailure(transfer.previousPath);
      throw error;
    }
    transfer.progress.reset();
    return await upload(transfer, source, withoutDelta(transfer, source, plan));
  } finally {
    closeComparison(plan);
  }
}

/** The store does not copy what it should, or its copy is not what the signature says: the whole still can be sent. */
function isRefusal(error: unknown): boolean {
  const codes = ["unsupported", "invalid-argument", "permission-denied", "corrupt"] as const;
  return isStorageError(error, ...codes);
}

async function upload(transfer: Transfer, source: Entry, plan: UploadPlan): Promise<Outcome> {
  const { to, toPath, context } = transfer;
  const { ifMatch: _, ifNoneMatch: __, ...attributes } = writeOptions(transfer, source);
  const { blake3, partSize } = plan;
  const isKept = blake3 !== undefined && to.capabilities.hashes.includes("blake3");
  const hashes = isKept ? { blake3 } : {};
  const wish = { ...attributes, hashes, partSize };
  const begun = await beginUpload(transfer, source, wish, plan);
  try {
    throwIfAborted(context.signal, toPath);
    const { parts, signature, error } = await sendSigned(transfer, source, begun, plan);
    await confirmSource(transfer, source);
    await confirmOld(transfer, plan);
    const conditional = to.capabilities.conditions.complete ? conditions(transfer) : {};
    const destination = await to.multipart!.complete(begun.upload, parts, {
      ...conditional,
      signal: context.signal,
    });
    await begun.owned?.remove();
    const signatureError = error ?? (await keepSignatureOf(transfer, signature, destination));
    const { resumed, matched } = transfer.progress;
    const bytes = source.size - resumed - matched;
    const delta = plan.use;
    const done = { source, destination, bytes, resumed, matched, delta, signatureError };
    return { ...done, strategy: "multipart" };
  } catch (error) {
    await endUpload(transfer, begun, error);
    throw error;
  }
}

interface Sent {
  /** All of them. */
  readonly parts: readonly Part[];
  /** Of the content; absent if none is to be kept. */
  readonly signature?: Signature | undefined;
  /** Why there is none, although it was to be made. */
  readonly error?: StorageError | undefined;
}

/** Sends the parts; what comes over the net, and so is read once only, is signed while it passes by. */
async function sendSigned(
  transfer: Transfer,
  source: Entry,
  begun: BegunUpload,
  plan: UploadPlan,
): Promise<Sent> {
  const { context, toPath } = transfer;
  const { deltas, signal } = context;
  if (deltas === undefined || !isSignedInPassing(transfer, source, begun, deltas)) {
    const parts = await sendParts(transfer, source, begun, plan);
    return { parts, signature: plan.signature };
  }
  return deltas.threads.with(1, async () => {
    const { size } = source;
    const blockSize = deltas.blockSizeFor(size);
    const passing = new PassingSignature({ blockSize, size, signal });
    try {
      const parts = await sendParts(transfer, source, begun, plan, passing);
      try {
        return { parts, signature: await passing.finish() };
      } catch (error) {
        throwIfAborted(signal, toPath);
        return { parts, error: toStorageError(error, { path: toPath }) };
      }
    } finally {
      await passing.stop();
    }
  });
}

/** Not where an earlier run sent some parts: they do not pass by any more. */
function isSignedInPassing(
  { from, to, toPath }: Transfer,
  { size }: Entry,
  { parts }: BegunUpload,
  { threshold, placement }: Deltas,
): boolean {
  if (from.readBlock !== undefined || size <= threshold || parts.size > 0) return false;
  return signaturePath(toPath, placement, to.capabilities) !== undefined;
}

/** Sends or copies the parts that the upload does not have. @returns all of them. */
async function sendParts(
  transfer: Transfer,
  source: Entry,
  { upload, parts: known, owned }: BegunUpload,
  plan: UploadPlan,
  passing?: PassingSignature,
): Promise<readonly Part[]> {
  const { progress } = transfer;
  const pieces = plan.parts.map((part, index) => ({ ...part, number: index + 1 }));
  const parts: (Part | undefined)[] = pieces.map(({ kind, number, length }) => {
    const part = known.get(number);
    if (part?.size !== length) return undefined;
    if (kind === "copy") progress.match(length);
    else progress.resume(length);
    return part;
  });
  const missing = pieces.filter((_, i) => parts[i] === undefined);
  const sending: Sending = { transfer, source, upload, passing };
  const atOnce = plan.old === undefined ? PARTS_AT_ONCE : COPIES_AT_ONCE;
  await inParallel(missing, atOnce, transfer.context.signal, async (piece, signal) => {
    const part =
      piece.kind === "copy"
        ? await copyOldPart(sending, piece, plan.old!, signal)
        : await sendPart(sending, piece, signal);
    parts[piece.number - 1] = part;
    await owned?.add({ kind: "part", ...part });
  });
  return parts.filter((part) => part !== undefined);
}

/**
 * Has the store copy a part of the object that is being replaced. Where it tells the MD5 of what it copied,
 * that has to be the source's: a signature that lies is found out before anything is replaced.
 * @throws StorageError `corrupt` if it is not.
 */
async function copyOldPart(
  { transfer, source, upload }: Sending,
  { number, offset, length, oldOffset }: CopyPart & { readonly number: number },
  old: Entry,
  signal: AbortSignal,
): Promise<Part> {
  const { from, to, fromPath, toPath, previousPath, context, progress } = transfer;
  const ifMatch = to.capabilities.conditions.partSource ? old.etag : undefined;
  const place = { driver: to, path: previousPath, ifMatch };
  const range = { offset: oldOffset, length };
  const { md5, ...part } = await to
    .multipart!.copyPart(upload, number, place, range, { signal })
    .catch((error: unknown) => refuseIfOnlyCopiesFail(transfer, error, signal));
  if (md5 === undefined && context.options.move) {
    throw new StorageError("unsupported", {
      path: toPath,
      message: "nothing but a signature attests what the store copied, and the source is to go",
    });
  }
  if (md5 !== undefined) {
    const block = { offset, length, hashes: ["md5"], hashOnly: true } as const;
    const { hashes } = await context.limits.timings.hash(() =>
      from.readBlock!(fromPath, { ...block, ifMatch: source.etag, signal }),
    );
    if (hashes.md5 !== md5) {
      throw new StorageError("corrupt", {
        path: toPath,
        message: "the object is not what its signature says",
        retry: "never",
      });
    }
  }
  progress.match(length);
  return part;
}

/**
 * A store that answers everything but copies, however often it was asked, is one that refuses them: no later run would
 * fare better. One that answers nothing is down, and the upload can be gone on with.
 * @throws StorageError `unsupported`, or the error itself
 */
async function refuseIfOnlyCopiesFail(
  { to, previousPath: path, context }: Transfer,
  error: unknown,
  signal: AbortSignal,
): Promise<never> {
  if (!isStorageError(error, "unavailable", "timeout") || signal.aborted) throw error;
  try {
    await to.stat(path, { signal });
  } catch {
    throw error;
  }
  context.deltas!.noteNoCopies();
  const message = "the store does not get done with copying parts";
  throw new StorageError("unsupported", { path, message, cause: error });
}

/** Where copies could not be held to one object, it has to be the same before and after them. */
async function confirmOld(
  { to, previousPath: path, context }: Transfer,
  { old }: UploadPlan,
): Promise<void> {
  if (old === undefined || to.capabilities.conditions.partSource) return;
  const now = await to.stat(path, { signal: context.signal });
  if (now?.etag === old.etag && now?.size === old.size) return;
  throw new StorageError("precondition-failed", {
    path,
    message: "was replaced while parts of it were copied",
  });
}

async function keepSignatureOf(
  { to, toPath, context }: Transfer,
  signature: Signature | undefined,
  destination: Made,
): Promise<StorageError | undefined> {
  const { deltas, signal } = context;
  if (deltas === undefined || signature === undefined) return undefined;
  const signed = { driver: to, path: toPath, placement: deltas.placement, signal };
  try {
    await keepSignatureOfMade(signed, signature, destination);
    return undefined;
  } catch (error) {
    return toStorageError(error, { path: toPath });
  }
}

interface Sending {
  readonly transfer: Transfer;
  readonly source: Entry;
  readonly upload: Upload;
  readonly passing: PassingSignature | undefined;
}

async function sendPart(
  sending: Sending,
  piece: UploadPart & { readonly number: number },
  signal: AbortSignal,
): Promise<Part> {
  const { transfer, upload, passing } = sending;
  const { memory, spare, limits } = transfer.context;
  return memory.with(piece.length, async () => {
    const { bytes, hashes } = await limits.timings.read(() => readPiece(sending, piece, signal));
    if (bytes.byteLength !== piece.length) {
      throw new StorageError("changed", {
        path: transfer.fromPath,
        message: "became shorter while it was read",
      });
    }
    const signed = passing?.take(piece.number, bytes, signal);
    const part = await sendPaced(transfer, bytes.byteLength, signal, (pace) =>
      transfer.to.multipart!.putPart(upload, piece.number, bytes, { hashes, pace, signal }),
    );
    await signed;
    transfer.progress.add(bytes.byteLength);
    if (transfer.from.readBlock !== undefined && bytes.buffer instanceof ArrayBuffer) {
      spare.give(bytes.buffer);
    }
    return part;
  });
}

async function readPiece(
  { transfer, source }: Sending,
  { offset, length }: UploadPart,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; hashes?: { md5?: string } }> {
  const { from, to, fromPath } = transfer;
  const ifMatch = source.etag;
  if (from.readBlock !== undefined) {
    const hashes = to.capabilities.hashes.includes("md5") ? (["md5"] as const) : [];
    const memory = transfer.context.spare.take(length);
    return from.readBlock(fromPath, { offset, length, hashes, ifMatch, signal, memory });
  }
  const body = readRange(
    { driver: from, path: fromPath, etag: ifMatch },
    { offset, length },
    { signal },
  );
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
