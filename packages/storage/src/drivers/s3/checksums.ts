/**
 * What protects a body on its way, and a download on its way back. The store refuses a body that does not
 * have what was announced before it becomes the object; afterwards it would be too late to keep the old one.
 */
import { StorageError } from "../../errors.ts";
import { HASH_NAMES, type HashName, type Hasher, createHasher, hashBytes } from "../../hashes.ts";
import { Crc64Nvme } from "./crc64nvme.ts";
import { type ResponseHeaders, text } from "./s3-errors.ts";
import { UNSIGNED_PAYLOAD } from "./sigv4.ts";

type ChecksumName = "none" | "md5" | "crc32" | "crc64nvme" | "sha256";
export type Hashes = Readonly<Partial<Record<HashName, string>>>;

/** Bodies up to this size are protected by signing their SHA-256 where the connection is not encrypted. */
const SIGNED_LIMIT = 64 * 1024;

export interface IntegrityPolicy {
  readonly checksum: ChecksumName;
  /** Whether the user named the checksum; then it is sent also where a signature protects already. */
  readonly explicit: boolean;
  /** TLS. */
  readonly secure: boolean;
}

export interface Integrity {
  /** For the signature. */
  readonly payloadHash: string;
  /** Headers, names and values in turn. */
  readonly headers: readonly string[];
  /** Hex, if it is known: to be compared with the ETag in the answer. */
  readonly md5: string | undefined;
}

/** What to send with a body. Hashes that the caller knows already are used and not computed again. */
export function protectBody(bytes: Uint8Array, known: Hashes, policy: IntegrityPolicy): Integrity {
  let { md5, sha256 } = known;
  const headers: string[] = [];
  const sign = !policy.secure && bytes.byteLength <= SIGNED_LIMIT;
  if (sign) sha256 ??= hashBytes("sha256", bytes);
  const covered = !policy.explicit && (md5 !== undefined || sha256 !== undefined);
  if (!covered) {
    if (policy.checksum === "md5") md5 ??= hashBytes("md5", bytes);
    if (policy.checksum === "sha256") sha256 ??= hashBytes("sha256", bytes);
    const checksum = checksumOf(policy.checksum, bytes, known, sha256);
    if (checksum !== undefined) headers.push(`x-amz-checksum-${policy.checksum}`, checksum);
  }
  if (md5 !== undefined) headers.push("content-md5", base64(md5));
  return { payloadHash: sha256 ?? UNSIGNED_PAYLOAD, headers, md5 };
}

function checksumOf(
  name: ChecksumName,
  bytes: Uint8Array,
  known: Hashes,
  sha256: string | undefined,
): string | undefined {
  if (name === "crc32") return base64(known.crc32 ?? hashBytes("crc32", bytes));
  if (name === "sha256") return base64(sha256 as string);
  if (name !== "crc64nvme") return undefined;
  const crc = new Crc64Nvme();
  crc.update(bytes);
  return base64(crc.digest());
}

/**
 * Compares hashes that the caller announced with the bytes. MD5 and SHA-256 are left to the store unless
 * `all`: it checks them anyway, and they are dear.
 * @throws StorageError `corrupt`, not to be retried.
 */
export function checkHashes(path: string, bytes: Uint8Array, known: Hashes, all = false): void {
  for (const name of HASH_NAMES) {
    const expected = known[name];
    if (expected === undefined || (!all && (name === "md5" || name === "sha256"))) continue;
    if (hashBytes(name, bytes) !== expected) throw wrongHash(path, name);
  }
}

export function wrongHash(path: string, name: HashName): StorageError {
  const message = `the content does not have the ${name} that was announced; nothing was stored`;
  return new StorageError("corrupt", { path, message, retry: "never" });
}

/** A checksum that the store sent with a download, to be compared at its end. */
export interface ExpectedChecksum {
  readonly name: string;
  /** Hex. */
  readonly value: string;
  hasher(): Hasher;
}

const CHECKSUM_HASHES = ["crc32", "sha256", "sha1"] as const;

/** The checksums of the whole content among the headers, hex. Those of parts are left out. */
export function wholeChecksums(headers: ResponseHeaders): Hashes {
  if (text(headers, "x-amz-checksum-type") === "COMPOSITE") return {};
  const found: Partial<Record<HashName, string>> = {};
  for (const name of CHECKSUM_HASHES) {
    const value = unbase64(text(headers, `x-amz-checksum-${name}`));
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** The cheapest of what can be checked: CRC-32, SHA-256, MD5 (the ETag), CRC-64. */
export function expectedChecksum(
  headers: ResponseHeaders,
  hashes: Hashes,
): ExpectedChecksum | undefined {
  for (const name of ["crc32", "sha256", "md5", "sha1"] as const) {
    const value = hashes[name];
    if (value !== undefined) return { name, value, hasher: () => createHasher(name) };
  }
  const crc64 = unbase64(text(headers, "x-amz-checksum-crc64nvme"));
  if (crc64 === undefined) return undefined;
  return { name: "crc64nvme", value: crc64, hasher: () => new Crc64Nvme() };
}

/** The ETag of an object that was sent in parts: the MD5 of their MD5s. `undefined` if one is no MD5. */
export function multipartEtag(etags: readonly string[]): string | undefined {
  if (!etags.every(isMd5)) return undefined;
  return `${hashBytes("md5", Buffer.from(etags.join(""), "hex"))}-${etags.length}`;
}

export function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/.test(etag);
}

export function base64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}

/** Hex of a base64 value; `undefined` also for one of parts (`…-3`). */
function unbase64(value: string | undefined): string | undefined {
  if (value === undefined || !/^[A-Za-z0-9+/]+=*$/.test(value)) return undefined;
  return Buffer.from(value, "base64").toString("hex");
}
