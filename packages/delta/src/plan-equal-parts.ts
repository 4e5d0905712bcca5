import { DeltaError } from "./delta-error.ts";
import { type DeltaOp, sizeOf } from "./delta.ts";
import type { PartPlan, PlannedPart } from "./plan-parts.ts";

/**
 * The parts for a store that wants all but the last to be of one size: a part is copied if all of it lies in
 * one stretch of the old object, wherever that is. How many parts the store takes is for `partSize` to keep to.
 * @throws DeltaError `invalid-argument` for a part size that is not a whole number above 0
 */
export function planEqualParts(ops: Iterable<DeltaOp>, partSize: number): PartPlan {
  if (!Number.isSafeInteger(partSize) || partSize <= 0) {
    throw new DeltaError("invalid-argument", `a part has a size above 0, not ${partSize}`);
  }
  const size = sizeOf(ops);
  const parts: PlannedPart[] = [];
  let copyBytes = 0;
  let offset = 0;
  for (const op of ops) {
    const end = op.offset + op.length;
    // Those that begin in it.
    for (; offset < end; offset += partSize) {
      const length = Math.min(partSize, size - offset);
      if (op.kind === "copy" && offset + length <= end) {
        parts.push({ kind: "copy", offset, length, oldOffset: op.oldOffset + offset - op.offset });
        copyBytes += length;
      } else parts.push({ kind: "upload", offset, length });
    }
  }
  return { parts, uploadBytes: size - copyBytes, copyBytes };
}
