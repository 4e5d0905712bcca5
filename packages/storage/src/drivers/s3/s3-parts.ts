/** What the files on uploads in parts share: limits, the checksums of parts, the list of parts. */
import type { MultipartLimits } from "../../capabilities.ts";
import type { CallOptions, Part, Upload } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { bareEtag } from "./list-scanner.ts";
import type { S3Context } from "./s3-context.ts";
import { encodeQuery } from "./sigv4.ts";
import { type XmlElement, childText } from "./xml.ts";

export type OwnUpload = Pick<Upload, "path" | "id">;

/** Checksums that an upload is begun with; each part must have it then. */
export const PART_CHECKSUMS: Readonly<Record<string, string>> = {
  crc32: "ChecksumCRC32",
  crc64nvme: "ChecksumCRC64NVME",
  sha256: "ChecksumSHA256",
};

export function limitsOf({ config }: S3Context): MultipartLimits {
  const { minPartSize, maxPartSize, maxParts, equalPartSizes } = config.profile.quirks;
  return { minPartSize, maxPartSize, maxParts, equalPartSizes };
}

/** The element that holds the checksum of a part; `undefined` for an upload that was begun without. */
export function checksumElement({ integrity }: S3Context): string | undefined {
  return integrity.explicit ? PART_CHECKSUMS[integrity.checksum] : undefined;
}

export async function* listParts(
  context: S3Context,
  upload: Upload,
  { signal }: CallOptions,
): AsyncGenerator<readonly Part[]> {
  context.begin(upload.path, { signal });
  yield* partsIn(context, upload, signal);
}

/** `listParts`, also on a driver that is closing. */
export async function* partsIn(
  context: S3Context,
  { path, id }: OwnUpload,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Part[]> {
  const key = context.keyOf(path);
  const element = checksumElement(context);
  let marker = "0";
  for (;;) {
    const root = await context.client.document({
      ...{ method: "GET", operation: "listParts", path, key, signal },
      query: encodeQuery(["uploadId", id, "part-number-marker", marker, "max-parts", "1000"]),
      headers: context.headers.plain,
    });
    const parts = root.children
      .filter(({ name }) => name === "Part")
      .map((part) => ({
        number: Number(required(part, "PartNumber")),
        size: Number(required(part, "Size")),
        etag: bareEtag(required(part, "ETag")),
        ...checksumOf(element === undefined ? undefined : childText(part, element)),
      }));
    if (parts.length > 0) yield parts;
    if (required(root, "IsTruncated") !== "true") return;
    marker = advanced(
      marker,
      childText(root, "NextPartNumberMarker") || String(parts.at(-1)?.number),
    );
  }
}

export function checksumOf(checksum: string | undefined): { checksum?: string } {
  return checksum ? { checksum } : {};
}

export function required(element: XmlElement, name: string): string {
  const value = childText(element, name);
  if (value !== undefined) return value;
  throw new StorageError("corrupt", { message: `the store's answer has no ${name}` });
}

export function advanced(from: string, to: string): string {
  if (from !== to) return to;
  throw new StorageError("corrupt", { message: "the store's listing does not advance" });
}
