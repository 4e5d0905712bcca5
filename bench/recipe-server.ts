/**
 * `node bench/recipe-server.ts`: an S3 bucket that keeps no content, in a process of its own; prints its endpoint.
 *
 * Of what is sent it keeps the hash of each 64 KiB; an object is a recipe of pieces of what was sent, and a part that
 * is copied some more of them. So an object of any size takes little memory, a copied part no time, and at the end
 * an object can still be held against a file. Small objects that are sent in one go are kept whole, and of parts the
 * first 64 MiB: those, and zeros, can be read. ETags are no
 * MD5s, as where objects are encrypted with a key of one's own; preconditions hold, also those of copies; parts
 * have to be of lawful sizes. Who asks is not looked at. Beyond S3 there are three requests:
 *
 * - `POST /bucket/key?zeros=SIZE`: makes an object of zeros.
 * - `POST /bucket/key?verify=FILE`: `equal`, or what is wrong with the object.
 * - `POST /bucket/?sent`: the bytes of bodies that were sent until now.
 */
import { hashBytes } from "@omnisync/storage";
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

const MIB = 1024 ** 2;
const BLOCK = 64 * 1024;
const ZEROS: Buffer = Buffer.alloc(BLOCK);
const HASH_OF_ZEROS: Buffer = blake3(ZEROS);
const HASH = 32;
/** Bytes of a file at a time, when an object is held against it. */
const READ = 16 * BLOCK;
const LEAST_PART = 5 * MIB;
/** What is sent in one go and is no longer is kept; so much of parts is; and no more is read at once. */
const KEPT = 64 * MIB;

/** What was sent at once: hashes of its blocks, and its bytes if it is small. */
interface Origin {
  readonly hashOf: (block: number) => Uint8Array;
  readonly read?: ((offset: number, length: number) => Buffer) | undefined;
}
/** A stretch of what was sent. */
interface Piece {
  readonly origin: Origin;
  readonly offset: number;
  readonly length: number;
}
interface Stored {
  readonly etag: string;
  readonly size: number;
  readonly pieces: readonly Piece[];
  readonly headers: Readonly<Record<string, string>>;
  readonly at: Date;
}
interface Upload {
  readonly headers: Stored["headers"];
  readonly parts: Map<number, Stored>;
}

const objects = new Map<string, Stored>();
const uploads = new Map<string, Upload>();
let sent = 0;
let keptOfParts = 0;

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    const { status, code } = error instanceof Refusal ? error : new Refusal(500, String(error));
    request.resume();
    answer(response, status, {}, `<Error><Code>${escape(code)}</Code></Error>`);
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string;
  readonly query: URLSearchParams;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url!, "http://localhost");
  const key = decodeURIComponent(pathname.split("/").slice(2).join("/"));
  const call = { request, response, key, query };
  if (key === "") return serveBucket(call);
  switch (request.method ?? "") {
    case "PUT":
      return query.has("partNumber") ? putPart(call) : putObject(call);
    case "POST":
      if (query.has("uploads")) return createUpload(call);
      if (query.has("uploadId")) return complete(call);
      return query.has("zeros") ? makeZeros(call) : verify(call);
    case "DELETE":
      return removeOrAbort(call);
    case "GET":
    case "HEAD":
      return query.has("uploadId") ? listParts(call) : getObject(call);
    default:
      throw new Refusal(405, "MethodNotAllowed");
  }
}

function removeOrAbort({ request, response, key, query }: Call): void {
  const id = query.get("uploadId");
  if (id === null) {
    checkTarget(request, key);
    objects.delete(key);
  } else uploads.delete(id);
  answer(response, 204);
}

