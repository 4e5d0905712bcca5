/**
 * Attributes of local files as an object's metadata: where rclone has a key for them (`uid`, `gid`, `rdev`), under
 * that, else under a name of our own. Numbers only: whoever reads them may have other names.
 *
 * S3 takes 2 KB of user metadata, names and values together. Attributes that do not fit are refused, whole,
 * before anything is sent.
 */
import type { Attributes, Special } from "../../entry.ts";
import { StorageError } from "../../errors.ts";

const UID = "uid";
const GID = "gid";
const RDEV = "rdev";
const XATTRS = "omnisync-xattrs";
const ACL = "omnisync-acl";
const DEFAULT_ACL = "omnisync-default-acl";
const HARD_LINK = "omnisync-hard-link";

/** Bytes. */
const METADATA_LIMIT = 2048;

export type FurtherAttributes = Pick<
  Attributes,
  "uid" | "gid" | "xattrs" | "acl" | "defaultAcl" | "hardLink"
>;

/** Those of `attributes`; only what is given. */
export function pickFurther(attributes: FurtherAttributes): FurtherAttributes {
  const { uid, gid, xattrs, acl, defaultAcl, hardLink } = attributes;
  const picked: { -readonly [name in keyof FurtherAttributes]: FurtherAttributes[name] } = {};
  if (uid !== undefined) picked.uid = uid;
  if (gid !== undefined) picked.gid = gid;
  if (xattrs !== undefined) picked.xattrs = { ...xattrs };
  if (acl !== undefined) picked.acl = acl;
  if (defaultAcl !== undefined) picked.defaultAcl = defaultAcl;
  if (hardLink !== undefined) picked.hardLink = hardLink;
  return picked;
}

/** Names and values of metadata, in turn. Nothing is written of what is empty. */
export function furtherPairs(
  attributes: FurtherAttributes,
  special: Special | undefined,
): readonly (readonly [name: string, value: string])[] {
  const { uid, gid, xattrs, acl, defaultAcl, hardLink } = attributes;
  const pairs: [string, string][] = [];
  if (uid !== undefined) pairs.push([UID, String(uid)]);
  if (gid !== undefined) pairs.push([GID, String(gid)]);
  if (special?.major !== undefined) pairs.push([RDEV, formatDevice(special)]);
  if (xattrs !== undefined && Object.keys(xattrs).length > 0) {
    pairs.push([XATTRS, JSON.stringify(xattrs)]);
  }
  if (acl) pairs.push([ACL, acl]);
  if (defaultAcl) pairs.push([DEFAULT_ACL, defaultAcl]);
  if (hardLink !== undefined) pairs.push([HARD_LINK, `${hardLink.count} ${hardLink.id}`]);
  return pairs;
}

/** @param all names and values of all metadata, in turn. @throws StorageError `too-large` */
export function checkMetadataSize(path: string, all: readonly string[]): void {
  const size = all.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (size <= METADATA_LIMIT) return;
  throw new StorageError("too-large", {
    path,
    message:
      `its attributes need ${size} bytes of metadata, of which an object has ${METADATA_LIMIT}; ` +
      "nothing was stored (without extended attributes and access lists it can be)",
  });
}

/** @param value gives the text of a name, decoded. */
export function parseFurther(value: (name: string) => string | undefined): FurtherAttributes {
  const [, count, id] = /^(\d{1,9}) (\S+)$/.exec(value(HARD_LINK) ?? "") ?? [];
  return pickFurther({
    uid: parseId(value(UID)),
    gid: parseId(value(GID)),
    xattrs: parseXattrs(value(XATTRS)),
    acl: value(ACL),
    defaultAcl: value(DEFAULT_ACL),
    hardLink: id === undefined ? undefined : { id, count: Number(count) },
  });
}

export function parseDevice(rdev: string | undefined): Pick<Special, "major" | "minor"> {
  if (rdev === undefined || !/^[0-9a-f]{1,16}$/i.test(rdev)) return {};
  const device = BigInt(`0x${rdev}`);
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}

/** As rclone: the number of `makedev`, in hex. */
function formatDevice({ major = 0, minor = 0 }: Special): string {
  const [high, low] = [BigInt(major), BigInt(minor)];
  const device =
    ((high & 0xfffn) << 8n) | ((high & ~0xfffn) << 32n) | (low & 0xffn) | ((low & ~0xffn) << 12n);
  return device.toString(16);
}

/** Of 32 bits, the highest of which means "none" to the system. */
function parseId(text: string | undefined): number | undefined {
  const id = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return id < 0xffff_ffff ? id : undefined;
}

/** What somebody else wrote under our name is none. */
function parseXattrs(text: string | undefined): Readonly<Record<string, string>> | undefined {
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const pairs = Object.entries(parsed);
  const isText = pairs.every((pair): pair is [string, string] => typeof pair[1] === "string");
  return isText ? Object.fromEntries(pairs) : undefined;
}
