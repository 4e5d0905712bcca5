import type { FileVersion, VersionOptions } from "../../driver.ts";
import { throwIfAborted } from "../../errors.ts";
import { comparePaths, isReserved, isWithin, joinPath } from "../../path.ts";
import type { MemoryDriver } from "./memory-driver.ts";
import type { MemoryVersion } from "./memory-store.ts";

const PAGE = 1000;

/** The versions of one file, or of all below a directory, in pages. */
export async function* listVersions(
  driver: MemoryDriver,
  path: string,
  options: VersionOptions,
): AsyncGenerator<readonly FileVersion[]> {
  const { recursive = false, includeReserved = false, signal } = options;
  const top = driver.begin(path, options, { root: recursive });
  const keys = [...driver.store.history.keys()]
    .filter((key) => (recursive ? key !== top && isWithin(top, key) : key === top))
    .sort(comparePaths);
  const prefix = joinPath(top, "x").length - 1;
  let page: FileVersion[] = [];
  for (const key of keys) {
    const found = driver.pathOf(key);
    if (recursive && !includeReserved && isReserved(key.slice(prefix))) continue;
    const versions = driver.store.history.get(key) ?? [];
    page.push(...versions.map((version, index) => describeVersion(found, version, index === 0)));
    if (page.length < PAGE) continue;
    yield page;
    page = [];
    await Promise.resolve();
    throwIfAborted(signal, path);
    driver.begin(path, options, { root: recursive });
  }
  if (page.length > 0) yield page;
}

function describeVersion(
  path: string,
  { version, storedAt, object }: MemoryVersion,
  current: boolean,
): FileVersion {
  if (object === undefined) {
    return { path, version, current, deleteMarker: true, size: 0, storedAt };
  }
  const { bytes, etag, attributes } = object;
  const { mtime } = attributes;
  const size = bytes.byteLength;
  return { path, version, current, deleteMarker: false, size, storedAt, mtime, etag };
}
