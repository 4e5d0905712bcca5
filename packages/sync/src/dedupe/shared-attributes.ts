/**
 * What the names of one file share, and so a file would lose that became a name of another: who may do what with it,
 * and what somebody attached to it. Its time is no loss: of equal contents it says little.
 */
import type { AttributeName, Entry } from "@omnisync/storage";
import { isDeepStrictEqual } from "node:util";

/** To be asked for. */
export const SHARED_ATTRIBUTES: readonly AttributeName[] = ["owner", "acl", "xattrs"];

/** "another mode" and its like; `undefined` if nothing differs. */
export function sharedDifference(a: Entry, b: Entry): string | undefined {
  if (a.mode !== b.mode) return "another mode";
  if (a.uid !== b.uid) return "another owner";
  if (a.gid !== b.gid) return "another group";
  if ((a.acl ?? "") !== (b.acl ?? "")) return "another access list";
  return isDeepStrictEqual(a.xattrs ?? {}, b.xattrs ?? {})
    ? undefined
    : "other extended attributes";
}
