import { DeltaError } from "./delta-error.ts";

/** What a store asks of the parts of an object. Sizes in bytes. */
export interface PartRules {
  /** Every part but the last has at least so many. */
  readonly minPart: number;
  readonly maxPart: number;
  readonly maxParts: number;
  /** Uploaded runs are cut into parts of about so many; larger if there would be too many parts. */
  readonly uploadPart: number;
  /** Copied runs are cut into parts of at most so many. */
  readonly copyPart: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The rules of S3. */
export const S3_PART_RULES: PartRules = {
  minPart: 5 * MIB,
  maxPart: 5 * GIB,
  maxParts: 10_000,
  uploadPart: 16 * MIB,
  copyPart: GIB,
};

/** @throws DeltaError `invalid-argument` for rules by which some objects could not be cut. */
export function checkPartRules(rules: PartRules): void {
  const { minPart, maxPart, maxParts, uploadPart, copyPart } = rules;
  const sizes = [minPart, maxPart, maxParts, uploadPart, copyPart];
  const ordered = [uploadPart, copyPart].every((part) => part >= minPart && part <= maxPart);
  if (sizes.every((size) => Number.isSafeInteger(size) && size > 0) && ordered) {
    // Any length from `minPart` on can then be cut into parts that are neither too short nor too long.
    if (maxPart >= 2 * minPart) return;
  }
  throw new DeltaError("invalid-argument", "these rules for parts contradict each other");
}
