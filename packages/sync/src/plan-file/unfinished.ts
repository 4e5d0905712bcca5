/** Recognizes what an application of the same plan left at the destination when it was cut short. */
import { joinPath } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { RunContext } from "../run/context.ts";
import { hashStart } from "../run/transfer-in-place.ts";
import type { PlannedAction } from "./planned-action.ts";
import { difference } from "./preconditions.ts";

/**
 * Whether the destination is a beginning of the source, where `partial` or `append` would have left one:
 * to go on with it loses nothing of anybody's. Its bytes are compared. Never where the old is kept,
 * since what was kept of it first would be replaced.
 */
export async function isUnfinished(
  context: RunContext,
  action: PlannedAction,
  { path, source, destination }: Pair,
): Promise<boolean> {
  const { from, to } = { from: context.source, to: context.destination };
  if (action.action !== "copy" || source?.kind !== "file" || destination?.kind !== "file")
    return false;
  if (context.old !== undefined || to.driver.patch === undefined) return false;
  const { size, etag } = destination;
  if (size === 0 || size >= source.size) return false;
  if (difference(action.preconditions.source ?? "absent", source) !== undefined) return false;
  if (!isShown(context, action, destination.mtime) && !isAppended(context, action, size))
    return false;
  const start = (driver: typeof to.driver, at: string, tag: string | undefined): Promise<string> =>
    hashStart(driver, at, { size, etag: tag }, context.signal);
  const [there, here] = await context.lanes.with(1, () =>
    Promise.all([
      start(to.driver, joinPath(to.path, path), etag),
      start(from.driver, joinPath(from.path, path), source.etag),
    ]),
  );
  return there === here;
}

/** A part that took the name of its file is of 1970. */
function isShown(
  { options }: RunContext,
  { preconditions }: PlannedAction,
  mtime: number | undefined,
): boolean {
  return options.partial === true && preconditions.destination === "absent" && mtime === 0;
}

function isAppended(
  { options }: RunContext,
  { preconditions: { destination: planned } }: PlannedAction,
  size: number,
): boolean {
  if (options.append === undefined || planned === undefined || planned === "absent") return false;
  return planned.kind === "file" && size > planned.size;
}
