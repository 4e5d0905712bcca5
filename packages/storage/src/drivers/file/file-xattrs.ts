/**
 * Extended attributes and access control lists of what lies at a path; a link there is meant itself. Node
 * has no calls for them: `@napi-rs/xattr` has, and is loaded when the first one is needed.
 *
 * As with rsync, the super-user sees all namespaces but `system.`, which is the file system's own, and
 * everybody else `user.` alone.
 */
import { createRequire } from "node:module";
import { StorageError, printable } from "../../errors.ts";
import { takesXattr } from "../../xattr-names.ts";
import { formatAcl, parseAcl } from "./acl-text.ts";
import { FILE_CAPABILITIES } from "./file-capabilities.ts";
import { errorName } from "./file-errors.ts";

type XattrModule = typeof import("@napi-rs/xattr");

const ACCESS = "system.posix_acl_access";
const DEFAULT = "system.posix_acl_default";

/** Names, and values in base64. */
export function readXattrs(
  target: string,
  names: readonly string[] = listNames(target),
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names.filter(isOurs).sort()) {
    const value = call(() => load().getAttributeSync(target, name));
    if (value !== null) found[name] = value.toString("base64");
  }
  return found;
}

/**
 * Sets these, and removes the others. Names may come from a store that others write to.
 * @throws StorageError `unsupported` for one that `readXattrs` would not tell; nothing is set then.
 */
export function writeXattrs(target: string, wanted: Readonly<Record<string, string>>): void {
  const refused = Object.keys(wanted).find((name) => !isOurs(name));
  if (refused !== undefined) {
    const message = `the extended attribute ${printable(refused)} is not for this user to set`;
    throw new StorageError("unsupported", { message });
  }
  const before = readXattrs(target);
  for (const name of Object.keys(before)) {
    if (wanted[name] === undefined) call(() => load().removeAttributeSync(target, name));
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (before[name] === value) continue;
    call(() => load().setAttributeSync(target, name, Buffer.from(value, "base64")));
  }
}

export interface AccessLists {
  readonly acl: string;
  /** Of directories. */
  readonly defaultAcl?: string | undefined;
}

export function readAcls(
  target: string,
  isDirectory: boolean,
  names: readonly string[] = listNames(target),
): AccessLists {
  const read = (name: string): string => {
    const bytes = names.includes(name) ? call(() => load().getAttributeSync(target, name)) : null;
    return bytes === null ? "" : formatAcl(bytes);
  };
  return isDirectory ? { acl: read(ACCESS), defaultAcl: read(DEFAULT) } : { acl: read(ACCESS) };
}

/** Those given; "" removes one. */
export function writeAcls(
  target: string,
  {
    acl,
    defaultAcl,
  }: { readonly acl?: string | undefined; readonly defaultAcl?: string | undefined },
): void {
  for (const [name, text] of [
    [ACCESS, acl],
    [DEFAULT, defaultAcl],
  ] as const) {
    if (text === undefined) continue;
    if (text !== "") call(() => load().setAttributeSync(target, name, parseAcl(text)));
    else if (listNames(target).includes(name)) call(() => load().removeAttributeSync(target, name));
  }
}

/** Names of all, access lists among them. None where the file system has no such thing. */
export function listNames(target: string): readonly string[] {
  try {
    return call(() => load().listAttributesSync(target));
  } catch (error) {
    if (errorName(error) === "EOPNOTSUPP") return [];
    throw error;
  }
}

function isOurs(name: string): boolean {
  return takesXattr(FILE_CAPABILITIES.xattrNames, name);
}

let loaded: XattrModule | undefined;

function load(): XattrModule {
  if (loaded !== undefined) return loaded;
  try {
    loaded = createRequire(import.meta.url)("@napi-rs/xattr") as XattrModule;
    return loaded;
  } catch (cause) {
    throw new StorageError("unsupported", {
      message: "extended attributes need @napi-rs/xattr, which cannot be loaded on this platform",
      cause,
    });
  }
}

/** Linux's numbers; the library gives them in its text only. */
const ERRORS: Readonly<Record<string, string>> = {
  1: "EPERM",
  2: "ENOENT",
  5: "EIO",
  7: "E2BIG",
  13: "EACCES",
  20: "ENOTDIR",
  22: "EINVAL",
  28: "ENOSPC",
  30: "EROFS",
  34: "ERANGE",
  95: "EOPNOTSUPP",
  122: "EDQUOT",
};

/** Errors as `node:fs` has them. */
function call<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const number = /\(os error (\d+)\)/.exec(error instanceof Error ? error.message : "")?.[1];
    const code = number === undefined ? undefined : ERRORS[number];
    throw code === undefined ? error : Object.assign(new Error(code, { cause: error }), { code });
  }
}
