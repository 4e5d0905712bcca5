/**
 * Versions, as buckets with versioning keep them. What was stored before versioning was switched on has the
 * version `null`, which a listing names and `Entry.version` does not.
 */
import type { CallOptions, Driver, FileVersion, VersionOptions } from "../../driver.ts";
import { StorageError, isStorageError, throwIfAborted } from "../../errors.ts";
import { isReserved, pathProblem } from "../../path.ts";
import { keepsVersions } from "./bucket-versioning.ts";
import { bareEtag, decodeUrl } from "./list-scanner.ts";
import { MAX_KEY, type S3Context } from "./s3-context.ts";
import { type ResponseHeaders, refusalOf, text } from "./s3-errors.ts";
import { encodeQuery } from "./sigv4.ts";
import { type XmlElement, childText } from "./xml.ts";

const PAGE = 1000;

/** Gives a driver `listVersions` and `removeVersion`, for as long as its bucket may keep versions. */
export function defineVersionMethods(driver: Driver, context: S3Context): void {
  const methods: Pick<Driver, "listVersions" | "removeVersion"> = {
    listVersions: (path, options = {}) => listObjectVersions(context, path, options),
    removeVersion: (path, version, options = {}) =>
      removeObjectVersion(context, path, version, options),
  };
  for (const [name, method] of Object.entries(methods)) {
    const get = (): typeof method | undefined => (context.mayKeepVersions ? method : undefined);
    Object.defineProperty(driver, name, { enumerable: true, get });
  }
}

async function* listObjectVersions(
  context: S3Context,
  path: string,
  options: VersionOptions,
): AsyncGenerator<readonly FileVersion[]> {
  const { recursive = false, signal } = options;
  const key = context.begin(path, options, { root: recursive });
  await requireVersions(context, path, signal);
  const prefix = recursive ? context.prefix(key) : key;
  if (Buffer.byteLength(prefix) > MAX_KEY) return;
  let cursor: Cursor | undefined;
  do {
    const page = await fetchPage(context, { path, prefix, signal }, cursor);
    const rows = recursive ? page.rows : page.rows.filter((row) => row.key === key);
    const versions = rows.flatMap((row) => fileVersion(context, prefix, row, options));
    if (versions.length > 0) yield versions;
    context.begin(path, options, { root: recursive });
    // Of all keys that begin with a file's key, its own comes first.
    cursor = rows.length === page.rows.length ? page.cursor : undefined;
  } while (cursor !== undefined);
}

async function removeObjectVersion(
  context: S3Context,
  path: string,
  version: string,
  { signal }: CallOptions,
): Promise<void> {
  const key = context.begin(path, { signal });
  // To some stores no id is no version: they would remove the file.
  if (version === "") throw new StorageError("invalid-argument", { path, message: "no version" });
  await requireVersions(context, path, signal);
  const request = { method: "DELETE", operation: "removeVersion", path, key, signal } as const;
  const headers = context.headers.plain;
  try {
    await context.client.send({ ...request, query: versionQuery(version), headers });
  } catch (error) {
    if (!isStorageError(error, "not-found") || refusalOf(error)?.code === "NoSuchBucket")
      throw error;
  }
}

/** @throws StorageError `unsupported` if the bucket never kept versions; asks it on first use. */
export async function requireVersions(
  context: S3Context,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (context.facts.versions === "probe") {
    context.learn({ versions: await keepsVersions(context, signal) });
  }
  if (context.mayKeepVersions) return;
  throw new StorageError("unsupported", { path, message: "the bucket keeps no versions" });
}

export function versionQuery(version: string | undefined): string | undefined {
  return version === undefined ? undefined : encodeQuery(["versionId", version]);
}

/** @throws StorageError `unsupported` for an answer about another version: some stores do not look at the id. */
export function checkVersion(
  path: string,
  headers: ResponseHeaders,
  version: string | undefined,
): void {
  if (version === undefined || text(headers, "x-amz-version-id") === version) return;
  throw new StorageError("unsupported", { path, message: "the store gave another version" });
}

/** Whether the version that was asked for is the mark of a removal, which has nothing to give. */
export function isDeleteMarker(error: unknown, version: string | undefined): boolean {
  return version !== undefined && refusalOf(error)?.status === 405;
}

/** The last row of a page, behind which the next one begins. */
interface Cursor {
  readonly key: string;
  readonly version: string;
}

interface VersionRow extends Cursor {
  readonly element: XmlElement;
}

