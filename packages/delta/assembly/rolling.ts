/**
 * The hot loops, in AssemblyScript: `npm run wasm` compiles this file into src/rolling-wasm.ts.
 * The caller lays out the memory; nothing here allocates.
 *
 * The sums of the bytes x[0..n) are a = Σ x[i] and b = Σ (n - i) x[i], both modulo 2³².
 */

/** The sums of `sums` and of the last hit of `search`. */
export let a: u32 = 0;
export let b: u32 = 0;

/**
 * Sets `a` and `b` to the sums of `length` bytes at `at`, of less than 2³¹.
 *
 * Rows of 64 bytes, as numbers from -128 on: what a dot product takes. Its weights have seven bits, so that all engines
 * make the same of it, and nothing saturates.
 */
export function sums(at: usize, length: u32): void {
  const end = at + length;
  const rowsLength = length & ~63;
  const rowsEnd = at + rowsLength;
  const flip = i8x16.splat(-128);
  const one = i8x16.splat(1);
  const weights0 = i8x16(64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49);
  const weights1 = i8x16(48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33);
  const weights2 = i8x16(32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17);
  const weights3 = i8x16(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
  // Of what lies in the same quarter of each row: in four chains, of which none waits for another.
  let total0 = i32x4.splat(0);
  let total1 = i32x4.splat(0);
  let total2 = i32x4.splat(0);
  let total3 = i32x4.splat(0);
  let weighted0 = i32x4.splat(0);
  let weighted1 = i32x4.splat(0);
  let weighted2 = i32x4.splat(0);
  let weighted3 = i32x4.splat(0);
  let before = i32x4.splat(0);
  while (at < rowsEnd) {
    const bytes0 = v128.xor(v128.load(at), flip);
    const bytes1 = v128.xor(v128.load(at, 16), flip);
    const bytes2 = v128.xor(v128.load(at, 32), flip);
    const bytes3 = v128.xor(v128.load(at, 48), flip);
    before = i32x4.add(before, i32x4.add(i32x4.add(total0, total1), i32x4.add(total2, total3)));
    total0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes0, one, total0);
    total1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes1, one, total1);
    total2 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes2, one, total2);
    total3 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes3, one, total3);
    weighted0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes0, weights0, weighted0);
    weighted1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes1, weights1, weighted1);
    weighted2 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes2, weights2, weighted2);
    weighted3 = i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes3, weights3, weighted3);
    at += 64;
  }
  const total = i32x4.add(i32x4.add(total0, total1), i32x4.add(total2, total3));
  const weighted = i32x4.add(i32x4.add(weighted0, weighted1), i32x4.add(weighted2, weighted3));
  const ranks = (<u64>rowsLength * (<u64>rowsLength + 1)) >> 1;
  let sumA = across(total) + 128 * rowsLength;
  let sumB = 64 * across(before) + across(weighted) + 128 * <u32>ranks;
  while (at < end) {
    sumA += <u32>load<u8>(at);
    sumB += sumA;
    at++;
  }
  a = sumA;
  b = sumB;
}

/**
 * The first of `count` positions from `at` on whose block of `size` bytes has the sums of a known block,
 * relative to `at`; `count` if there is none. `size + count - 1` bytes must be there. Sets `a` and `b`.
 *
 * `filter` is a table of 2^filterBits bits, `slots` one of 2^slotBits numbers of blocks (plus one; 0 is
 * empty), `known` the pairs (b, a) by number. `probes` slots are looked at. `scratch` has 64 bytes.
 */
