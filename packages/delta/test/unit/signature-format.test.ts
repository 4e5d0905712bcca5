import { Blake3Hasher } from "@napi-rs/blake-hash";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseBlockSize, checkBlockSize } from "../../src/block-size.ts";
import { DeltaError } from "../../src/delta-error.ts";
import { SignatureBuilder } from "../../src/signature-builder.ts";
import { bindSignature, signatureBelongsTo } from "../../src/signature.ts";
import { decodeSignature, encodedLength, encodeSignature } from "../../src/signature-format.ts";
import { noise, sign } from "./content.ts";

const BLOCK = 64 * 1024;
const signature = bindSignature(sign(noise(5 * BLOCK + 3, 7), BLOCK), {
  etag: '"d41d8-5"',
  version: "v–1",
});
const bytes = Buffer.concat([...encodeSignature(signature)]);

/** 65,537 bytes, each its position modulo 251, with the ETag `abc`: the vector of docs/spec/delta-format.md. */
const VECTOR = `
  894f5349470d0a1a 0100 0300 0000 0000 00000100 02000000 0100010000000000
  7c99f9840a73dfcb6e5bfe4ff6d1558acab7e015640790c26411818bdbe17eca
  616263
  68d647e619a930e7b1082f74f334b0c65a315725569bdc123f0ee11881717bfe
  29ecbd6bf7f47c00
  9afe024fa1eebd24fc3aef5773fd6f0dacd4e1f2584321b786c93253eacbbf73
  1900000019000000
  0ce564ed00246c83cce6f84ac67c23b19275d48e48b42abeba3db74b3cae1e1f`;

/** As docs/spec/delta-format.md defines them: b, then a. */
function sumsOf(block: Uint8Array): number[] {
  let [a, b] = [0, 0];
  for (const byte of block) {
    a = (a + byte) >>> 0;
    b = (b + a) >>> 0;
  }
  return [b, a];
}