function serveBucket({ response, query }: Call): void {
  if (query.has("sent")) return answer(response, 200, {}, String(sent));
  if (query.has("versioning")) return answer(response, 200, {}, "<VersioningConfiguration/>");
  if (query.has("uploads")) return answer(response, 200, {}, "<ListMultipartUploadsResult/>");
  const prefix = query.get("prefix") ?? "";
  const after = query.get("start-after") ?? "";
  const slash = query.get("delimiter") === "/";
  const folders = new Set<string>();
  let rows = "";
  for (const key of [...objects.keys()].toSorted()) {
    if (!key.startsWith(prefix) || key <= after) continue;
    const end = slash ? key.indexOf("/", prefix.length) : -1;
    if (end >= 0) folders.add(key.slice(0, end + 1));
    else rows += row(key, objects.get(key)!);
  }
  for (const folder of folders) {
    rows += `<CommonPrefixes><Prefix>${escape(encodeURIComponent(folder))}</Prefix></CommonPrefixes>`;
  }
  answer(
    response,
    200,
    {},
    `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${rows}</ListBucketResult>`,
  );
}

function row(key: string, { etag, size, at }: Stored): string {
  return `<Contents><Key>${escape(encodeURIComponent(key))}</Key><LastModified>${at.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
}

async function putObject({ request, response, key }: Call): Promise<void> {
  const from = request.headers["x-amz-copy-source"];
  if (from !== undefined) {
    const { pieces, headers, size } = sourceOf(request);
    const isReplaced = request.headers["x-amz-metadata-directive"] === "REPLACE";
    const kept = isReplaced ? attributesOf(request) : headers;
    checkTarget(request, key);
    const made = store(key, pieces, size, kept);
    return answer(response, 200, {}, etagXml("CopyObjectResult", made));
  }
  const { origin, size } = await receive(request, true);
  checkTarget(request, key);
  const made = store(key, [{ origin, offset: 0, length: size }], size, attributesOf(request));
  answer(response, 200, { etag: `"${made.etag}"` });
}

async function putPart({ request, response, query }: Call): Promise<void> {
  const upload = uploadOf(query);
  const number = Number(query.get("partNumber"));
  if (request.headers["x-amz-copy-source"] === undefined) {
    const isKept = keptOfParts + lengthOf(request) <= KEPT;
    if (isKept) keptOfParts += lengthOf(request);
    const { origin, size } = await receive(request, isKept);
    const part = stored([{ origin, offset: 0, length: size }], size, {});
    upload.parts.set(number, part);
    return answer(response, 200, { etag: `"${part.etag}"` });
  }
  const source = sourceOf(request);
  const range = request.headers["x-amz-copy-source-range"] as string | undefined;
  const [from, to] = (range?.slice("bytes=".length).split("-") ?? [0, source.size - 1]).map(Number);
  if (!(from! <= to!) || to! >= source.size) throw new Refusal(400, "InvalidArgument");
  const length = to! - from! + 1;
  const part = stored(slice(source.pieces, from!, length), length, {});
  upload.parts.set(number, part);
  answer(response, 200, {}, etagXml("CopyPartResult", part));
}

function lengthOf(request: IncomingMessage): number {
  return Number(request.headers["content-length"] ?? 0);
}

function createUpload({ request, response }: Call): void {
  const id = randomBytes(16).toString("hex");
  uploads.set(id, { headers: attributesOf(request), parts: new Map() });
  const body = `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
  answer(response, 200, {}, body);
}

async function complete({ request, response, key, query }: Call): Promise<void> {
  const { headers, parts } = uploadOf(query);
  const named = (await text(request)).matchAll(
    /<PartNumber>(\d+)<\/PartNumber><ETag>(?:&quot;|")?([^<"&]*)/g,
  );
  const chosen: Stored[] = [];
  let last = 0;
  for (const [, number, etag] of named) {
    const part = parts.get(Number(number));
    if (part?.etag !== etag) throw new Refusal(400, "InvalidPart");
    if (Number(number) <= last) throw new Refusal(400, "InvalidPartOrder");
    last = Number(number);
    chosen.push(part!);
  }
  if (chosen.slice(0, -1).some(({ size }) => size < LEAST_PART)) {
    throw new Refusal(400, "EntityTooSmall");
  }
  checkTarget(request, key);
  const size = chosen.reduce((sum, part) => sum + part.size, 0);
  const pieces = joined(chosen.flatMap((part) => part.pieces));
  const made = store(key, pieces, size, headers, `-${chosen.length}`);
  uploads.delete(query.get("uploadId")!);
  answer(response, 200, {}, etagXml("CompleteMultipartUploadResult", made));
}

