/** What every driver refuses of the options of a call that writes, before it asks the store or the body. */
import type { ConditionOptions, WriteOptions } from "../driver.ts";
import type { Attributes } from "../entry.ts";
import { StorageError } from "../errors.ts";
import { HASH_DIGITS } from "../hashes.ts";

/** Names of metadata under which stores keep attributes: the user's own cannot have them. */
export const OWN_METADATA: readonly string[] = [
  "mtime",
  "mode",
  "uid",
  "gid",
  "rdev",
  "omnisync-xattrs",
  "omnisync-acl",
  "omnisync-default-acl",
  "omnisync-hard-link",
  "omnisync-blake3",
  "omnisync-part-size",
];

/** @throws StorageError `invalid-argument` */
export function checkWrite(path: string, options: WriteOptions): void {
  checkCondition(path, options);
  checkHashForms(path, options.hashes);
  checkAttributes(path, options);
}

/** @throws StorageError `invalid-argument` for both conditions at once, which no store can honour. */
export function checkCondition(
  path: string,
  { ifMatch, ifNoneMatch }: Pick<ConditionOptions, "ifMatch" | "ifNoneMatch">,
): void {
  if (ifMatch === undefined || ifNoneMatch === undefined) return;
  throw refusal(path, "take one of ifMatch and ifNoneMatch");
}

/** @throws StorageError `invalid-argument` for hashes of an unknown name, or not in lower-case hex of its length. */
export function checkHashForms(path: string, hashes: WriteOptions["hashes"] = {}): void {
  for (const [name, value] of Object.entries(hashes)) {
    const digits = HASH_DIGITS.get(name);
    if (digits === undefined) throw refusal(path, `no hash is called "${name}"`);
    if (value === undefined || (value.length === digits && /^[0-9a-f]+$/.test(value))) continue;
    throw refusal(path, `the ${name} is not ${digits} digits of lower-case hex`);
  }
}

/** @throws StorageError `invalid-argument` for a time, mode or name of metadata that is none. */
function checkAttributes(path: string, { mtime, mode, metadata }: Attributes): void {
  if (mtime !== undefined && !Number.isFinite(mtime)) throw refusal(path, `${mtime} is no time`);
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) {
    throw refusal(path, `a mode of ${mode}; it takes permission bits, 0 to 0o7777`);
  }
  for (const name in metadata) {
    if (/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && !OWN_METADATA.includes(name)) continue;
    throw refusal(path, `metadata "${name}" has a name that cannot be stored`);
  }
}

function refusal(path: string, message: string): StorageError {
  return new StorageError("invalid-argument", { path, message });
}