export function search(
  at: usize,
  size: u32,
  count: u32,
  filter: usize,
  filterBits: u32,
  slots: usize,
  slotBits: u32,
  known: usize,
  probes: u32,
  scratch: usize,
): u32 {
  sums(at, size);
  const shift = 32 - filterBits;
  if (isLikely(a, b, filter, shift) && isKnown(a, b, slots, slotBits, known, probes)) return 0;
  let position: u32 = 0;
  // Eight at a time. Sums of up to eight bytes, and sums of those, fit in 16 bits.
  const steps = i32x4(1, 2, 3, 4);
  const sizes = i32x4.splat(size);
  const toA = i32x4.splat(0x9e3779b1);
  const toHash = i32x4.splat(0x85ebca6b);
  const wordMask = i32x4.splat(~3);
  while (position + 8 < count) {
    const leaving = v128.load8x8_u(at + position);
    const entering = v128.load8x8_u(at + position + size);
    const change = running(i16x8.sub(entering, leaving));
    const changes = running(change);
    const left = running(leaving);
    const lowA = i32x4.add(i32x4.splat(a), i32x4.extend_low_i16x8_s(change));
    const highA = i32x4.add(i32x4.splat(a), i32x4.extend_high_i16x8_s(change));
    const fromA = i32x4.mul(steps, i32x4.splat(a));
    const lowB = i32x4.sub(
      i32x4.add(i32x4.add(i32x4.splat(b), fromA), i32x4.extend_low_i16x8_s(changes)),
      i32x4.mul(sizes, i32x4.extend_low_i16x8_u(left)),
    );
    const highB = i32x4.sub(
      i32x4.add(i32x4.add(i32x4.splat(b + 4 * a), fromA), i32x4.extend_high_i16x8_s(changes)),
      i32x4.mul(sizes, i32x4.extend_high_i16x8_u(left)),
    );
    const lowHash = i32x4.mul(i32x4.add(i32x4.mul(lowA, toA), lowB), toHash);
    const highHash = i32x4.mul(i32x4.add(i32x4.mul(highA, toA), highB), toHash);
    const lowWord = v128.and(i32x4.shr_u(lowHash, shift + 3), wordMask);
    const highWord = v128.and(i32x4.shr_u(highHash, shift + 3), wordMask);
    const likely =
      (load<u32>(filter + i32x4.extract_lane(lowWord, 0)) >> i32x4.extract_lane(lowHash, 0)) |
      (load<u32>(filter + i32x4.extract_lane(lowWord, 1)) >> i32x4.extract_lane(lowHash, 1)) |
      (load<u32>(filter + i32x4.extract_lane(lowWord, 2)) >> i32x4.extract_lane(lowHash, 2)) |
      (load<u32>(filter + i32x4.extract_lane(lowWord, 3)) >> i32x4.extract_lane(lowHash, 3)) |
      (load<u32>(filter + i32x4.extract_lane(highWord, 0)) >> i32x4.extract_lane(highHash, 0)) |
      (load<u32>(filter + i32x4.extract_lane(highWord, 1)) >> i32x4.extract_lane(highHash, 1)) |
      (load<u32>(filter + i32x4.extract_lane(highWord, 2)) >> i32x4.extract_lane(highHash, 2)) |
      (load<u32>(filter + i32x4.extract_lane(highWord, 3)) >> i32x4.extract_lane(highHash, 3));
    if (likely & 1) {
      v128.store(scratch, lowA);
      v128.store(scratch, highA, 16);
      v128.store(scratch, lowB, 32);
      v128.store(scratch, highB, 48);
      for (let lane: u32 = 0; lane < 8; lane++) {
        const laneA = load<u32>(scratch + (lane << 2));
        const laneB = load<u32>(scratch + (lane << 2), 32);
        if (!isLikely(laneA, laneB, filter, shift)) continue;
        if (!isKnown(laneA, laneB, slots, slotBits, known, probes)) continue;
        a = laneA;
        b = laneB;
        return position + lane + 1;
      }
    }
    a = i32x4.extract_lane(highA, 3);
    b = i32x4.extract_lane(highB, 3);
    position += 8;
  }
  while (position + 1 < count) {
    const leaving = <u32>load<u8>(at + position);
    a += <u32>load<u8>(at + position + size) - leaving;
    b += a - size * leaving;
    position++;
    if (isLikely(a, b, filter, shift) && isKnown(a, b, slots, slotBits, known, probes)) {
      return position;
    }
  }
  return count;
}

function hashOf(sumA: u32, sumB: u32): u32 {
  return (sumA * 0x9e3779b1 + sumB) * 0x85ebca6b;
}

/** The upper bits of the hash choose a word of the filter, the lowest five a bit in it. */
function isLikely(sumA: u32, sumB: u32, filter: usize, shift: u32): bool {
  const hash = hashOf(sumA, sumB);
  return <bool>((load<u32>(filter + ((hash >> (shift + 3)) & ~3)) >> hash) & 1);
}

function isKnown(
  sumA: u32,
  sumB: u32,
  slots: usize,
  slotBits: u32,
  known: usize,
  probes: u32,
): bool {
  const mask = ((<u32>1) << slotBits) - 1;
  let slot = hashOf(sumA, sumB) >> (32 - slotBits);
  for (let probe: u32 = 0; probe < probes; probe++) {
    const number = load<u32>(slots + (slot << 2));
    if (number === 0) return false;
    const entry = known + ((number - 1) << 3);
    if (load<u32>(entry) === sumB && load<u32>(entry, 4) === sumA) return true;
    slot = (slot + 1) & mask;
  }
  return false;
}

/** Running sums over eight lanes. */
function running(lanes: v128): v128 {
  const zero = i16x8.splat(0);
  lanes = i16x8.add(lanes, v128.shuffle<i16>(zero, lanes, 0, 8, 9, 10, 11, 12, 13, 14));
  lanes = i16x8.add(lanes, v128.shuffle<i16>(zero, lanes, 0, 1, 8, 9, 10, 11, 12, 13));
  return i16x8.add(lanes, v128.shuffle<i16>(zero, lanes, 0, 1, 2, 3, 8, 9, 10, 11));
}

function across(lanes: v128): u32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}