function listParts({ response, query }: Call): void {
  const rows = [...uploadOf(query).parts].map(
    ([number, { etag, size }]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size></Part>`,
  );
  const body = `<ListPartsResult><IsTruncated>false</IsTruncated>${rows.join("")}</ListPartsResult>`;
  answer(response, 200, {}, body);
}

function getObject({ request, response, key }: Call): void {
  const found = objects.get(key);
  if (found === undefined) throw new Refusal(404, "NoSuchKey");
  const headers = {
    ...found.headers,
    etag: `"${found.etag}"`,
    "last-modified": found.at.toUTCString(),
    "content-length": String(found.size),
  };
  if (request.method === "HEAD") return answer(response, 200, headers);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range === null) return answer(response, 200, headers, read(found, 0, found.size));
  const from = Number(range[1]);
  const to = Math.min(range[2] === "" ? Infinity : Number(range[2]), found.size - 1);
  const body = read(found, from, to + 1 - from);
  const about = {
    ...headers,
    "content-length": String(body.length),
    "content-range": `bytes ${from}-${to}/${found.size}`,
  };
  answer(response, 206, about, body);
}

function read({ pieces }: Stored, from: number, size: number): Buffer {
  const found = slice(pieces, from, size);
  const isThere = size <= KEPT && found.every(({ origin }) => origin.read !== undefined);
  if (!isThere) throw new Refusal(501, "NotImplemented");
  return Buffer.concat(found.map(({ origin, offset, length }) => origin.read!(offset, length)));
}

function makeZeros({ response, key, query }: Call): void {
  const size = Number(query.get("zeros"));
  const rest = blake3(Buffer.alloc(size % BLOCK));
  const origin = {
    hashOf: (block: number) => ((block + 1) * BLOCK <= size ? HASH_OF_ZEROS : rest),
    read: (_: number, length: number) => Buffer.alloc(length),
  };
  const { etag } = store(key, [{ origin, offset: 0, length: size }], size, {});
  answer(response, 200, { etag: `"${etag}"` });
}

/** Reads the file once. What is copied has to be made of whole blocks, but for its end. */
function verify({ response, key, query }: Call): void {
  const found = objects.get(key);
  if (found === undefined) throw new Refusal(404, "NoSuchKey");
  const file = openSync(query.get("verify")!, "r");
  try {
    answer(response, 200, {}, differenceFrom(file, found) ?? "equal");
  } finally {
    closeSync(file);
  }
}

function differenceFrom(file: number, { pieces, size }: Stored): string | undefined {
  if (fstatSync(file).size !== size) return `the object has ${size} bytes`;
  const read = Buffer.alloc(READ);
  let at = 0;
  for (const { origin, offset, length } of pieces) {
    if (offset % BLOCK !== 0) return `what lies at ${at} does not begin with a block`;
    for (let done = 0; done < length; done += BLOCK) {
      const within = done % READ;
      if (within === 0) {
        const count = Math.min(READ, length - done);
        if (readSync(file, read, 0, count, at + done) !== count) return "the file is shorter";
      }
      const block = read.subarray(within, within + Math.min(BLOCK, length - done));
      if (Buffer.compare(hashOf(block), origin.hashOf((offset + done) / BLOCK)) !== 0) {
        return `the object differs from ${at + done} on, or ends within a block there`;
      }
    }
    at += length;
  }
  return undefined;
}

/** Most of a sparse file are zeros: they are told by looking. */
function hashOf(block: Buffer): Buffer {
  return Buffer.compare(block, ZEROS) === 0 ? HASH_OF_ZEROS : blake3(block);
}

async function receive(
  request: IncomingMessage,
  isKept: boolean,
): Promise<{ readonly origin: Origin; readonly size: number }> {
  const chunks: Buffer[] = [];
  const hashes = Buffer.alloc(HASH * Math.ceil(lengthOf(request) / BLOCK));
  const block = Buffer.alloc(BLOCK);
  let size = 0;
  const take = (bytes: Buffer): void => {
    for (let from = 0; from < bytes.length;) {
      const filled = size % BLOCK;
      const count = bytes.copy(block, filled, from, from + BLOCK - filled);
      size += count;
      from += count;
      if (size % BLOCK === 0) hashes.set(blake3(block), (size / BLOCK - 1) * HASH);
    }
  };
  for await (const chunk of request as AsyncIterable<Buffer>) {
    take(chunk);
    if (isKept && size <= KEPT) chunks.push(chunk);
  }
  if (size % BLOCK > 0) {
    hashes.set(blake3(block.subarray(0, size % BLOCK)), Math.floor(size / BLOCK) * HASH);
  }
  if (size !== lengthOf(request)) throw new Refusal(400, "IncompleteBody");
  sent += size;
  const bytes = isKept && size <= KEPT ? Buffer.concat(chunks) : undefined;
  const hashOf = (number: number): Uint8Array =>
    hashes.subarray(number * HASH, (number + 1) * HASH);
  const read = bytes && ((from: number, length: number) => bytes.subarray(from, from + length));
  return { origin: { hashOf, read }, size };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function slice(pieces: readonly Piece[], from: number, length: number): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const begin = Math.max(from, at);
    const end = Math.min(from + length, at + piece.length);
    if (begin < end) {
      found.push({ ...piece, offset: piece.offset + begin - at, length: end - begin });
    }
    at += piece.length;
  }
  return found;
}

/** What lies together again is one piece: the cut may have been within a block. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const found: Piece[] = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    const follows = last?.origin === piece.origin && last.offset + last.length === piece.offset;
    if (follows) found[found.length - 1] = { ...last, length: last.length + piece.length };
    else found.push(piece);
  }
  return found;
}

function store(
  key: string,
  pieces: readonly Piece[],
  size: number,
  headers: Stored["headers"],
  ending = "",
): Stored {
  const made = stored(pieces, size, headers, ending);
  objects.set(key, made);
  return made;
}

function stored(
  pieces: readonly Piece[],
  size: number,
  headers: Stored["headers"],
  ending = "",
): Stored {
  const etag = randomBytes(16).toString("hex") + ending;
  return { etag, size, pieces, headers, at: new Date() };
}

function sourceOf({ headers }: IncomingMessage): Stored {
  const path = decodeURIComponent(headers["x-amz-copy-source"] as string).replace(/^\//, "");
  const found = objects.get(path.slice(path.indexOf("/") + 1));
  if (found === undefined) throw new Refusal(404, "NoSuchKey");
  const wanted = headers["x-amz-copy-source-if-match"] as string | undefined;
  if (wanted !== undefined && bare(wanted) !== found.etag) {
    throw new Refusal(412, "PreconditionFailed");
  }
  return found;
}

function checkTarget({ headers }: IncomingMessage, key: string): void {
  const { etag } = objects.get(key) ?? {};
  const match = headers["if-match"];
  const isRefused =
    (headers["if-none-match"] === "*" && etag !== undefined) ||
    (match !== undefined && bare(match) !== etag);
  if (isRefused) throw new Refusal(412, "PreconditionFailed");
}

function uploadOf(query: URLSearchParams): Upload {
  const found = uploads.get(query.get("uploadId")!);
  if (found === undefined) throw new Refusal(404, "NoSuchUpload");
  return found;
}

function attributesOf({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name.startsWith("x-amz-meta-") || name === "content-type",
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

function etagXml(name: string, { etag, at }: Stored): string {
  return `<${name}><LastModified>${at.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag></${name}>`;
}

function blake3(bytes: Uint8Array): Buffer {
  return Buffer.from(hashBytes("blake3", bytes), "hex");
}

function bare(etag: string): string {
  return etag.replaceAll('"', "");
}

function escape(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = "",
): void {
  response.writeHead(status, { "x-amz-server-side-encryption": "aws:kms", ...headers });
  response.end(body);
}
