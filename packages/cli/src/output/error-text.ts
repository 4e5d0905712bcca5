/** Errors in one line: `<what>: <what to do>`, with nothing in it that could forge another line. */
import { type StorageError, isStorageError, printable } from "@omnisync/storage";

/** The line for an error that ended a command. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Lines become one. The names in it are escaped already, and an escape stays what it is.
  return printable(message.replaceAll("\n", " "));
}

/** The line for a path that could not be done; names the path once. */
export function failureText(path: string, error: StorageError | undefined): string {
  const shown = printable(path);
  if (error === undefined) return `${shown}: failed`;
  const own = error.path === undefined ? "" : `${printable(error.path)}: `;
  const message = errorText(error);
  const text = own !== "" && message.startsWith(own) ? message.slice(own.length) : message;
  return path === "" ? text : `${shown}: ${text}`;
}

/** The last line of JSON output: all counts, and what ended the run early. Failures were lines of their own. */
export function summaryJson(counts: object, error?: unknown): object {
  return {
    kind: "summary",
    ...counts,
    failures: undefined,
    endedBy: error === undefined ? undefined : errorJson(error),
  };
}

/** An error as it stands in JSON output. */
export function errorJson(error: unknown): { readonly code: string; readonly message: string } {
  return { code: isStorageError(error) ? error.code : "internal", message: errorText(error) };
}
