import { homedir } from "node:os";
import { join } from "node:path";

/** The user's state directory of omnisync: `$XDG_STATE_HOME/omnisync` or `~/.local/state/omnisync`. */
export function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const base = env["XDG_STATE_HOME"];
  // The XDG rules: a path that is not absolute is to be ignored.
  if (base?.startsWith("/")) return join(base, "omnisync");
  return join(env["HOME"] ?? homedir(), ".local", "state", "omnisync");
}
