/**
 * Uploads that later runs can go on with.
 *
 * An upload is adopted only for the content that it was begun for: the source's etag (for a local file
 * inode, size, mtime and ctime) is the recorded one, and what the upload was begun with is the same, hash
 * of the whole content included, which is computed anew. A part counts as done only if it is on record as
 * confirmed and the store says that it has it, with the same size, ETag and checksum.
 */
import {
  type Entry,
  type Part,
  type Upload,
  type UploadOptions,
  hashBytes,
  isStorageError,
} from "@omnisync/storage";
import type { UploadPlan } from "../delta/upload-plan.ts";
import { giveUpUpload } from "../run/give-up-upload.ts";
import type { Transfer } from "../run/transfer.ts";
import {
  adoptOne,
  basisOf,
  continues,
  keepTransfer,
  mayGoOnLater,
  resumeOf,
} from "./kept-transfer.ts";
import type { ConfirmedPart, OwnedTransfer } from "./resume-store.ts";

export interface BegunUpload {
  readonly upload: Upload;
  /** Parts that an earlier run sent, by number. */
  readonly parts: ReadonlyMap<number, Part>;
  /** Absent if the upload is not remembered. */
  readonly owned?: OwnedTransfer | undefined;
}

/** Goes on with the upload of an earlier run, or begins one. */
export async function beginUpload(
  transfer: Transfer,
  source: Entry,
  wish: UploadOptions,
  plan: Pick<UploadPlan, "parts" | "old">,
): Promise<BegunUpload> {
  const { to, toPath } = transfer;
  const store = resumeOf(transfer);
  const basis = basisOf(transfer, source, wish.partSize ?? 0);
  const create = (): Promise<Upload> => to.multipart!.create(toPath, wish);
  if (store === undefined || basis === undefined)
    return { upload: await create(), parts: new Map() };
  const begunWith = fingerprint(wish, plan);
  const adopted = await adoptOne(transfer, basis, async (owned) => {
    const { record } = owned;
    const fits =
      record.kind === "upload" && record.begunWith === begunWith && continues(record, basis);
    return fits ? adopt(transfer, owned, record.uploadId) : undefined;
  });
  if (adopted !== undefined) return adopted;
  const upload = await create();
  const record = { ...basis, kind: "upload" as const, uploadId: upload.id, begunWith };
  return { upload, parts: new Map(), owned: await store.create(record) };
}

/** After a failure: leaves the upload to a later run if one can go on with it, else gives it up. */
export async function endUpload(
  transfer: Transfer,
  { upload, owned }: BegunUpload,
  error: unknown,
): Promise<void> {
  const { context } = transfer;
  if (owned !== undefined && owned.progress.length > 0 && mayGoOnLater(context, error)) {
    return keepTransfer(transfer, owned);
  }
  await giveUpUpload(context, upload);
  await owned?.remove();
}

async function adopt(
  { to, toPath, context }: Transfer,
  owned: OwnedTransfer,
  id: string,
): Promise<BegunUpload | undefined> {
  const upload = { path: toPath, id };
  const held = new Map<number, Part>();
  try {
    for await (const page of to.multipart!.listParts(upload, { signal: context.signal })) {
      for (const part of page) held.set(part.number, part);
    }
  } catch (error) {
    if (isStorageError(error, "not-found")) return undefined;
    throw error;
  }
  const parts = new Map<number, Part>();
  for (const one of owned.progress) {
    const part = one.kind === "part" ? confirmed(one, held.get(one.number)) : undefined;
    if (part !== undefined) parts.set(part.number, part);
  }
  return { upload, parts, owned };
}

/** The part as it was confirmed, if the store has that one. */
function confirmed(
  { number, size, etag, checksum }: ConfirmedPart,
  held: Part | undefined,
): Part | undefined {
  if (held?.size !== size || held.etag !== etag) return undefined;
  // A store need not list checksums; one that it lists has to be right.
  if (held.checksum !== undefined && held.checksum !== checksum) return undefined;
  return { number, size, etag, ...(checksum === undefined ? {} : { checksum }) };
}

/**
 * What is sent when an upload begins can not be changed afterwards: it has to be what would be sent now. The
 * same goes for which parts there are, and what those are of that were copied.
 */
function fingerprint(
  wish: UploadOptions,
  { parts, old }: Pick<UploadPlan, "parts" | "old">,
): string {
  const copied = old === undefined ? undefined : { parts, etag: old.etag };
  const sent = { ...wish, signal: undefined, durable: undefined, copied };
  return hashBytes("sha256", new TextEncoder().encode(JSON.stringify(sent)));
}
