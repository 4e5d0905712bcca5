/**
 * SHA-256, in AssemblyScript: `npm run wasm` compiles this file into src/drivers/s3/sha256-wasm.ts.
 * https://doi.org/10.6028/NIST.FIPS.180-4, section 6.2. Nothing branches on, or looks up, what is hashed.
 */

/** Fractional parts of the cube roots of the first 64 primes, 32 bits each. */
const ROUNDS: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];
/** Of the square roots of the first 8. */
const INITIAL: StaticArray<u32> = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const BLOCK: u32 = 64;
/** The words of the block that is hashed. */
const WORDS: StaticArray<u32> = new StaticArray<u32>(64);
const STATE: StaticArray<u32> = new StaticArray<u32>(8);

/** Where the input goes, behind all constants. Padding takes up to two blocks more. The hash replaces its first 32 bytes. */
export const input: usize = 4096;

/** Hashes the first `length` bytes of the input. */
export function hash(length: u32): void {
  for (let i = 0; i < 8; i++) unchecked((STATE[i] = INITIAL[i]));
  const end = pad(length);
  for (let at = input; at < end; at += BLOCK) compress(at);
  for (let i = 0; i < 8; i++) store<u32>(input + 4 * i, bswap(unchecked(STATE[i])));
}

/** Section 5.1.1. @returns where the padded input ends */
function pad(length: u32): usize {
  const end = input + ((length + 8) / BLOCK + 1) * BLOCK;
  memory.fill(input + length, 0, end - input - length);
  store<u8>(input + length, 0x80);
  store<u64>(end - 8, bswap(<u64>length * 8));
  return end;
}

function compress(block: usize): void {
  for (let i = 0; i < 16; i++) unchecked((WORDS[i] = bswap(load<u32>(block + 4 * i))));
  for (let i = 16; i < 64; i++) {
    const x = unchecked(WORDS[i - 15]);
    const y = unchecked(WORDS[i - 2]);
    const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
    const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10);
    unchecked((WORDS[i] = WORDS[i - 16] + s0 + WORDS[i - 7] + s1));
  }
  let a = unchecked(STATE[0]);
  let b = unchecked(STATE[1]);
  let c = unchecked(STATE[2]);
  let d = unchecked(STATE[3]);
  let e = unchecked(STATE[4]);
  let f = unchecked(STATE[5]);
  let g = unchecked(STATE[6]);
  let h = unchecked(STATE[7]);
  for (let i = 0; i < 64; i++) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + unchecked(ROUNDS[i]) + unchecked(WORDS[i]);
    const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  unchecked((STATE[0] += a));
  unchecked((STATE[1] += b));
  unchecked((STATE[2] += c));
  unchecked((STATE[3] += d));
  unchecked((STATE[4] += e));
  unchecked((STATE[5] += f));
  unchecked((STATE[6] += g));
  unchecked((STATE[7] += h));
}
