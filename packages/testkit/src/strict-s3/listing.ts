/** ListObjectsV2, ListObjects and ListObjectVersions. */
import type { Bucket, StoredObject, Version } from "./bucket.ts";
import { bucketOf, isoTime, xmlResponse } from "./call.ts";
import type { Call, S3Response } from "./call.ts";
import { quote } from "./conditions.ts";
import { encodeForListing } from "./percent.ts";
import type { S3Request } from "./request.ts";
import { S3Error, invalidArgument } from "./s3-error.ts";
import type { ServerState } from "./server-state.ts";
import { compareUtf8, lowerBound } from "./utf8-order.ts";
import type { XmlNode } from "./xml-write.ts";

const largestPage = 1000;
const owner: XmlNode = ["Owner", [["ID", "strict-s3"]]];

interface Selection {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only what lies behind this key or common prefix. */
  readonly after: string;
}

/** An object, or a common prefix in the place of all keys that begin with it. */
type Entry =
  | { readonly kind: "object"; readonly name: string; readonly object: StoredObject }
  | { readonly kind: "prefix"; readonly name: string };

export function listObjectsV2(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const { query } = request;
  const encode = readEncoding(request);
  const maxKeys = readCount(request, "max-keys");
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after") ?? "";
  const selection = readSelection(request, token === undefined ? startAfter : readToken(token));
  const { entries, truncated } = selectPage(bucket, selection, maxKeys, server);
  const last = entries.at(-1)?.name ?? selection.after;
  const withOwner = query.get("fetch-owner") === "true";
  return xmlResponse([
    "ListBucketResult",
    [
      ["Name", bucket.name],
      ...echo(selection, encode, query.has("encoding-type")),
      startAfter === "" ? undefined : ["StartAfter", encode(startAfter)],
      token === undefined ? undefined : ["ContinuationToken", token],
      truncated ? ["NextContinuationToken", makeToken(last)] : undefined,
      ["KeyCount", entries.length],
      ["MaxKeys", maxKeys],
      ["IsTruncated", truncated],
      ...entryNodes(entries, encode, withOwner),
    ],
  ]);
}

export function listObjects(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const encode = readEncoding(request);
  const maxKeys = readCount(request, "max-keys");
  const selection = readSelection(request, request.query.get("marker") ?? "");
  const { entries, truncated } = selectPage(bucket, selection, maxKeys, server);
  const last = entries.at(-1)?.name;
  return xmlResponse([
    "ListBucketResult",
    [
      ["Name", bucket.name],
      ...echo(selection, encode, request.query.has("encoding-type")),
      ["Marker", encode(selection.after)],
      // Without a delimiter there is no NextMarker: clients go on from the last key.
      truncated && selection.delimiter !== "" ? ["NextMarker", encode(last ?? "")] : undefined,
      ["MaxKeys", maxKeys],
      ["IsTruncated", truncated],
      ...entryNodes(entries, encode, true),
    ],
  ]);
}

/** Every version and marker: keys ascending, newest first within a key. */
export function listObjectVersions(call: Call): S3Response {
  const { server, request } = call;
  const bucket = bucketOf(call);
  const encode = readEncoding(request);
  const maxKeys = readCount(request, "max-keys");
  const keyMarker = request.query.get("key-marker") ?? "";
  const versionMarker = request.query.get("version-id-marker") ?? "";
  if (versionMarker !== "" && keyMarker === "") {
    throw invalidArgument(
      "version-id-marker",
      versionMarker,
      "A version-id marker cannot be specified without a key marker.",
    );
  }
  const selection = readSelection(request, keyMarker);
  const rows = versionRows(bucket, selection, versionMarker);
  const page = rows.slice(0, server.pageSize(maxKeys));
  const truncated = page.length < rows.length;
  const last = page.at(-1);
  return xmlResponse([
    "ListVersionsResult",
    [
      ["Name", bucket.name],
      ...echo(selection, encode, request.query.has("encoding-type")),
      ["KeyMarker", encode(keyMarker)],
      ["VersionIdMarker", versionMarker],
      truncated ? ["NextKeyMarker", encode(last?.name ?? "")] : undefined,
      truncated && last?.version ? ["NextVersionIdMarker", last.version.versionId] : undefined,
      ["MaxKeys", maxKeys],
      ["IsTruncated", truncated],
      ...page.map((row) => versionNode(bucket, row, encode)),
    ],
  ]);
}

/** How names are written in the answer: as they are, or with `encoding-type=url`. */
export function readEncoding({ query }: S3Request): (text: string) => string {
  const type = query.get("encoding-type");
  if (type === undefined) return (text) => text;
  if (type === "url") return encodeForListing;
  throw invalidArgument("encoding-type", type, "Invalid Encoding Method specified in Request");
}

/** `max-keys`, `max-parts`, `max-uploads`: default and ceiling 1000. */
export function readCount({ query }: S3Request, name: string): number {
  const text = query.get(name);
  if (text === undefined || text === "") return largestPage;
  if (/^\d+$/.test(text) && Number(text) <= 2 ** 31 - 1) return Math.min(Number(text), largestPage);
  throw invalidArgument(name, text, `Provided ${name} not an integer or within integer range`);
}

/** The common prefix that a delimiter puts the key under, or `undefined`. */
export function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.slice(0, at + delimiter.length);
}

function readSelection({ query }: S3Request, after: string): Selection {
  return { prefix: query.get("prefix") ?? "", delimiter: query.get("delimiter") ?? "", after };
}

