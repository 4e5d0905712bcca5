/** Byte ranges, of reads and of part copies. */
import { S3Error, invalidArgument } from "./s3-error.ts";

/** `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The range of a GET; `undefined` means the whole object, which is also what S3 makes of a range that
 * it cannot read or that has several parts. @throws `InvalidRange`.
 */
export function readRange(text: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const range =
    first === ""
      ? { start: Math.max(size - Number(last), 0), end: size }
      : { start: Number(first), end: last === "" ? size : Math.min(Number(last) + 1, size) };
  if (range.start < range.end) return range;
  throw new S3Error("InvalidRange", {
    details: { RangeRequested: text ?? "", ActualObjectSize: size },
    headers: { "content-range": `bytes */${size}` },
  });
}

/** `x-amz-copy-source-range`: `bytes=first-last`, nothing else, and all of it within the source. */
export function readCopyRange(text: string, size: number): Range {
  const match = /^bytes=(\d+)-(\d+)$/.exec(text);
  const [start, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || last < start) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      text,
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  }
  if (start >= size) {
    throw new S3Error("InvalidRequest", {
      message: "The specified copy range is invalid for the source object size",
    });
  }
  if (last >= size) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      text,
      `Range specified is not valid for source object of size: ${size}`,
    );
  }
  return { start, end: last + 1 };
}
