/** The ETag in the answer to a write, against what was sent. */
import { StorageError } from "../../errors.ts";
import { isMd5 } from "./checksums.ts";
import { etagOf } from "./s3-attributes.ts";
import type { S3Context } from "./s3-context.ts";
import type { ResponseHeaders } from "./s3-errors.ts";
import { hidesMd5 } from "./s3-headers.ts";

/**
 * Compares the ETag of an answer with the MD5 of what was sent.
 * @throws StorageError `corrupt` if the store has other bytes.
 */
export async function checkStored(
  context: S3Context,
  path: string,
  md5: string | undefined,
  answer: ResponseHeaders,
  signal: AbortSignal | undefined,
): Promise<void> {
  const etag = etagOf(answer);
  if (md5 === undefined || etag === undefined || hidesMd5(answer)) return;
  const isOpen = context.facts.etagIsMd5 === "probe";
  if (etag === md5 || !isMd5(etag)) {
    if (isOpen) context.learn({ etagIsMd5: etag === md5 });
    return;
  }
  if (isOpen) await context.settleEtag(signal);
  if (context.facts.etagIsMd5 !== true) return;
  throw new StorageError("corrupt", {
    path,
    operation: "write",
    message: "the store has stored other bytes than were sent",
  });
}
