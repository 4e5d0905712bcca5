/** Refuses places that are one, or within one another, under names that do not tell: where the stores can tell. */
import { type Identity, joinPath } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { checkBackupIdentities, checkIdentities } from "../plan/check-overlap.ts";
import type { RunContext } from "./context.ts";
import { isOneStore } from "./same-store.ts";

/** Changes nothing. @throws StorageError `invalid-argument` */
export async function refuseSamePlaces(context: RunContext): Promise<void> {
  const { options, signal, rules } = context;
  const [source, destination, backups] = await Promise.all(
    [context.source, context.destination, placeOfBackups(context)].map((place) =>
      identityOf(place, signal),
    ),
  );
  if (source === undefined) return;
  const removes = [options.delete, options.deleteMissing, options.force].includes(true);
  if (destination !== undefined) checkIdentities(source, destination, removes);
  if (backups === undefined) return;
  const isElsewhere = rules.backups?.elsewhere !== undefined;
  checkBackupIdentities(source, isElsewhere ? destination : undefined, backups);
}

function placeOfBackups({ rules, destination }: RunContext): Place | undefined {
  if (rules.backups === undefined) return undefined;
  const { elsewhere, directory } = rules.backups;
  if (elsewhere === undefined && directory === "") return undefined;
  const { driver, path } = elsewhere ?? destination;
  return { driver, path: joinPath(path, directory) };
}

/**
 * Whether two paths are one, so that removing the one would remove the other. What a run's places do not tell may be
 * so deep in them, where something is mounted.
 */
export async function isSamePath(
  places: Pick<RunContext, "source" | "destination" | "signal">,
  path: string,
): Promise<boolean> {
  const { source, destination, signal } = places;
  const identify = async ({ driver, path: root }: Place): Promise<string | undefined> =>
    (await driver.identify?.(joinPath(root, path), { signal }))?.id;
  if (source.driver.identify === undefined && destination.driver.identify === undefined)
    return isOneStore(places, path);
  const [from, to] = await Promise.all([identify(source), identify(destination)]);
  return from !== undefined && from === to;
}

async function identityOf(
  place: Place | undefined,
  signal: AbortSignal,
): Promise<Identity | undefined> {
  return place?.driver.identify?.(place.path, { above: true, signal });
}
