/** What has to be there before a destination can be: rsync makes one directory by itself, `--mkpath` all. */
import { shownName } from "../output/rsync/numbers.ts";
import { look } from "../places.ts";
import type { Session } from "../session.ts";
import type { Spot } from "../spots.ts";
import type { Operand } from "./operands.ts";
import { RsyncError } from "./rsync-error.ts";

export interface PreparedDestination {
  /** What is told of the directories that are going to be made. */
  readonly message?: string | undefined;
  /** The destination comes with others above it, and is no news of its own to rsync. */
  readonly pathMade: boolean;
}

/** `isName`: the destination is the new name of a file. @throws RsyncError if the directory above is missing. */
export async function prepareDestination(
  session: Session,
  { spot, text }: Operand,
  isName: boolean,
  mkpath: boolean,
): Promise<PreparedDestination> {
  const missing = spot.isLocal ? await missingAbove(session, spot) : 0;
  if (missing === 0 || (isName && missing === 1)) return { pathMade: false };
  const shown = shownName(text.replace(/(?<=.)\/+$/, ""));
  if (missing === 1) return { message: `created directory ${shown}`, pathMade: false };
  if (!mkpath) {
    const path = shownName(session.absolute(text));
    throw new RsyncError(
      isName ? "file-select" : "file-io",
      `rsync: [Receiver] mkdir "${path}" failed: No such file or directory (2)`,
    );
  }
  return {
    message: isName ? undefined : `created ${missing} directories for ${shown}`,
    pathMade: true,
  };
}

/** How many of the last directories of a path, itself included, are not there. */
async function missingAbove(session: Session, spot: Spot): Promise<number> {
  let missing = 0;
  for (let above = spot; above.name !== ""; above = above.parent()) {
    if ((await look(session, above, "to-directory")) !== undefined) return missing;
    missing++;
  }
  return missing;
}
