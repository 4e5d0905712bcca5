import { DeltaError } from "./delta-error.ts";
import type { DeltaOp } from "./delta.ts";
import type { PartPlan, PlannedPart } from "./plan-parts.ts";

/**
 * The parts for a store that wants all but the last to be of one size: a part is copied if all of it lies in
 * one stretch of the old object, wherever that is. How many parts the store takes is for `partSize` to keep to.
 * @throws DeltaError `invalid-argument` for a part size that is not a whole number above 0
 */
export function planEqualParts(ops: readonly DeltaOp[], partSize: number): PartPlan {
  if (!Number.isSafeInteger(partSize) || partSize <= 0) {
    throw new DeltaError("invalid-argument", `a part has a size above 0, not ${partSize}`);
  }
  const last = ops.at(-1);
  const size = last === undefined ? 0 : last.offset + last.length;
  const parts: PlannedPart[] = [];
  let copyBytes = 0;
  let at = 0;
  for (let offset = 0; offset < size; offset += partSize) {
    const length = Math.min(partSize, size - offset);
    while (ops[at]!.offset + ops[at]!.length <= offset) at++;
    const op = ops[at]!;
    if (op.kind === "copy" && op.offset + op.length >= offset + length) {
      parts.push({ kind: "copy", offset, length, oldOffset: op.oldOffset + offset - op.offset });
      copyBytes += length;
    } else parts.push({ kind: "upload", offset, length });
  }
  return { parts, uploadBytes: size - copyBytes, copyBytes };
}
