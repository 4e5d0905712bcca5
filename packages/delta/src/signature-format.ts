/**
 * Signatures as bytes: docs/spec/delta-format.md, byte by byte. Reading is strict: whatever is not exactly
 * a signature is one `DeltaError` `bad-signature`.
 */
import { Blake3Hasher } from "@napi-rs/blake-hash";
import { type BlockColumns, strongColumn, weakColumn } from "./block-list.ts";
import { isBlockSize } from "./block-size.ts";
import { DeltaError } from "./delta-error.ts";
import { PAGE } from "./hash-spool.ts";
import {
  checkColumns,
  countBlocks,
  type ObjectIdentity,
  type Signature,
  STRONG_BYTES,
} from "./signature.ts";

/** What every signature begins with. */
export const SIGNATURE_MAGIC: Uint8Array = Uint8Array.of(
  0x89,
  0x4f,
  0x53,
  0x49,
  0x47,
  0x0d,
  0x0a,
  0x1a,
);
const VERSION = 1;
const FIXED = 64;
const ENTRY = STRONG_BYTES + 8;
const CHECKSUM = 32;
const NAME_LIMIT = 1024;
/** 20 TiB in blocks of 5 MiB; 160 MiB of signature. */
const MOST_BLOCKS = 4 * 1024 * 1024;

/** Bytes that `encodeSignature` gives. */
export function encodedLength(signature: Signature): number {
  const blocks = countBlocks(signature.size, signature.blockSize);
  return headOf(signature).length + blocks * ENTRY + CHECKSUM;
}

export interface EncodeOptions {
  /** Pieces of blocks are lent: each lies in the memory of the one before. Default false: they are the caller's to keep. */
  readonly lend?: boolean | undefined;
}

/**
 * The signature as bytes, in pieces of at most 320 KiB.
 * @throws DeltaError `invalid-argument` for a block size, a length or an identity that the format has no place for, or
 *   for a signature whose hashes were moved to a thread, or were in a file that is closed.
 */
export function* encodeSignature(
  signature: Signature,
  { lend = false }: EncodeOptions = {},
): Generator<Uint8Array, void> {
  const hasher = new Blake3Hasher();
  const head = headOf(signature);
  const { spool } = signature;
  if (spool === undefined) checkColumns(signature);
  hasher.update(head);
  yield head;
  const blocks = countBlocks(signature.size, signature.blockSize);
  const room = new Uint8Array(Math.min(blocks, PAGE) * ENTRY);
  for (let first = 0; first < blocks; first += PAGE) {
    const end = Math.min(blocks, first + PAGE);
    const piece = room.subarray(0, (end - first) * ENTRY);
    if (spool === undefined) writeEntries(signature, first, piece);
    else writeEntries(spool.pageAt(first), 0, piece);
    hasher.update(piece);
    yield lend ? piece : Uint8Array.from(piece);
  }
  yield new Uint8Array(hasher.digestBuffer());
}

export interface DecodeOptions {
  /**
   * Whether threads share its memory, or it is moved to the thread that gets it: see `Signature`. `hashes`: only its sums are
   * moved; what is left is enough for `planFetch`. Default true.
   */
  readonly shared?: boolean | "hashes" | undefined;
}

/**
 * Reads a signature from a stream.
 * @throws DeltaError `bad-signature`; and whatever the stream throws.
 */
export async function decodeSignature(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { shared = true }: DecodeOptions = {},
): Promise<Signature> {
  const decoder = new SignatureDecoder(shared);
  for await (const bytes of source) decoder.push(bytes);
  return decoder.finish();
}

/** Reads a signature piece by piece; in memory are no more than the signature itself and a few pieces. */
class SignatureDecoder {
  /** What came and was not used yet, and room for more. */
  #room: Buffer = Buffer.alloc(0);
  #pending = 0;
  #head: Head | undefined;
  #read = 0;
  #strong = strongColumn(0);
  #weak = weakColumn(0);
  readonly #hasher = new Blake3Hasher();
  readonly #shared: boolean | "hashes";

  constructor(shared: boolean | "hashes") {
    this.#shared = shared;
  }

