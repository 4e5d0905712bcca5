import { isStorageError } from "../../errors.ts";
import type { Probed } from "./provider-profile.ts";
import type { S3Context } from "./s3-context.ts";
import { childText } from "./xml.ts";

/** Whether versioning is, or was, switched on; `probe` if these credentials may not ask. */
export async function keepsVersions(
  context: S3Context,
  signal: AbortSignal | undefined,
): Promise<Probed> {
  try {
    const root = await context.client.document({
      ...{ method: "GET", operation: "versioning", path: undefined, key: undefined, signal },
      query: "versioning=",
      headers: context.headers.plain,
    });
    return ["Enabled", "Suspended"].includes(childText(root, "Status") ?? "");
  } catch (error) {
    if (isStorageError(error, "permission-denied")) return "probe";
    if (isStorageError(error, "unsupported", "invalid-argument")) return false;
    throw error;
  }
}