describe("the blocks of a signature", () => {
  it("[DF-2] have the hashes and the sums of the definition, however the content is cut", () => {
    const contents = [noise(2 * BLOCK + 77, 3), new Uint8Array(BLOCK + 1).fill(255), noise(63, 1)];
    fc.assert(
      fc.property(
        fc.constantFrom(...contents),
        fc.array(fc.integer({ min: 1, max: 2 * BLOCK }), { minLength: 1, maxLength: 9 }),
        (content, lengths) => {
          const builder = new SignatureBuilder(BLOCK);
          for (let at = 0, i = 0; at < content.length; i++) {
            const end = at + lengths[i % lengths.length]!;
            builder.take(content.subarray(at, end));
            at = end;
          }
          const { strong, weak, size } = builder.finish();
          expect(size).toBe(content.length);
          for (let at = 0, index = 0; at < content.length; at += BLOCK, index++) {
            const block = content.subarray(at, at + BLOCK);
            expect([...weak.subarray(index * 2, index * 2 + 2)]).toEqual(sumsOf(block));
            const hash = Buffer.from(strong.subarray(index * 32, index * 32 + 32));
            expect(hash.toString("hex")).toBe(new Blake3Hasher().update(block).digest("hex"));
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("a signature as bytes", () => {
  it("[DF-1] comes back as it was, however it is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), async (piece) => {
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += piece)
          pieces.push(bytes.subarray(at, at + piece));
        expect(await decodeSignature(pieces)).toEqual(signature);
      }),
      { numRuns: 30 },
    );
    expect(bytes.length).toBe(encodedLength(signature));
  });

  it("[DF-1] is the same in pieces that are lent and that are kept", () => {
    const blocks = 20_000;
    const column = (bytes: number): Uint8Array => noise(blocks * bytes, bytes).slice();
    const weak = new Uint32Array(column(8).buffer);
    const size = blocks * BLOCK;
    const large = { ...signature, size, strong: column(32), weak };
    const kept = [...encodeSignature(large)];
    const lent: Buffer[] = [];
    const memories = new Set<ArrayBufferLike>();
    for (const piece of encodeSignature(large, { lend: true })) {
      lent.push(Buffer.from(piece));
      memories.add(piece.buffer);
    }
    expect(Buffer.concat(lent).equals(Buffer.concat(kept))).toBe(true);
    // Head, pieces and checksum.
    expect(kept).toHaveLength(5);
    expect(memories.size).toBe(3);
  });

  it("[DF-1] may be of an empty object, and of one in no store", async () => {
    const empty = sign(new Uint8Array(0), BLOCK);
    expect(await decodeSignature(encodeSignature(empty))).toEqual(empty);
  });

  it("[DF-2] is exactly the bytes of the test vector", () => {
    const content = Uint8Array.from({ length: 65_537 }, (_, i) => i % 251);
    const made = bindSignature(sign(content, BLOCK), { etag: "abc" });
    const expected = VECTOR.replaceAll(/\s/g, "");
    expect(Buffer.concat([...encodeSignature(made)]).toString("hex")).toBe(expected);
  });

  it("[DF-3] is refused if any byte of it differs", async () => {
    for (let at = 0; at < bytes.length; at++) {
      const broken = Buffer.from(bytes);
      broken[at]! ^= 1 << (at % 8);
      await expectRefused(broken);
    }
  });

  it("[DF-3] is refused if it is cut short anywhere, or has more bytes", async () => {
    for (let length = 0; length < bytes.length; length++)
      await expectRefused(bytes.subarray(0, length));
    await expectRefused(Buffer.concat([bytes, Buffer.from([0])]));
  });

  it("[DF-3] is refused if its sizes are absurd, before room is made for them", async () => {
    const absurd = (change: (head: Buffer) => void): Buffer => {
      const head = Buffer.from(bytes);
      change(head);
      return head;
    };
    await expectRefused(absurd((head) => head.writeUInt32LE(0xffffffff, 20)));
    await expectRefused(absurd((head) => head.writeUInt32LE(1, 16)));
    await expectRefused(absurd((head) => head.writeBigUInt64LE(2n ** 63n, 24)));
    await expectRefused(absurd((head) => head.writeUInt16LE(0xffff, 10)));
    await expectRefused(Buffer.from("somebody's own file that ends in .hssig"));
  });

  it("[DF-4] takes at most 40 bytes per block, and a head", () => {
    expect(encodedLength(signature)).toBe(64 + 9 + 5 + 6 * 40 + 32);
  });
});

describe("a signature", () => {
  const object = { size: signature.size, etag: '"d41d8-5"' };

  it("[DF-5] belongs to the object with its size, ETag and version, and to no other", () => {
    expect(signatureBelongsTo(signature, object)).toBe(true);
    expect(signatureBelongsTo(signature, { ...object, version: "v–1" })).toBe(true);
    expect(signatureBelongsTo(signature, { ...object, version: "v2" })).toBe(false);
    expect(signatureBelongsTo(signature, { ...object, etag: "other" })).toBe(false);
    expect(signatureBelongsTo(signature, { ...object, size: 1 })).toBe(false);
    expect(signatureBelongsTo(signature, { size: signature.size })).toBe(false);
  });

  it("[DF-6] has at most 32,768 blocks up to 128 GiB", () => {
    const sizes = [0, 2 ** 31, 2 ** 31 + 1, 20 * 2 ** 30, 2 ** 37, 2 ** 40, 2 ** 43];
    const KIB = 1024;
    const expected = [64, 64, 128, 1024, 4096, 4096, 5120].map((kib) => kib * KIB);
    expect(sizes.map(chooseBlockSize)).toEqual(expected);
    expect(checkBlockSize(5 * KIB * KIB)).toBe(5 * KIB * KIB);
    for (const wrong of [0, 1, 32 * KIB, 65 * KIB, 6 * KIB * KIB, NaN, Infinity]) {
      expect(() => checkBlockSize(wrong)).toThrow(DeltaError);
    }
  });
});

async function expectRefused(wrong: Uint8Array): Promise<void> {
  const refused = expect(decodeSignature([wrong])).rejects;
  await refused.toSatisfy((error) => error instanceof DeltaError && error.code === "bad-signature");
}