  push(bytes: Uint8Array): void {
    const length = this.#pending + bytes.length;
    if (length > this.#room.length) this.#room = Buffer.concat([this.#left], length * 2);
    this.#room.set(bytes, this.#pending);
    const used = this.#take(this.#room.subarray(0, length));
    this.#room.copyWithin(0, used, length);
    this.#pending = length - used;
    if (this.#head !== undefined && this.#read === this.#head.blocks) {
      check(this.#pending <= CHECKSUM, "there is more than its header says");
    }
  }

  finish(): Signature {
    const head = this.#head;
    check(
      head !== undefined && this.#read === head.blocks && this.#pending === CHECKSUM,
      "it is cut short",
    );
    check(isEqual(this.#left, this.#hasher.digestBuffer()), "its checksum is wrong");
    const { blockSize, size, contentHash, identity } = head;
    return { blockSize, size, contentHash, identity, strong: this.#strong, weak: this.#weak };
  }

  get #left(): Buffer {
    return this.#room.subarray(0, this.#pending);
  }

  /** Uses what it can of `input` and says how much that is. */
  #take(input: Uint8Array): number {
    let used = 0;
    if (this.#head === undefined) {
      const head = readHead(input);
      if (head === undefined) return 0;
      this.#head = head;
      used = head.length;
      // Zeroed memory that the system gives only when it is written: a lying header costs nothing.
      this.#strong = strongColumn(head.blocks, this.#shared !== false);
      this.#weak = weakColumn(head.blocks, this.#shared === true);
    }
    const left = this.#head.blocks - this.#read;
    const count = Math.min(left, Math.floor((input.length - used) / ENTRY));
    this.#readEntries(input.subarray(used, used + count * ENTRY), count);
    used += count * ENTRY;
    this.#hasher.update(input.subarray(0, used));
    return used;
  }

  #readEntries(bytes: Uint8Array, count: number): void {
    const view = viewOf(bytes);
    for (let i = 0; i < count; i++, this.#read++) {
      const at = i * ENTRY;
      this.#strong.set(bytes.subarray(at, at + STRONG_BYTES), this.#read * STRONG_BYTES);
      this.#weak[this.#read * 2] = view.getUint32(at + STRONG_BYTES, true);
      this.#weak[this.#read * 2 + 1] = view.getUint32(at + STRONG_BYTES + 4, true);
    }
  }
}

interface Head {
  readonly length: number;
  readonly blockSize: number;
  readonly size: number;
  readonly blocks: number;
  readonly contentHash: Uint8Array;
  readonly identity: ObjectIdentity;
}

/** `undefined` if more bytes are needed. */
function readHead(bytes: Uint8Array): Head | undefined {
  const magic = bytes.subarray(0, SIGNATURE_MAGIC.length);
  check(isEqual(magic, SIGNATURE_MAGIC.subarray(0, magic.length)), "it does not begin like one");
  if (bytes.length < FIXED) return undefined;
  const view = viewOf(bytes);
  const version = view.getUint16(8, true);
  check(version === VERSION, `its version is ${version}; this program reads version ${VERSION}`);
  const etagLength = view.getUint16(10, true);
  const versionLength = view.getUint16(12, true);
  check(view.getUint16(14, true) === 0, "a reserved field is in use");
  const blockSize = view.getUint32(16, true);
  const blocks = view.getUint32(20, true);
  const size = Number(view.getBigUint64(24, true));
  check(isBlockSize(blockSize), `its block size is ${blockSize}`);
  check(blocks <= MOST_BLOCKS, `it claims ${blocks} blocks`);
  check(blocks === countBlocks(size, blockSize), `${blocks} blocks do not make ${size} bytes`);
  check(etagLength <= NAME_LIMIT && versionLength <= NAME_LIMIT, "its identity is too long");
  const length = FIXED + etagLength + versionLength;
  if (bytes.length < length) return undefined;
  const etag = readText(bytes.subarray(FIXED, FIXED + etagLength));
  const objectVersion = readText(bytes.subarray(FIXED + etagLength, length));
  const identity = {
    ...(etag === "" ? {} : { etag }),
    ...(objectVersion === "" ? {} : { version: objectVersion }),
  };
  return {
    length,
    blockSize,
    size,
    blocks,
    contentHash: new Uint8Array(bytes.subarray(32, FIXED)),
    identity,
  };
}

function headOf({ blockSize, size, contentHash, identity }: Signature): Uint8Array {
  const blocks = countBlocks(size, blockSize);
  const etag = Buffer.from(identity.etag ?? "");
  const version = Buffer.from(identity.version ?? "");
  const fits = isBlockSize(blockSize) && blocks <= MOST_BLOCKS && Number.isSafeInteger(size);
  if (!fits || etag.length > NAME_LIMIT || version.length > NAME_LIMIT) {
    const message = `no signature can be written of ${size} bytes in blocks of ${blockSize}`;
    throw new DeltaError("invalid-argument", message);
  }
  const head = new Uint8Array(FIXED + etag.length + version.length);
  const view = viewOf(head);
  head.set(SIGNATURE_MAGIC);
  view.setUint16(8, VERSION, true);
  view.setUint16(10, etag.length, true);
  view.setUint16(12, version.length, true);
  view.setUint32(16, blockSize, true);
  view.setUint32(20, blocks, true);
  view.setBigUint64(24, BigInt(size), true);
  head.set(contentHash, 32);
  head.set(etag, FIXED);
  head.set(version, FIXED + etag.length);
  return head;
}

/** As many as there is room for. */
function writeEntries({ strong, weak }: BlockColumns, first: number, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  for (let at = 0, index = first; at < bytes.length; at += ENTRY, index++) {
    const start = index * STRONG_BYTES;
    bytes.set(strong.subarray(start, start + STRONG_BYTES), at);
    view.setUint32(at + STRONG_BYTES, weak[index * 2]!, true);
    view.setUint32(at + STRONG_BYTES + 4, weak[index * 2 + 1]!, true);
  }
}

function readText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  check(Buffer.from(text).equals(bytes), "its identity is not UTF-8");
  return text;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function check(ok: boolean, why: string): asserts ok {
  if (!ok) throw new DeltaError("bad-signature", `this is no signature: ${why}`);
}
