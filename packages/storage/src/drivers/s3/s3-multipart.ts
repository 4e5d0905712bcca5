/** Uploads in parts. */
import type {
  CallOptions,
  ConditionOptions,
  CopySource,
  ExactRange,
  Multipart,
  Part,
  PartOptions,
  Upload,
  UploadOptions,
} from "../../driver.ts";
import { StorageError, isStorageError } from "../../errors.ts";
import { checkHashForms } from "../../lib/check-write.ts";
import { checkBytes } from "../../lib/body.ts";
import { type IntegrityPolicy, checkHashes, isMd5, protectBody } from "./checksums.ts";
import { bareEtag } from "./list-scanner.ts";
import { type ObjectAttributes, attributeHeaders, attributesOf, etagOf } from "./s3-attributes.ts";
import type { Outcome, S3Request } from "./s3-client.ts";
import { completeUpload } from "./s3-complete.ts";
import type { S3Context } from "./s3-context.ts";
import { partSourceHeaders, requireSource } from "./s3-copy-source.ts";
import { text } from "./s3-errors.ts";
import { hidesMd5, storageClassHeaders } from "./s3-headers.ts";
import {
  dropLost,
  dropSuspects,
  listUploads,
  sendAbort,
  suspectLost,
  unseen,
} from "./s3-open-uploads.ts";
import { type OwnUpload, checksumElement, checksumOf, limitsOf, listParts } from "./s3-parts.ts";
import { headObject } from "./s3-read.ts";
import { encodeQuery } from "./sigv4.ts";
import { checkStored } from "./stored-etag.ts";
import { untilAborted, withGrace } from "./until-aborted.ts";
import { type XmlElement, childText } from "./xml.ts";

/** What an upload takes over from the object that it copies. */
export interface Copied {
  readonly attributes: ObjectAttributes;
  readonly headers: readonly string[];
}

export function createMultipart(context: S3Context): Multipart {
  return {
    async create(path, options = {}) {
      context.beginWrite(path, options);
      await context.condition(path, options, "complete");
      await checkNow(context, path, options);
      return createUpload(context, path, options);
    },
    putPart: (upload, number, bytes, options = {}) =>
      putPart(context, upload, number, bytes, options),
    copyPart: (upload, number, source, range, options = {}) =>
      copyPart(context, upload, number, source, range, options),
    listParts: (upload, options = {}) => listParts(context, upload, options),
    async complete(upload, parts, options = {}) {
      const condition = await context.condition(upload.path, options, "complete");
      return completeUpload(context, upload, parts, condition, options.signal);
    },
    async abort(upload, options = {}) {
      context.begin(upload.path, options);
      await abortUpload(context, upload, options.signal);
    },
    listUploads: (directory, options = {}) => listUploads(context, directory, options),
  };
}

/**
 * An abort ends the wait, and the request only a while later: the store may have begun the upload, and nobody knew
 * its id. Whatever comes of it is given up.
 */
export async function createUpload(
  context: S3Context,
  path: string,
  options: UploadOptions,
  copied: Copied = { attributes: attributesOf(options), headers: [] },
): Promise<Upload> {
  context.begin(path, options);
  const { signal } = options;
  const since = Date.now();
  const creating = withGrace(signal, (late) =>
    sendCreate(context, path, { ...options, signal: late }, copied),
  );
  try {
    return await untilAborted(creating, signal, path);
  } catch (error) {
    if (signal?.aborted)
      leaveUpload(context, path, () => dropCreated(context, path, creating, since));
    throw error;
  }
}

/** Gives up an upload without anybody's waiting for it but `close`. */
function leaveUpload(context: S3Context, path: string, giveUp: () => Promise<void>): void {
  let isLeft = true;
  const givingUp = giveUp().then(() => (isLeft = false));
  context.keep(givingUp, () => (isLeft ? path : undefined));
}

async function dropCreated(
  context: S3Context,
  path: string,
  creating: Promise<Upload>,
  since: number,
): Promise<void> {
  try {
    await abortUpload(context, await creating, undefined);
  } catch (error) {
    if (!isStorageError(error, "aborted")) throw error;
    await dropLost(context, path, since);
  }
}

async function sendCreate(
  context: S3Context,
  path: string,
  options: UploadOptions,
  copied: Copied,
): Promise<Upload> {
  const key = context.keyOf(path);
  const attributes = { ...copied.attributes, partSize: options.partSize };
  const algorithm = checksumElement(context)?.slice("Checksum".length);
  const headers = [
    ...context.headers.create,
    ...attributeHeaders(path, attributes, context.config.noMetadata),
    ...storageClassHeaders(context.config, options),
    ...(algorithm === undefined ? [] : ["x-amz-checksum-algorithm", algorithm]),
    ...copied.headers,
  ];
  const { signal } = options;
  const outcome: Outcome = { uncertain: false };
  const request = {
    method: "POST",
    operation: "createUpload",
    path,
    key,
    signal,
    outcome,
  } as const;
  const since = Date.now();
  try {
    const root = await context.client.document({ ...request, query: "uploads=", headers });
    const upload = { path, id: idOf(path, root), startedAt: Date.now() };
    if (outcome.uncertain) await suspectLost(context, upload, since);
    return upload;
  } catch (error) {
    if (outcome.uncertain && !signal?.aborted) await dropLost(context, path, since).catch(unseen);
    throw error;
  }
}

