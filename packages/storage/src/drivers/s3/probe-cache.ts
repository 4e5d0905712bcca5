/**
 * What probes found out, remembered in a file of the user's cache directory. Only saves asking again: a
 * file that is missing, broken, old or not writable means that the next run probes anew.
 */
import { readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import type { StoreFacts } from "./store-facts.ts";

/** Raised when the meaning of what is stored changes. */
const VERSION = 3;
/** Stores are upgraded; after 30 days they are asked again. Milliseconds. */
const LIFETIME = 30 * 86_400_000;

interface CacheFile {
  readonly version: number;
  readonly stores: Readonly<Record<string, { readonly at: number; readonly facts: StoreFacts }>>;
}

export function defaultProbeCache(env: Readonly<Record<string, string | undefined>>): string {
  const base = env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "omnisync", "s3-probe.json");
}

/** What is remembered of a store. `id` names endpoint, bucket and account, without a secret. */
export async function readProbe(file: string, id: string): Promise<StoreFacts | undefined> {
  const entry = readCache(file).stores[id];
  if (entry === undefined || !(Date.now() - entry.at < LIFETIME)) return undefined;
  return typeof entry.facts?.conditions === "object" ? entry.facts : undefined;
}

export async function writeProbe(file: string, id: string, facts: StoreFacts): Promise<void> {
  const { stores } = readCache(file);
  const fresh = Object.entries(stores).filter(([, { at }]) => Date.now() - at < LIFETIME);
  const next: CacheFile = {
    version: VERSION,
    stores: { ...Object.fromEntries(fresh), [id]: { at: Date.now(), facts } },
  };
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(temporary, JSON.stringify(next), { mode: 0o600, flag: "wx" });
    await rename(temporary, file);
  } catch (error) {
    // A cache that cannot be kept (read-only home, full disk) is no reason to fail.
    if (!isSystemError(error)) throw error;
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Not asynchronous: a small file, read once, would cost a thread pool. */
function readCache(file: string): CacheFile {
  const empty: CacheFile = { version: VERSION, stores: {} };
  try {
    const parsed = JSON.parse(readFileSync(file, "utf8")) as Partial<CacheFile> | null;
    if (parsed?.version !== VERSION || typeof parsed.stores !== "object") return empty;
    return { version: VERSION, stores: parsed.stores };
  } catch (error) {
    if (error instanceof SyntaxError || isSystemError(error)) return empty;
    throw error;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
