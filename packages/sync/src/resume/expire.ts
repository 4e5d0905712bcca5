/** What becomes of transfers on record that nobody goes on with. */
import { isTempName, baseName, isWithin, joinPath, toStorageError } from "@omnisync/storage";
import type { RunContext } from "../run/context.ts";
import { dropTransfer } from "./kept-transfer.ts";
import { leftoverOf } from "./resume-store.ts";

/** How long an unfinished transfer is kept after its last step: 7 days, in milliseconds. */
export const KEPT_FOR: number = 7 * 24 * 3600 * 1000;

/** Clears away what runs to this destination left long ago: an upload's parts cost money until then. */
export async function dropExpired(context: RunContext): Promise<void> {
  const { resume } = context.options;
  if (resume === undefined) return;
  const { driver, path } = context.destination;
  const root = joinPath(driver.id, path);
  for (const { id, record, busy, updatedAt } of await resume.list()) {
    if (busy || Date.now() - updatedAt < KEPT_FOR) continue;
    if (!isWithin(root, record.destination)) continue;
    const owned = await resume.take(id);
    if (owned === undefined) continue;
    try {
      await dropTransfer(context, owned);
    } catch (error) {
      context.signal.throwIfAborted();
      const path = record.destination.slice(root.length + 1);
      context.emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
    }
  }
}

/** Whether a temporary file at the destination belongs to a transfer that a later run can go on with. */
export async function isKept(context: RunContext, path: string): Promise<boolean> {
  const { resume } = context.options;
  if (resume === undefined || !isTempName(baseName(path))) return false;
  const url = joinPath(context.destination.driver.id, path);
  return (await resume.list()).some(({ progress }) => leftoverOf(progress) === url);
}
