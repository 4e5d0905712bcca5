/**
 * The checksum algorithms of `x-amz-checksum-*`, written here rather than taken from where the client
 * under test takes them, so that both cannot be wrong alike.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256";

/** `COMPOSITE`: a checksum over the checksums of the parts. */
export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** Base64; `-<parts>` behind it if composite. */
  readonly value: string;
}

/** Each algorithm with the length of its digest in bytes. */
export const digestLengths: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = Object.keys(
  digestLengths,
) as ChecksumAlgorithm[];

export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case "CRC32":
      return crcHasher((bytes, crc) => crc32(bytes, crc));
    case "CRC32C":
      return crcHasher(updateCrc32c);
    case "CRC64NVME":
      return new Crc64Nvme();
    case "SHA1":
    case "SHA256":
      return createHash(algorithm);
  }
}

/** Base64 of the checksum over all chunks. */
export function checksumOf(algorithm: ChecksumAlgorithm, chunks: Iterable<Uint8Array>): string {
  const hasher = createHasher(algorithm);
  for (const chunk of chunks) hasher.update(chunk);
  return hasher.digest().toString("base64");
}

function crcHasher(step: (bytes: Uint8Array, crc: number) => number): Hasher {
  let crc = 0;
  return {
    update: (bytes) => (crc = step(bytes, crc)),
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(crc >>> 0);
      return digest;
    },
  };
}

const crc32cTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function updateCrc32c(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (let index = 0; index < bytes.length; index++) {
    crc = (crc32cTable[(crc ^ (bytes[index] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc;
}

/**
 * CRC-64/NVME (reflected polynomial 9A6C9329AC4BC9B5), eight bytes a step. A row of the tables is what
 * a byte contributes after it was shifted through 0 to 7 further bytes; high and low words are apart,
 * because 64-bit integers (BigInt) would be a hundred times slower.
 */
const crc64Tables: { readonly low: Uint32Array; readonly high: Uint32Array } = buildCrc64Tables();

function buildCrc64Tables(): { low: Uint32Array; high: Uint32Array } {
  const low = new Uint32Array(8 * 256);
  const high = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let [l, h] = [byte, 0];
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | ((h & 1) << 31);
      h >>>= 1;
      if (carry) [l, h] = [l ^ 0xac4bc9b5, h ^ 0x9a6c9329];
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let index = 256; index < 8 * 256; index++) {
    const [l, h] = [low[index - 256] as number, high[index - 256] as number];
    low[index] = ((l >>> 8) | (h << 24)) ^ (low[l & 0xff] as number);
    high[index] = (h >>> 8) ^ (high[l & 0xff] as number);
  }
  return { low, high };
}

class Crc64Nvme implements Hasher {
  #low = 0xffffffff;
  #high = 0xffffffff;

  update(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole = bytes.byteLength - (bytes.byteLength % 8);
    let index = 0;
    for (; index < whole; index += 8) {
      this.#word(view.getUint32(index, true), view.getUint32(index + 4, true));
    }
    for (; index < bytes.byteLength; index++) this.#byte(bytes[index] as number);
  }

  digest(): Buffer {
    const digest = Buffer.alloc(8);
    digest.writeUInt32BE(~this.#high >>> 0, 0);
    digest.writeUInt32BE(~this.#low >>> 0, 4);
    return digest;
  }

  #byte(byte: number): void {
    const { low, high } = crc64Tables;
    const row = (this.#low ^ byte) & 0xff;
    this.#low = ((this.#low >>> 8) | (this.#high << 24)) ^ (low[row] as number);
    this.#high = (this.#high >>> 8) ^ (high[row] as number);
  }

  #word(first: number, second: number): void {
    const { low, high } = crc64Tables;
    const l = this.#low ^ first;
    const h = this.#high ^ second;
    let [nextLow, nextHigh] = [0, 0];
    for (let shift = 0; shift < 4; shift++) {
      const far = (7 - shift) * 256 + ((l >>> (shift * 8)) & 0xff);
      const near = (3 - shift) * 256 + ((h >>> (shift * 8)) & 0xff);
      nextLow ^= (low[far] as number) ^ (low[near] as number);
      nextHigh ^= (high[far] as number) ^ (high[near] as number);
    }
    this.#low = nextLow;
    this.#high = nextHigh;
  }
}
