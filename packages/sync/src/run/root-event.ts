/** What becomes of the two places themselves: runs tell of paths in them only. */
import { checkOptions } from "../check-options/check-options.ts";
import type { SyncEvent } from "../events.ts";
import type { Place, SyncOptions } from "../options.ts";
import { changedInMarker } from "../plan/directory-markers.ts";
import { resolvePlanRules } from "../plan/resolve-rules.ts";
import { changedAttributes } from "../plan/wanted-attributes.ts";
import { viewDestination, viewSource } from "./view-places.ts";

/**
 * As an event with the path "": `mkdir` for a destination that is not there yet, else `unchanged` with
 * `changes` for the attributes that a run with these options sets. Looks, and changes nothing.
 * @throws StorageError for options that are none or contradict each other, as `sync` does.
 */
export async function rootEvent(
  source: Place,
  destination: Place,
  options: SyncOptions = {},
): Promise<SyncEvent> {
  checkOptions(options);
  const { signal } = options;
  const [from, to] = [viewSource(source, options), viewDestination(destination, options)];
  const [wanted, there] = await Promise.all([
    from.driver.stat(from.path, { signal }),
    to.driver.stat(to.path, { signal }),
  ]);
  const event = { path: "", source: wanted, destination: there, bytes: 0 };
  if (there === undefined) return { ...event, kind: "mkdir", reason: "new" };
  const capabilities = [from.driver.capabilities, to.driver.capabilities] as const;
  const { attributes, directories } = resolvePlanRules(options, ...capabilities, process.umask());
  const changed = directories ? changedAttributes : changedInMarker;
  const changes = wanted === undefined ? [] : changed(wanted, there, attributes);
  return { ...event, kind: "unchanged", reason: "same", changes };
}
