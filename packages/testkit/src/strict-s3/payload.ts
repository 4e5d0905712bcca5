/**
 * Receives a request body: checks its length before and after, decodes it, hashes it while it comes in
 * and compares with everything that the client claims about it. Nothing is stored before all of that.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { ChunkedDecoder } from "./aws-chunked.ts";
import { checkForm, claimedChecksum, headerName } from "./checksum-headers.ts";
import type { ClaimedChecksum } from "./checksum-headers.ts";
import { createHasher } from "./checksums.ts";
import type { Checksum, Hasher } from "./checksums.ts";
import type { Content } from "./content.ts";
import type { Operation } from "./operations.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error, notImplemented } from "./s3-error.ts";

export interface Payload {
  readonly content: Content;
  readonly md5: Buffer;
  /** What the client sent and the body proved, of the whole body. */
  readonly checksum: Checksum | undefined;
  /** Whether there was a Content-MD5. */
  readonly hasMd5: boolean;
}

export interface PayloadRules {
  /** From `x-amz-content-sha256`. */
  readonly payloadHash: string;
  /** Most bytes that the operation takes. */
  readonly maxSize: number;
  /** Count and hash the bytes of objects, but do not keep them. */
  readonly discard: boolean;
}

const trailerMode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const withData: readonly Operation[] = ["PutObject", "UploadPart"];
const withDocument: readonly Operation[] = [
  "DeleteObjects",
  "CompleteMultipartUpload",
  "PutBucketVersioning",
];

export async function receivePayload(
  request: S3Request,
  source: AsyncIterable<Uint8Array>,
  rules: PayloadRules,
): Promise<Payload> {
  const streaming = checkMode(rules.payloadHash);
  const expected = checkLength(request, rules.maxSize, streaming);
  const contentMd5 = readContentMd5(request);
  // At Complete the checksum headers speak of the object, not of the body.
  const claimed =
    request.operation === "CompleteMultipartUpload" ? undefined : claimedChecksum(request);
  const sink = new Sink(rules, claimed);
  const decoder = streaming ? new ChunkedDecoder() : undefined;
  for await (const bytes of source) {
    for (const piece of decoder?.decode(bytes) ?? [bytes]) sink.take(piece);
  }
  decoder?.end();
  if (expected !== undefined && sink.size !== expected) throw new S3Error("IncompleteBody");
  const md5 = sink.finish(contentMd5);
  return {
    content: { size: sink.size, chunks: sink.chunks },
    md5,
    checksum: provenChecksum(claimed, decoder, sink.hasher),
    hasMd5: contentMd5 !== undefined,
  };
}

/** Whether the body is `aws-chunked`. */
function checkMode(payloadHash: string): boolean {
  if (!payloadHash.startsWith("STREAMING-")) return false;
  if (payloadHash === trailerMode) return true;
  throw notImplemented("x-amz-content-sha256", `strict-s3 does not decode ${payloadHash}`);
}

/** How many bytes of payload must come, as far as the headers say. */
function checkLength(request: S3Request, maxSize: number, streaming: boolean): number | undefined {
  const needed = withData.includes(request.operation) || withDocument.includes(request.operation);
  const sent = header(request, "content-length");
  const decoded = header(request, "x-amz-decoded-content-length");
  if (!streaming && request.headers.has("transfer-encoding")) {
    throw notImplemented("Transfer-Encoding");
  }
  const text = streaming ? decoded : sent;
  if (text === undefined) {
    if (needed || streaming) throw new S3Error("MissingContentLength");
    return undefined;
  }
  if (!/^\d+$/.test(text)) throw new S3Error("MissingContentLength");
  const size = Number(text);
  if (size <= maxSize) return size;
  throw new S3Error("EntityTooLarge", {
    details: { ProposedSize: size, MaxSizeAllowed: maxSize },
  });
}

function readContentMd5(request: S3Request): string | undefined {
  const value = request.headers.get("content-md5");
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value, "base64");
  if (bytes.byteLength === 16 && bytes.toString("base64") === value) return value;
  throw new S3Error("InvalidDigest", { details: { "Content-MD5": value } });
}

function provenChecksum(
  claimed: ClaimedChecksum | undefined,
  decoder: ChunkedDecoder | undefined,
  hasher: Hasher | undefined,
): Checksum | undefined {
  const { trailers } = decoder ?? {};
  if (claimed === undefined || hasher === undefined) {
    if (trailers !== undefined && trailers.size > 0) throw new S3Error("MalformedTrailerError");
    return undefined;
  }
  const value = claimed.value ?? trailers?.get(headerName(claimed.algorithm));
  const count = claimed.value === undefined ? 1 : 0;
  if (value === undefined || (trailers?.size ?? 0) !== count) {
    throw new S3Error("MalformedTrailerError");
  }
  checkForm(claimed.algorithm, value);
  if (hasher.digest().toString("base64") !== value) {
    throw new S3Error("BadDigest", {
      message: `The ${claimed.algorithm} you specified did not match the calculated checksum.`,
    });
  }
  return { algorithm: claimed.algorithm, type: "FULL_OBJECT", value };
}

class Sink {
  readonly chunks: Uint8Array[] | undefined;
  readonly hasher: Hasher | undefined;
  size = 0;
  readonly #maxSize: number;
  readonly #payloadHash: string;
  readonly #md5: Hash = createHash("md5");
  readonly #sha256: Hash | undefined;

  constructor(rules: PayloadRules, claimed: ClaimedChecksum | undefined) {
    this.chunks = rules.discard ? undefined : [];
    this.hasher = claimed === undefined ? undefined : createHasher(claimed.algorithm);
    this.#maxSize = rules.maxSize;
    this.#payloadHash = rules.payloadHash;
    this.#sha256 = /^[0-9a-f]{64}$/.test(rules.payloadHash) ? createHash("sha256") : undefined;
  }

  take(piece: Uint8Array): void {
    this.size += piece.byteLength;
    if (this.size > this.#maxSize) throw new S3Error("EntityTooLarge");
    this.chunks?.push(piece);
    this.hasher?.update(piece);
    this.#md5.update(piece);
    this.#sha256?.update(piece);
  }

  /** Compares the hashes of the body and gives back its MD5. */
  finish(contentMd5: string | undefined): Buffer {
    const sha256 = this.#sha256?.digest("hex");
    if (sha256 !== undefined && sha256 !== this.#payloadHash) {
      throw new S3Error("XAmzContentSHA256Mismatch", {
        details: {
          ClientComputedContentSHA256: this.#payloadHash,
          S3ComputedContentSHA256: sha256,
        },
      });
    }
    const md5 = this.#md5.digest();
    if (contentMd5 === undefined || contentMd5 === md5.toString("base64")) return md5;
    throw new S3Error("BadDigest", {
      details: { ExpectedDigest: contentMd5, CalculatedDigest: md5.toString("base64") },
    });
  }
}