function selectPage(
  bucket: Bucket,
  selection: Selection,
  maxKeys: number,
  server: ServerState,
): { readonly entries: readonly Entry[]; readonly truncated: boolean } {
  const entries: Entry[] = [];
  const size = server.pageSize(maxKeys);
  if (size === 0) return { entries, truncated: false };
  const walk = server.settings.scrambledLists ? walkScrambled : walkInOrder;
  for (const entry of walk(bucket, selection)) {
    if (entries.length === size) return { entries, truncated: true };
    entries.push(entry);
  }
  return { entries, truncated: false };
}

/** The entries behind `after`, in order. A marker that is a common prefix skips all that is under it. */
function* walkInOrder(bucket: Bucket, { prefix, delimiter, after }: Selection): Generator<Entry> {
  const keys = bucket.keys();
  let group: string | undefined;
  const start = compareUtf8(after, prefix) > 0 ? after : prefix;
  for (let index = lowerBound(keys, start); index < keys.length; index++) {
    const key = keys[index] as string;
    if (!key.startsWith(prefix)) return;
    const object = bucket.current(key);
    if (object === undefined || compareUtf8(key, after) <= 0) continue;
    const common = groupOf(key, prefix, delimiter);
    if (common === undefined) yield { kind: "object", name: key, object };
    else if (common !== group && common !== after) yield { kind: "prefix", name: common };
    group = common;
  }
}

/** The same in the order that the keys have when each of their segments is read backwards. */
function* walkScrambled(bucket: Bucket, { prefix, delimiter, after }: Selection): Generator<Entry> {
  const from = scramble(after);
  let group: string | undefined;
  for (const text of bucket.keys().map(scramble).sort(compareUtf8)) {
    const key = scramble(text);
    const object = bucket.current(key);
    if (object === undefined || !key.startsWith(prefix) || compareUtf8(text, from) <= 0) continue;
    const common = groupOf(key, prefix, delimiter);
    if (common === undefined) yield { kind: "object", name: key, object };
    else if (common !== group && common !== after) yield { kind: "prefix", name: common };
    group = common;
  }
}

function scramble(key: string): string {
  return key
    .split("/")
    .map((segment) => Array.from(segment).reverse().join(""))
    .join("/");
}

interface VersionRow {
  readonly name: string;
  /** `undefined` for a common prefix. */
  readonly version: Version | undefined;
}

function versionRows(
  bucket: Bucket,
  { prefix, delimiter, after }: Selection,
  versionMarker: string,
): readonly VersionRow[] {
  const rows: VersionRow[] = [];
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix) || compareUtf8(key, after) < 0) continue;
    const versions = bucket.versions(key);
    const at = versions.findIndex(({ versionId }) => versionId === versionMarker);
    if (key === after && at === -1) continue;
    const common = groupOf(key, prefix, delimiter);
    if (common === undefined) {
      const rest = key === after ? versions.slice(at + 1) : versions;
      rows.push(...rest.map((version) => ({ name: key, version })));
    } else if (common !== rows.at(-1)?.name && common !== after) {
      rows.push({ name: common, version: undefined });
    }
  }
  return rows;
}

function echo(
  { prefix, delimiter }: Selection,
  encode: (text: string) => string,
  encoded: boolean,
): readonly (XmlNode | undefined)[] {
  return [
    ["Prefix", encode(prefix)],
    delimiter === "" ? undefined : ["Delimiter", encode(delimiter)],
    encoded ? ["EncodingType", "url"] : undefined,
  ];
}

function entryNodes(
  entries: readonly Entry[],
  encode: (text: string) => string,
  withOwner: boolean,
): readonly XmlNode[] {
  const contents: XmlNode[] = [];
  const prefixes: XmlNode[] = [];
  for (const entry of entries) {
    const name = encode(entry.name);
    if (entry.kind === "prefix") prefixes.push(["CommonPrefixes", [["Prefix", name]]]);
    else {
      const fields: (XmlNode | undefined)[] = [["Key", name], ...objectNodes(entry.object)];
      contents.push(["Contents", [...fields, withOwner ? owner : undefined]]);
    }
  }
  return [...contents, ...prefixes];
}

function objectNodes(object: StoredObject): readonly XmlNode[] {
  const { checksum } = object;
  return [
    ["LastModified", isoTime(object.lastModified)],
    ["ETag", quote(object.etag)],
    ...(checksum === undefined
      ? []
      : ([
          ["ChecksumAlgorithm", checksum.algorithm],
          ["ChecksumType", checksum.type],
        ] as const)),
    ["Size", object.content.size],
    ["StorageClass", object.storageClass],
  ];
}

function versionNode(
  bucket: Bucket,
  { name, version }: VersionRow,
  encode: (text: string) => string,
): XmlNode {
  if (version === undefined) return ["CommonPrefixes", [["Prefix", encode(name)]]];
  const latest = bucket.versions(name)[0] === version;
  const head: readonly XmlNode[] = [
    ["Key", encode(name)],
    ["VersionId", version.versionId],
    ["IsLatest", latest],
  ];
  if (version.kind === "object") return ["Version", [...head, ...objectNodes(version), owner]];
  return ["DeleteMarker", [...head, ["LastModified", isoTime(version.lastModified)], owner]];
}

/** Opaque, and with characters that must be encoded in a query. */
function makeToken(after: string): string {
  return Buffer.from(`?>~${after}`).toString("base64");
}

function readToken(token: string): string {
  const text = Buffer.from(token, "base64").toString();
  if (text.startsWith("?>~") && makeToken(text.slice(3)) === token) return text.slice(3);
  throw new S3Error("InvalidArgument", {
    message: "The continuation token provided is incorrect",
    details: { ArgumentName: "continuation-token" },
  });
}
