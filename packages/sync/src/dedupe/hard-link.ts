/** Hard links, where a store has them. */
import { type Driver, type Entry, StorageError } from "@omnisync/storage";

/** Which file of the disk an entry is a name of; `undefined` where names and files are the same thing. */
export function inodeOf(driver: Driver, entry: Pick<Entry, "etag">): string | undefined {
  return driver.hardLink === undefined ? undefined : entry.etag;
}

/** @throws StorageError `unsupported` */
export function refuseWithoutLinks(driver: Driver): void {
  if (driver.hardLink !== undefined) return;
  throw new StorageError("unsupported", {
    path: driver.id,
    message: "the store has no hard links",
  });
}
