/**
 * Completing an upload, also when the answer is lost: Complete is sent again, and when the upload is gone
 * by then, what lies at the path tells whether it was this upload that made it.
 */
import type { Made, Part } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, isStorageError } from "../../errors.ts";
import { multipartEtag } from "./checksums.ts";
import { bareEtag } from "./list-scanner.ts";
import type { Outcome, S3Request } from "./s3-client.ts";
import type { S3Context } from "./s3-context.ts";
import { dropSuspects } from "./s3-open-uploads.ts";
import { type OwnUpload, PART_CHECKSUMS, checksumElement, listParts } from "./s3-parts.ts";
import { headObject } from "./s3-read.ts";
import { encodeQuery } from "./sigv4.ts";
import { signedXml } from "./signed-xml.ts";
import { childText, encodeXml } from "./xml.ts";

/** `condition`: headers of a precondition that the store is known to honour. */
export async function completeUpload(
  context: S3Context,
  upload: OwnUpload,
  parts: readonly Part[],
  condition: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Made> {
  const entry = await complete(context, upload, parts, condition, signal);
  await dropSuspects(context, upload);
  return entry;
}

async function complete(
  context: S3Context,
  upload: OwnUpload,
  parts: readonly Part[],
  condition: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Made> {
  const { path, id } = upload;
  const key = context.begin(path, { signal });
  checkOrder(context, path, parts);
  const outcome: Outcome = { uncertain: false };
  const request: S3Request = {
    ...{ method: "POST", operation: "complete", path, key, signal, outcome, slow: true },
    query: encodeQuery(["uploadId", id]),
    headers: [...context.headers.plain, "content-type", "application/xml", ...condition],
    ...signedXml(completeDocument(context, parts)),
  };
  let made: string;
  try {
    const root = await context.client.document(request);
    made = bareEtag(childText(root, "ETag") ?? "");
    learnMultipartEtag(context, made, parts);
  } catch (error) {
    const gone = isStorageError(error, "not-found") || (await isGone(context, upload, error));
    if (gone || (outcome.uncertain && isStorageError(error, "precondition-failed"))) {
      const ours = await findCompleted(context, path, key, parts, signal);
      if (ours !== undefined) return { ...ours, isOwn: true };
    }
    if (gone)
      throw new StorageError("not-found", { path, message: "the upload is gone", cause: error });
    throw error;
  }
  const found = await headObject(context, path, key, { signal });
  if (found !== undefined) {
    const entry = checkCompleted(found.entry, parts);
    return { ...entry, isOwn: isMadeOf(parts, entry) || entry.etag === made };
  }
  throw new StorageError("changed", { path, message: "was removed right after it was completed" });
}

/**
 * Whether an upload is no more, after its Complete failed for an unknown reason: it may have been
 * completed all the same. (Ceph answers 500 for an upload that does not exist.)
 */
async function isGone(context: S3Context, upload: OwnUpload, error: unknown): Promise<boolean> {
  if (!isStorageError(error, "unavailable", "timeout")) return false;
  try {
    await listParts(context, { ...upload }, {}).next();
    return false;
  } catch (failure) {
    if (isStorageError(failure, "not-found")) return true;
    throw error;
  }
}

/** Is what lies there what these parts make? Known where ETags are made of MD5s. */
async function findCompleted(
  context: S3Context,
  path: string,
  key: string,
  parts: readonly Part[],
  signal: AbortSignal | undefined,
): Promise<Entry | undefined> {
  const found = await headObject(context, path, key, { signal });
  return found !== undefined && isMadeOf(parts, found.entry) ? found.entry : undefined;
}

/** Known where ETags are made of MD5s. Not every store answers Complete with the ETag that the object has. */
function isMadeOf(parts: readonly Part[], { etag }: Entry): boolean {
  const expected = multipartEtag(parts.map((part) => part.etag));
  return expected !== undefined && etag === expected;
}

function learnMultipartEtag(context: S3Context, etag: string, parts: readonly Part[]): void {
  if (context.facts.multipartEtagIsMd5 !== "probe") return;
  const expected = multipartEtag(parts.map((part) => part.etag));
  if (etag === expected) context.learn({ multipartEtagIsMd5: true });
}

function checkCompleted(entry: Entry, parts: readonly Part[]): Entry {
  const expected = multipartEtag(parts.map(({ etag }) => etag));
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  // Somebody else may have written meanwhile; then it is theirs and its size says nothing of ours.
  if (entry.etag !== expected || entry.size === size) return entry;
  throw new StorageError("corrupt", {
    path: entry.path,
    message: `the store made ${entry.size} bytes of parts of ${size}`,
    retry: "never",
  });
}

function checkOrder(context: S3Context, path: string, parts: readonly Part[]): void {
  const ordered = parts.every(({ number }, i) => number > (parts[i - 1]?.number ?? 0));
  const element = checksumElement(context);
  const composed = element !== undefined && element !== PART_CHECKSUMS["crc64nvme"];
  const gapless = parts.every(({ number }, i) => number === i + 1);
  if (parts.length > 0 && ordered && (gapless || !composed)) return;
  const message = ordered
    ? `with the checksum ${context.integrity.checksum}, parts are numbered from 1 without gaps`
    : "parts are out of order";
  throw new StorageError("invalid-argument", { path, message });
}

function completeDocument(context: S3Context, parts: readonly Part[]): string {
  const element = checksumElement(context);
  const rows = parts.map(({ number, etag, checksum }) => {
    const extra =
      element === undefined || checksum === undefined
        ? ""
        : `<${element}>${encodeXml(checksum)}</${element}>`;
    const tag = encodeXml(`"${etag}"`);
    return `<Part><PartNumber>${number}</PartNumber><ETag>${tag}</ETag>${extra}</Part>`;
  });
  return `<CompleteMultipartUpload>${rows.join("")}</CompleteMultipartUpload>`;
}
