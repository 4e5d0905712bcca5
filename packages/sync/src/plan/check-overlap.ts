/** Refuses runs whose two ends lie within one another. Pure. */
import { StorageError, isWithin } from "@omnisync/storage";

/**
 * @param source the source's id with its path, such as `file:///srv/data`
 * @throws StorageError `invalid-argument` for the same place twice, a destination inside the source, or,
 *   when extras are to be removed, a source inside the destination (it would be one of them).
 */
export function checkOverlap(source: string, destination: string, removesExtras: boolean): void {
  // The id of a file system's root ends in a slash, the others do not.
  const from = source.replace(/\/$/, "");
  const to = destination.replace(/\/$/, "");
  if (from === to) throw refuse("source and destination are the same place");
  if (isWithin(from, to)) throw refuse("the destination lies inside the source");
  if (removesExtras && isWithin(to, from)) {
    throw refuse("the source lies inside the destination, where it would be removed as an extra");
  }
}

function refuse(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
