import { HASH_NAMES, type HashName, StorageError } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { hashFile } from "../run/hash-file.ts";
import { type CopyOptions, copyFile } from "./copy.ts";

/**
 * Copies one file and gives the hash of what lies at the destination now: known to its store, else read back
 * from there.
 * @throws StorageError `unsupported` for a hash that does not exist, before anything is created; as
 *   `copyFile`; `changed` if somebody else wrote the destination meanwhile.
 */
export async function copyPathWithHash(
  source: Place,
  destination: Place,
  name: HashName,
  options: CopyOptions = {},
): Promise<string> {
  if (!HASH_NAMES.includes(name)) {
    throw new StorageError("unsupported", {
      path: destination.path,
      message: `no hash "${name}": there are ${HASH_NAMES.join(", ")}`,
    });
  }
  await copyFile(source, destination, options);
  const { driver, path } = destination;
  const signal = options.signal ?? new AbortController().signal;
  const entry = await driver.stat(path, { signal });
  if (entry === undefined)
    throw new StorageError("changed", { path, message: "vanished after it was copied" });
  return entry.hashes?.[name] ?? hashFile(driver, path, entry, name, signal);
}
