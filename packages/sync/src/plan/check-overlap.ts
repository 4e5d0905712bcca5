/** Refuses runs whose two ends lie within one another. Pure. */
import { StorageError, isWithin, joinPath } from "@omnisync/storage";
import type { Place } from "../options.ts";

/** A place as a name under which places within it are found, whatever their drivers' roots are. */
export function placeId({ driver, path }: Place): string {
  const id = driver.name === "file" ? decodeURIComponent(driver.id) : driver.id;
  return joinPath(id.replace(/\/$/, ""), path);
}

/**
 * @param source as `placeId` gives it, such as `file:///srv/data`; `destination` too
 * @throws StorageError `invalid-argument` for the same place twice, a destination inside the source, or,
 *   when extras are to be removed, a source inside the destination (it would be one of them).
 */
export function checkOverlap(source: string, destination: string, removesExtras: boolean): void {
  if (source === destination) throw refuse("source and destination are the same place");
  if (isWithin(source, destination)) throw refuse("the destination lies inside the source");
  if (removesExtras && isWithin(destination, source)) {
    throw refuse("the source lies inside the destination, where it would be removed as an extra");
  }
}

/**
 * @param backups where old content goes, as `placeId` gives it.
 * @throws StorageError `invalid-argument` for backups that would be written into the source.
 */
export function checkBackups(source: string, backups: string): void {
  if (isWithin(source, backups)) {
    throw refuse("backups lie inside the source, whose files they could replace");
  }
}

function refuse(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}
