import { homedir } from "node:os";
import { join } from "node:path";

/** The user's cache directory of omnisync: `$XDG_CACHE_HOME/omnisync` or `~/.cache/omnisync`. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const base = env["XDG_CACHE_HOME"];
  // The XDG rules: a path that is not absolute is to be ignored.
  if (base?.startsWith("/")) return join(base, "omnisync");
  return join(env["HOME"] ?? homedir(), ".cache", "omnisync");
}
