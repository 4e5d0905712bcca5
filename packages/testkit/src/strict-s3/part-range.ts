/** `?partNumber=` on GET and HEAD: the bytes of one part of an object that was uploaded in parts. */
import type { StoredObject } from "./bucket.ts";
import { headerName } from "./checksum-headers.ts";
import type { Range } from "./range.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error } from "./s3-error.ts";

export interface PartRange {
  /** `undefined` for an empty object, of which no range can be written. */
  readonly range: Range | undefined;
  readonly headers: Record<string, string>;
}

export function partRange(request: S3Request, object: StoredObject): PartRange | undefined {
  const text = request.query.get("partNumber");
  if (text === undefined) return undefined;
  if (request.headers.has("range")) {
    throw new S3Error("InvalidRequest", {
      message: "Cannot specify both Range header and partNumber query parameter",
    });
  }
  const parts = object.parts ?? [{ number: 1, size: object.content.size, checksum: undefined }];
  const index = Number(text) - 1;
  const part = parts[index];
  if (part === undefined) {
    throw new S3Error("InvalidPartNumber", {
      details: { PartNumberRequested: text, ActualPartCount: parts.length },
    });
  }
  const start = parts.slice(0, index).reduce((sum, { size }) => sum + size, 0);
  return {
    range: part.size === 0 ? undefined : { start, end: start + part.size },
    headers: {
      ...(object.parts === undefined ? {} : { "x-amz-mp-parts-count": String(parts.length) }),
      ...partChecksum(request, object, part.checksum),
    },
  };
}

function partChecksum(
  request: S3Request,
  { checksum }: StoredObject,
  value: string | undefined,
): Record<string, string> {
  const wanted = header(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  if (!wanted || checksum?.type !== "COMPOSITE" || value === undefined) return {};
  return { [headerName(checksum.algorithm)]: value, "x-amz-checksum-type": checksum.type };
}
