/** How an object is cut into parts. Pure: looks at sizes and limits only. */
import type { MultipartLimits } from "../../capabilities.ts";
import { StorageError } from "../../errors.ts";

const MIB = 1024 * 1024;
/** Where the size is not known, parts double after this share of the allowed number. */
const GROWTH_STEPS = 10;

/**
 * Bytes per part of an object of a known size: `preferred`, or as much more as it takes to stay
 * within `maxParts`, in whole MiB.
 * @throws StorageError `too-large` if even the largest parts do not suffice.
 */
export function partSizeFor(size: number, preferred: number, limits: MultipartLimits): number {
  const { minPartSize, maxPartSize, maxParts } = limits;
  const least = Math.ceil(size / maxParts);
  if (least > maxPartSize) {
    throw new StorageError("too-large", {
      message: `${size} bytes are more than ${maxParts} parts of ${maxPartSize} bytes`,
    });
  }
  const wanted = Math.max(preferred, minPartSize);
  const grown = least <= wanted ? wanted : Math.ceil(least / MIB) * MIB;
  return Math.min(grown, maxPartSize);
}

/**
 * Bytes of part `number` (from 1) of a body whose end is not known: `preferred`, doubled after each
 * tenth of the parts, so that small bodies take little memory and huge ones still fit. Where all
 * parts must be equal, `preferred` always.
 */
export function growingPartSize(
  number: number,
  preferred: number,
  limits: MultipartLimits,
  equal: boolean,
): number {
  const { minPartSize, maxPartSize, maxParts } = limits;
  const base = Math.max(preferred, minPartSize);
  if (equal) return Math.min(base, maxPartSize);
  const doublings = Math.floor(((number - 1) * GROWTH_STEPS) / maxParts);
  return Math.min(base * 2 ** doublings, maxPartSize);
}