function idOf(path: string, answer: XmlElement): string {
  const id = childText(answer, "UploadId");
  if (id) return id;
  throw new StorageError("internal", { path, message: "the store gave the upload no id" });
}

export async function putPart(
  context: S3Context,
  upload: OwnUpload,
  number: number,
  bytes: Uint8Array,
  { hashes = {}, pace, signal }: PartOptions,
): Promise<Part> {
  const { path } = upload;
  checkBytes(path, bytes);
  checkHashForms(path, hashes);
  checkHashes(path, bytes, hashes);
  const integrity = protectBody(bytes, hashes, partPolicy(context));
  const request = partRequest(context, upload, number, "uploadPart", signal);
  try {
    const answer = await context.client.send({
      ...request,
      headers: [...context.headers.read, ...integrity.headers],
      payloadHash: integrity.payloadHash,
      body: bytes,
      pace,
    });
    await checkStored(context, path, integrity.md5, answer.headers, signal);
    const { checksum } = context.integrity;
    const kept = checksumElement(context) && text(answer.headers, `x-amz-checksum-${checksum}`);
    return {
      number,
      size: bytes.byteLength,
      etag: etagOf(answer.headers) ?? "",
      ...checksumOf(kept),
    };
  } catch (error) {
    if (isStorageError(error, "corrupt")) checkHashes(path, bytes, hashes, true);
    throw error;
  }
}

async function copyPart(
  context: S3Context,
  upload: OwnUpload,
  number: number,
  source: CopySource,
  range: ExactRange,
  { signal }: CallOptions,
): Promise<Part> {
  const from = requireSource(context, source);
  const key = from.begin(source.path, { signal });
  if (source.ifMatch !== undefined) await context.require(source.path, "partSource", signal);
  const place = await partSourceHeaders(context, from, key, source, signal);
  return copyRange(context, upload, number, place, range, signal);
}

/** `source`: the headers that name it. */
export async function copyRange(
  context: S3Context,
  upload: OwnUpload,
  number: number,
  source: readonly string[],
  range: ExactRange,
  signal: AbortSignal | undefined,
): Promise<Part> {
  const { path } = upload;
  if (!context.mayCopyParts) {
    throw new StorageError("unsupported", { path, message: "the store cannot copy parts" });
  }
  const { offset, length } = range;
  if (!(Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length > 0))
    throw new StorageError("invalid-argument", { path, message: "a part has at least one byte" });
  const request = partRequest(context, upload, number, "copyPart", signal);
  const { root, headers } = await context.client.documentWithHeaders({
    ...request,
    slow: true,
    headers: [
      ...context.headers.read,
      ...source,
      ...["x-amz-copy-source-range", `bytes=${offset}-${offset + length - 1}`],
    ],
  });
  const etag = bareEtag(childText(root, "ETag") ?? "");
  if (!etag) throw new StorageError("unavailable", { path, message: "the part was not copied" });
  const element = checksumElement(context);
  const checksum = element === undefined ? undefined : childText(root, element);
  const isKnown = context.facts.etagIsMd5 === true && isMd5(etag) && !hidesMd5(headers);
  return {
    ...{ number, size: length, etag, ...checksumOf(checksum) },
    ...(isKnown ? { md5: etag } : {}),
  };
}

/** Of an upload that failed for `reason`. Not with the signal of the call, which may be what ended it. */
export async function abandonUpload(
  context: S3Context,
  upload: OwnUpload,
  reason: unknown,
): Promise<void> {
  const giveUp = (): Promise<void> => abortUpload(context, upload, undefined);
  if (isStorageError(reason, "aborted")) return leaveUpload(context, upload.path, giveUp);
  try {
    await giveUp();
  } catch (error) {
    // The reason says more; what is left is an open upload, which `listUploads` shows.
    if (!isStorageError(error)) throw new AggregateError([reason, error], "", { cause: error });
  }
}

async function abortUpload(
  context: S3Context,
  upload: OwnUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  await sendAbort(context, upload, signal);
  await dropSuspects(context, upload);
}

/** Conditions of `create` are those of the moment; `complete` takes its own. */
async function checkNow(
  context: S3Context,
  path: string,
  options: ConditionOptions,
): Promise<void> {
  const { ifMatch, ifNoneMatch, signal } = options;
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  const found = await headObject(context, path, context.begin(path, options), { signal });
  const holds = ifMatch === undefined ? found === undefined : found?.entry.etag === ifMatch;
  if (!holds) throw new StorageError("precondition-failed", { path, operation: "createUpload" });
}

function partRequest(
  context: S3Context,
  { path, id }: OwnUpload,
  number: number,
  operation: string,
  signal: AbortSignal | undefined,
): S3Request {
  const key = context.begin(path, { signal });
  const { maxParts } = limitsOf(context);
  if (!Number.isInteger(number) || number < 1 || number > maxParts) {
    throw new StorageError("invalid-argument", {
      path,
      message: `${number} is no part number; they go from 1 to ${maxParts}`,
    });
  }
  const query = encodeQuery(["partNumber", String(number), "uploadId", id]);
  return { method: "PUT", operation, path, key, query, signal };
}

/**
 * Parts go with their MD5, which is their ETag too. An upload that was begun with a checksum of another
 * kind takes no gaps in the numbers of its parts (AWS answers 500), so only who names one gets it.
 */
function partPolicy({ integrity }: S3Context): IntegrityPolicy {
  const { explicit, checksum } = integrity;
  return explicit || checksum === "none" ? integrity : { ...integrity, checksum: "md5" };
}
