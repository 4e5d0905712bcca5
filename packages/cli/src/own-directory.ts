/**
 * The directory that one works in is not removed or moved away, nor is one above it. `..` is easily left
 * over at the end of a path or of a pattern, and `rm` of any system refuses it.
 */
import { lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Session } from "./session.ts";
import type { Spot } from "./spots.ts";
import { UsageError } from "./usage-error.ts";

/** Takes the location as it was written, too. @throws UsageError */
export function refuseOwnDirectory(session: Session, written: string, spot: Spot): void {
  if (!spot.isLocal) return;
  if (endsInDots(written)) {
    throw new UsageError(`${spot.text}: ends in "." or "..": name the directory itself`);
  }
  if (holdsWorkingDirectory(session, spot)) {
    throw new UsageError(`${spot.text}: is the working directory, or above it: leave it first`);
  }
}

function endsInDots(written: string): boolean {
  // URLs have no other way to write the two, but to escape them is no other name.
  const path = /^file:/i.test(written) ? written.replace(/%2e/gi, ".") : written;
  return /(^|\/)\.{1,2}\/*$/.test(path);
}

/** By what the system knows a directory by: it may have other names, through links and mounts. */
function holdsWorkingDirectory({ io }: Session, { localPath, trailingSlash }: Spot): boolean {
  const own = localPath && identityOf(localPath, trailingSlash);
  if (own === undefined || io.cwd === undefined) return false;
  for (let above = io.cwd; above !== dirname(above); above = dirname(above)) {
    if (identityOf(above, false) === own) return true;
  }
  return false;
}

/** Of a link itself, unless it is followed; `undefined` for what cannot be looked at. */
function identityOf(path: string, follow: boolean): string | undefined {
  try {
    const { dev, ino } = (follow ? statSync : lstatSync)(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // Nothing can be removed there either.
    return undefined;
  }
}
