import { closeSync, constants, openSync } from "node:fs";
import type { Place } from "./confined-tree.ts";

/** Calls on what lies at a place, even if a link takes its place meanwhile; nothing is opened for use. */
export function withoutFollowing(place: Place, use: (target: string) => void): void {
  if (place.directory.fd === undefined) return use(place.target);
  const O_PATH = 0o10000000;
  const fd = openSync(place.target, O_PATH | constants.O_NOFOLLOW);
  try {
    use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
