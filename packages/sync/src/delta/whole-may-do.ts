import { isStorageError } from "@omnisync/storage";

/**
 * Whether content can be transferred whole where a delta could not be made: not if the run has ended, a store is in
 * trouble altogether, or something is not what was looked at.
 */
export function wholeMayDo(error: unknown): boolean {
  const ended = ["aborted", "closed"] as const;
  const inTrouble = ["unauthenticated", "unavailable", "timeout", "throttled"] as const;
  const another = ["changed", "precondition-failed", "not-found"] as const;
  return isStorageError(error) && !isStorageError(error, ...ended, ...inTrouble, ...another);
}
