/**
 * CRC-64/NVME, the checksum that AWS computes over whole objects, also over those sent in parts. Eight
 * bytes a step, on pairs of 32-bit halves: JavaScript has no other fast 64-bit arithmetic.
 * https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-nvme
 */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const STEPS = 8;

let tables: { readonly low: Uint32Array; readonly high: Uint32Array } | undefined;

export class Crc64Nvme {
  #low = 0xffffffff;
  #high = 0xffffffff;

  update(bytes: Uint8Array): void {
    const { low: tableLow, high: tableHigh } = (tables ??= makeTables());
    let low = this.#low;
    let high = this.#high;
    let at = 0;
    for (const end = bytes.length - 7; at < end; at += STEPS) {
      const a = low ^ word(bytes, at);
      const b = high ^ word(bytes, at + 4);
      const i7 = 0x700 | (a & 0xff);
      const i6 = 0x600 | ((a >>> 8) & 0xff);
      const i5 = 0x500 | ((a >>> 16) & 0xff);
      const i4 = 0x400 | (a >>> 24);
      const i3 = 0x300 | (b & 0xff);
      const i2 = 0x200 | ((b >>> 8) & 0xff);
      const i1 = 0x100 | ((b >>> 16) & 0xff);
      const i0 = b >>> 24;
      low =
        tableLow[i7]! ^
        tableLow[i6]! ^
        tableLow[i5]! ^
        tableLow[i4]! ^
        tableLow[i3]! ^
        tableLow[i2]! ^
        tableLow[i1]! ^
        tableLow[i0]!;
      high =
        tableHigh[i7]! ^
        tableHigh[i6]! ^
        tableHigh[i5]! ^
        tableHigh[i4]! ^
        tableHigh[i3]! ^
        tableHigh[i2]! ^
        tableHigh[i1]! ^
        tableHigh[i0]!;
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ bytes[at]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!;
      high = (high >>> 8) ^ tableHigh[index]!;
    }
    this.#low = low;
    this.#high = high;
  }

  /** Eight bytes, the highest first, as hex. */
  digest(): string {
    return hex(~this.#high) + hex(~this.#low);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Row `n` is the effect of a byte that is `n` bytes away from the end of a step. */
function makeTables(): { readonly low: Uint32Array; readonly high: Uint32Array } {
  const low = new Uint32Array(256 * STEPS);
  const high = new Uint32Array(256 * STEPS);
  const rows: bigint[] = [];
  for (let i = 0; i < 256 * STEPS; i++) {
    let value = i < 256 ? BigInt(i) : rows[i - 256]!;
    if (i < 256) {
      for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? POLYNOMIAL : 0n);
    } else {
      value = (value >> 8n) ^ rows[Number(value & 0xffn)]!;
    }
    rows.push(value);
    low[i] = Number(value & 0xffffffffn);
    high[i] = Number(value >> 32n);
  }
  return { low, high };
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
