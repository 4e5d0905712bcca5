/** Sizes and ages of the files that are transferred. Pure: ages are points in time here. */
import { type Entry, StorageError } from "@omnisync/storage";

export interface FileLimits {
  /** Bytes, inclusive. */
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  /** Milliseconds since 1970, inclusive: older than `maxAge` allows, newer than `minAge` allows. */
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
  /**
   * Whether extras outside the limits stay too, as with rclone. With rsync the limits say what is
   * transferred, and nothing about what is removed.
   */
  readonly protect: boolean;
}

/** Limits as a user gives them. */
export interface LimitValues {
  /** Bytes, inclusive. */
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  /** Milliseconds since the content last changed, inclusive. */
  readonly minAge?: number | undefined;
  readonly maxAge?: number | undefined;
}

/**
 * The limits of a filter from those of its files and of its settings, which go first.
 * @throws StorageError `invalid-argument` where nothing could be within them.
 */
export function resolveLimits(
  inFiles: LimitValues,
  given: LimitValues,
  { now, protect }: { readonly now: number; readonly protect: boolean },
): FileLimits | undefined {
  const minSize = given.minSize ?? inFiles.minSize;
  const maxSize = given.maxSize ?? inFiles.maxSize;
  const minAge = given.minAge ?? inFiles.minAge;
  const maxAge = given.maxAge ?? inFiles.maxAge;
  if (
    minSize === undefined &&
    maxSize === undefined &&
    minAge === undefined &&
    maxAge === undefined
  )
    return undefined;
  refuseEmpty("size", minSize, maxSize);
  refuseEmpty("age", minAge, maxAge);
  return {
    minSize,
    maxSize,
    notBefore: maxAge === undefined ? undefined : now - maxAge,
    notAfter: minAge === undefined ? undefined : now - minAge,
    protect,
  };
}

function refuseEmpty(what: string, least = 0, most = Infinity): void {
  if (least <= most) return;
  throw new StorageError("invalid-argument", {
    message: `the least ${what} is above the greatest: no file could take part`,
  });
}

/** Whether a file is within the limits; `unknown` where its time is not known yet. */
export function isWithinLimits(entry: Entry, limits: FileLimits): boolean | "unknown" {
  if (entry.kind !== "file") return true;
  const { minSize, maxSize, notBefore, notAfter } = limits;
  if (minSize !== undefined && entry.size < minSize) return false;
  if (maxSize !== undefined && entry.size > maxSize) return false;
  if (notBefore === undefined && notAfter === undefined) return true;
  const time = entry.mtime ?? (entry.complete ? entry.storedAt : undefined);
  if (time === undefined) return entry.complete ? true : "unknown";
  return time >= (notBefore ?? -Infinity) && time <= (notAfter ?? Infinity);
}