interface VersionPage {
  readonly rows: readonly VersionRow[];
  /** `undefined`: this was the last page. */
  readonly cursor: Cursor | undefined;
}

async function fetchPage(
  context: S3Context,
  request: {
    readonly path: string;
    readonly prefix: string;
    readonly signal: AbortSignal | undefined;
  },
  cursor: Cursor | undefined,
): Promise<VersionPage> {
  const { path, prefix, signal } = request;
  const query = ["versions", "", "max-keys", String(PAGE)];
  if (prefix !== "") query.push("prefix", prefix);
  if (context.config.profile.quirks.urlEncodingList !== false) query.push("encoding-type", "url");
  if (cursor !== undefined) query.push("key-marker", cursor.key);
  if (cursor !== undefined && cursor.version !== "") {
    query.push("version-id-marker", cursor.version);
  }
  const root = await context.client.document({
    ...{ method: "GET", operation: "listVersions", path, key: undefined, signal },
    query: encodeQuery(query),
    headers: context.headers.plain,
  });
  throwIfAborted(signal, path);
  return readPage(path, root, cursor);
}

function readPage(path: string, root: XmlElement, last: Cursor | undefined): VersionPage {
  const isTruncated = childText(root, "IsTruncated");
  const known = isTruncated === "true" || isTruncated === "false";
  if (root.name !== "ListVersionsResult" || !known) throw corrupt(path, "gave no page of versions");
  const encoded = childText(root, "EncodingType") === "url";
  const decode = (name: string): string => (encoded ? decodeUrl(name) : name);
  const rows: VersionRow[] = [];
  for (const element of root.children) {
    if (element.name !== "Version" && element.name !== "DeleteMarker") continue;
    const key = childText(element, "Key");
    const version = childText(element, "VersionId");
    if (key === undefined || version === undefined) throw corrupt(path, "named no version");
    rows.push({ key: decode(key), version, element });
  }
  if (isTruncated === "false") return { rows, cursor: undefined };
  const cursor = nextCursor(root, rows, decode);
  if (cursor === undefined || (cursor.key === last?.key && cursor.version === last.version)) {
    throw corrupt(path, "says that the listing goes on, but not where");
  }
  return { rows, cursor };
}

function nextCursor(
  root: XmlElement,
  rows: readonly VersionRow[],
  decode: (name: string) => string,
): Cursor | undefined {
  const marker = childText(root, "NextKeyMarker") ?? "";
  const version = childText(root, "NextVersionIdMarker") ?? "";
  if (marker === "") return rows.at(-1);
  // Ceph 16 encodes the keys and not the marker. What it names was in this page.
  const isEncoded = rows.every((row) => row.version !== version || row.key !== marker);
  return { key: isEncoded ? decode(marker) : marker, version };
}

/** None for what is not to be listed: markers of directories, reserved names, names that are no path. */
function fileVersion(
  context: S3Context,
  prefix: string,
  { key, version, element }: VersionRow,
  options: VersionOptions,
): readonly FileVersion[] {
  if (!key.startsWith(prefix))
    throw corrupt(context.pathOf(key), "listed a key that lies elsewhere");
  const path = context.pathOf(key);
  const size = Number(childText(element, "Size") ?? 0);
  if (!Number.isSafeInteger(size)) throw corrupt(path, "did not say how large a version is");
  if (key.endsWith("/") && size === 0) return [];
  const message = pathProblem(path);
  if (message !== undefined) {
    const problem = new StorageError("invalid-path", { path, message, operation: "listVersions" });
    if (options.onProblem === undefined) throw problem;
    options.onProblem(problem);
    return [];
  }
  if (options.recursive && !options.includeReserved && isReserved(key.slice(prefix.length)))
    return [];
  const storedAt = Date.parse(childText(element, "LastModified") ?? "");
  const etag = childText(element, "ETag");
  const storageClass = childText(element, "StorageClass");
  return [
    {
      path,
      version,
      current: childText(element, "IsLatest") === "true",
      deleteMarker: element.name === "DeleteMarker",
      size,
      ...(Number.isNaN(storedAt) ? {} : { storedAt }),
      ...(etag === undefined ? {} : { etag: bareEtag(etag) }),
      ...(storageClass === undefined || storageClass === "STANDARD" ? {} : { storageClass }),
    },
  ];
}

function corrupt(path: string, what: string): StorageError {
  return new StorageError("corrupt", {
    path,
    message: `the store ${what}`,
    operation: "listVersions",
  });
}
