/**
 * What stores without directories keep of one: a marker (`name/`) that carries its attributes, where a new directory
 * would not have them by itself. A directory without a marker counts as one with the usual mode.
 */
import type { Entry } from "@omnisync/storage";
import type { Change } from "../events.ts";
import { type AttributeRules, changedAttributes, wantedAttributes } from "./wanted-attributes.ts";

/** What a directory has of which nothing is kept. */
const USUAL_MODE = 0o755;

/** Whether something of a directory is to be kept that needs a marker. Its time alone does not. */
export function needsMarker(source: Entry, rules: AttributeRules): boolean {
  const { mode, uid, gid, user, group, xattrs, acl, defaultAcl } = wantedAttributes(
    source,
    undefined,
    rules,
  );
  if (mode !== undefined && mode !== USUAL_MODE) return true;
  if ([uid, gid, user, group].some((owner) => owner !== undefined)) return true;
  return Object.keys(xattrs ?? {}).length > 0 || Boolean(acl) || Boolean(defaultAcl);
}

/** Which of the wanted attributes the marker, or the lack of one, does not tell. Both entries are complete. */
export function changedInMarker(
  source: Entry,
  destination: Entry,
  rules: AttributeRules,
): readonly Change[] {
  return changedAttributes(source, { ...destination, mode: destination.mode ?? USUAL_MODE }, rules);
}
