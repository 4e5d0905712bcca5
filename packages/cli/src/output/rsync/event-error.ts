/** Failures in rsync's words, with the number that the system gives them. */
import type { ErrorCode } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import { errorText } from "../error-text.ts";

export interface ErrorLine {
  readonly text: string;
  readonly code: "partial" | "vanished";
}

const SYSTEM: Partial<Record<ErrorCode, string>> = {
  "permission-denied": "Permission denied (13)",
  "not-found": "No such file or directory (2)",
  "already-exists": "File exists (17)",
  "is-a-directory": "Is a directory (21)",
  "not-a-directory": "Not a directory (20)",
  "directory-not-empty": "Directory not empty (39)",
};

/** The line for an event of kind `failed`. */
export function eventError(event: SyncEvent, path: string): ErrorLine {
  const { error } = event;
  const code = error?.code;
  if (code === "not-found" && event.source !== undefined) {
    return { text: `file has vanished: "${path}"`, code: "vanished" };
  }
  const system = code === undefined ? undefined : SYSTEM[code];
  const reason = error === undefined ? "failed" : errorText(error);
  // The system's words first, which scripts look for; what we know beyond them behind.
  const text =
    system === undefined
      ? `rsync: [sender] "${path}": ${reason}`
      : `rsync: [sender] send_files failed to open "${path}": ${system}`;
  return { text, code: "partial" };
}
