/** Pages of keys under a directory, in byte order, with or without what lies deeper. */
import type { ListOptions } from "../../driver.ts";
import { comparePaths, isReserved } from "../../path.ts";
import type { MemoryObject, MemoryStore } from "./memory-store.ts";

const PAGE = 1000;

/** A key with its object; without one it is a directory that exists because something lies in it. */
export interface FoundKey {
  readonly key: string;
  readonly object?: MemoryObject | undefined;
}

/** Lists the keys below `directory` (a key without trailing slash, "" for all). */
export function* listKeys(
  store: MemoryStore,
  directory: string,
  options: ListOptions,
): Iterable<readonly FoundKey[]> {
  const prefix = directory === "" ? "" : `${directory}/`;
  const keys = store.keys();
  let page: FoundKey[] = [];
  let at = start(store, prefix, options.startAfter);
  while (at < keys.length) {
    const key = keys[at] as string;
    if (!key.startsWith(prefix)) break;
    if (key === prefix) {
      at++;
      continue;
    }
    const found = options.recursive ? { key } : { key: upToSlash(key, prefix) };
    const isDirectory = found.key.endsWith("/");
    at = isDirectory && !options.recursive ? store.firstAtOrAfter(after(found.key)) : at + 1;
    if (options.startAfter !== undefined && comparePaths(found.key, options.startAfter) <= 0)
      continue;
    if (!options.includeReserved && isReserved(found.key.slice(prefix.length))) continue;
    page.push({ key: found.key, object: store.objects.get(found.key) });
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function start(store: MemoryStore, prefix: string, startAfter: string | undefined): number {
  if (startAfter === undefined) return store.firstAtOrAfter(prefix);
  const at = store.firstAtOrAfter(startAfter);
  const next = store.keys()[at] === startAfter ? at + 1 : at;
  return Math.max(next, store.firstAtOrAfter(prefix));
}

function upToSlash(key: string, prefix: string): string {
  const slash = key.indexOf("/", prefix.length);
  return slash < 0 ? key : key.slice(0, slash + 1);
}

/** The first possible key behind everything that begins with `directory/`. */
function after(directory: string): string {
  return `${directory.slice(0, -1)}0`;
}
