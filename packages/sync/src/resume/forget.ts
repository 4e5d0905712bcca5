/**
 * Clearing up by hand. A store tells of an open upload its path, its id and when it began, not who began
 * it. So ours are those on record; of the others nobody can say whether they are still being filled.
 */
import { type Driver, StorageError, type Upload, joinPath } from "@omnisync/storage";
import { pathAt } from "./kept-transfer.ts";
import { type KeptTransfer, type ResumeStore, leftoverOf } from "./resume-store.ts";

/**
 * Frees what a transfer on record left in `driver`'s store, and then forgets it.
 * @returns whether it was forgotten; `false` if a living process has it.
 * @throws StorageError `invalid-argument` if it lies in another store; whatever the store answers, and the
 *   transfer is still on record then.
 */
export async function forgetTransfer(
  store: ResumeStore,
  { id, record: { destination } }: KeptTransfer,
  driver: Driver,
): Promise<boolean> {
  const path = pathAt(driver, destination);
  if (path === undefined) {
    throw new StorageError("invalid-argument", {
      path: destination,
      message: `does not lie in ${driver.id}`,
    });
  }
  const owned = await store.take(id);
  if (owned === undefined) return false;
  const { record, progress } = owned;
  try {
    if (record.kind === "upload") await driver.multipart?.abort({ path, id: record.uploadId });
    const leftover = pathAt(driver, leftoverOf(progress) ?? "");
    if (leftover !== undefined) await driver.removeStale?.(leftover);
  } catch (error) {
    await owned.release();
    throw error;
  }
  await owned.remove();
  return true;
}

/** Open uploads under a path of which the store has no record: begun elsewhere, or by another program. */
export async function* unknownUploads(
  store: ResumeStore,
  driver: Driver,
  path: string,
): AsyncIterable<Upload> {
  const known = new Set<string>();
  for (const { record } of await store.list()) {
    if (record.kind === "upload") known.add(`${record.uploadId} ${record.destination}`);
  }
  for await (const page of driver.multipart?.listUploads(path) ?? []) {
    for (const upload of page) {
      if (!known.has(`${upload.id} ${joinPath(driver.id, upload.path)}`)) yield upload;
    }
  }
}
