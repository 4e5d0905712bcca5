/** Whether a path is still as a plan saw it. Pure. */
import type { Entry } from "@omnisync/storage";
import type { PlannedEntry } from "./planned-action.ts";

/** Milliseconds that an mtime loses on its way through JSON and a store's fractions. */
const MTIME_SLACK = 0.002;

/**
 * Why `found` is not what was planned with, in words; `undefined` if it is.
 * @param byEtag false where an etag changes with the number of names that a file has.
 */
export function difference(
  planned: PlannedEntry | "absent",
  found: Entry | undefined,
  byEtag: boolean = true,
): string | undefined {
  if (planned === "absent") {
    return found === undefined ? undefined : `there is a ${found.kind} now`;
  }
  if (found === undefined) return "it is gone";
  if (isOtherKind(planned, found)) return `it was a ${planned.kind} and is a ${found.kind}`;
  if (planned.kind === "directory") return undefined;
  if (planned.size !== found.size) return `its size was ${planned.size} and is ${found.size}`;
  // The etag names the content; where the store has one, nothing else can say more.
  if (byEtag && planned.etag !== undefined && found.etag !== undefined) {
    return planned.etag === found.etag ? undefined : "it was changed";
  }
  if (differ(planned.mtime, found.mtime)) return "its mtime changed";
  return planned.linkTarget !== undefined && planned.linkTarget !== found.linkTarget
    ? "the link's target changed"
    : undefined;
}

/** A listing that tells no attributes may have shown a link as a small file. */
function isOtherKind(planned: PlannedEntry, found: Entry): boolean {
  if (planned.kind === found.kind) return false;
  const mayBeLink = planned.complete === false && planned.etag === found.etag;
  return !(mayBeLink && planned.kind === "file" && found.kind === "symlink");
}

function differ(planned: number | undefined, found: number | undefined): boolean {
  if (planned === undefined || found === undefined) return planned !== found;
  return Math.abs(planned - found) > MTIME_SLACK;
}

/** An entry as it was planned with: what was found, under the name that the plan pins. */
export function asPlanned(planned: PlannedEntry, found: Entry): Entry {
  const { etag = found.etag, kind, complete = found.complete } = planned;
  return { ...found, etag, kind, complete };
}
