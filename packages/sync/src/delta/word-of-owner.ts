/** Whose word a signature is, where files have owners and no store vouches for their content. */
import type { Entry } from "@omnisync/storage";
import type { SignedPath } from "./signature-store.ts";

const SUPERUSER = 0;
/** Written by others than its owner. */
const BY_OTHERS = 0o022;

/**
 * Whether a signature on a disk is of somebody who could as well have written the file: its owner, this user or the
 * superuser. Anybody who may write to a directory that all share may put a signature there.
 * @param signature What was read of it: the file that is looked at has to be that one.
 */
export async function isWordOfOwner(
  { driver, path, signal }: Omit<SignedPath, "placement">,
  signature: Entry,
): Promise<boolean> {
  const [file, word] = await Promise.all(
    [path, signature.path].map((at) => driver.stat(at, { attributes: ["owner"], signal })),
  );
  if (file?.uid === undefined || word?.uid === undefined) return false;
  const isThatOne = word.etag === signature.etag;
  const isOnlyHis = ((word.mode ?? 0o777) & BY_OTHERS) === 0;
  return isThatOne && isOnlyHis && [file.uid, process.geteuid?.(), SUPERUSER].includes(word.uid);
}
