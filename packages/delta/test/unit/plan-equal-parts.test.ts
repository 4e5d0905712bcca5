import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeltaError, type DeltaOp, planEqualParts } from "../../src/index.ts";

/** Operations of any lengths, one after the other. */
const ops = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 40 }), old: fc.option(fc.nat(1000)) }))
  .map((pieces) => {
    let offset = 0;
    return pieces.map(({ length, old }): DeltaOp => {
      const at = offset;
      offset += length;
      return old === null
        ? { kind: "insert", offset: at, length }
        : { kind: "copy", offset: at, length, oldOffset: old };
    });
  });

describe("parts of one size", () => {
  it("[DL-14] cover the file, and copy exactly what lies together", () => {
    fc.assert(
      fc.property(ops, fc.integer({ min: 1, max: 30 }), (list, partSize) => {
        const size = list.reduce((sum, { length }) => sum + length, 0);
        const { parts, uploadBytes, copyBytes } = planEqualParts(list, partSize);
        expect(uploadBytes + copyBytes).toBe(size);
        let end = 0;
        for (const part of parts) {
          expect(part.offset).toBe(end);
          expect(part.length).toBe(Math.min(partSize, size - end));
          end += part.length;
          const around = list.find(
            (op) => op.offset <= part.offset && op.offset + op.length >= part.offset + part.length,
          );
          if (part.kind === "upload") expect(around?.kind).not.toBe("copy");
          else
            expect(around).toMatchObject({
              kind: "copy",
              oldOffset: part.oldOffset - (part.offset - around!.offset),
            });
        }
        expect(end).toBe(size);
      }),
    );
  });

  it.each([0, -1, 1.5, NaN, Infinity])("[DL-14] are not of %j bytes", (partSize) => {
    const all: DeltaOp[] = [{ kind: "insert", offset: 0, length: 1 }];
    expect(() => planEqualParts(all, partSize)).toThrow(DeltaError);
  });
});
