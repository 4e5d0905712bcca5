import { join } from "node:path";
import type { Driver } from "@omnisync/storage";
import type { DirectoryResumeStore } from "@omnisync/sync";
import { openWith } from "./open-with.ts";
import type { Session } from "./session.ts";
import { stateDirectory } from "./state-directory.ts";

/**
 * The user's record of transfers that were cut short. Trouble with it is a warning and no failure.
 * @param destination of the transfers that may be added to it.
 */
export async function openResumeStore(
  session: Session,
  destination?: Driver,
): Promise<DirectoryResumeStore> {
  const { DirectoryResumeStore } = await import("@omnisync/sync");
  return new DirectoryResumeStore({
    directory: join(stateDirectory(session.io.env), "transfers"),
    open: destination && openWith(session, destination),
    onProblem: (message) => session.complain(`warning: ${message}`),
  });
}
