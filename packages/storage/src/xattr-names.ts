/** Which extended attributes a store takes, by their names. */
import type { Capabilities } from "./capabilities.ts";

/** What rsync keeps for itself. */
const RSYNC_OWN = "user.rsync.%";

/** Whether a store with this capability takes an extended attribute of this name. */
export function takesXattr(names: Capabilities["xattrNames"], name: string): boolean {
  if (names === "all") return true;
  if (name.startsWith(RSYNC_OWN)) return false;
  return names === "user" ? name.startsWith("user.") : !name.startsWith("system.");
}
