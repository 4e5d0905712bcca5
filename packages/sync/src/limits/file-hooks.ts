import { StorageError, printable } from "@omnisync/storage";
import type { SyncEvent } from "../events.ts";
import type { FileAhead, FileHooks } from "../options/limit-options.ts";

/**
 * Run the user's hooks, if there are any. Whatever one throws is a failure of the path, never a reason to look
 * at the file again: a hook that gives up would be called three times.
 */
export async function callBefore(
  hooks: FileHooks | undefined,
  file: FileAhead,
  signal: AbortSignal,
): Promise<void> {
  try {
    await hooks?.before?.(file, signal);
  } catch (cause) {
    throw failed("before", "nothing was transferred", file.path, signal, cause);
  }
}

export async function callAfter(
  hooks: FileHooks | undefined,
  event: SyncEvent,
  signal: AbortSignal,
): Promise<void> {
  try {
    await hooks?.after?.(event, signal);
  } catch (cause) {
    throw failed("after", "the file was transferred", event.path, signal, cause);
  }
}

function failed(
  which: "before" | "after",
  state: string,
  path: string,
  signal: AbortSignal,
  cause: unknown,
): StorageError {
  signal.throwIfAborted();
  const what = printable(cause instanceof Error ? cause.message : String(cause));
  const message = `the hook ${which} the transfer failed: ${what} (${state})`;
  return new StorageError("internal", { path, operation: `hook-${which}`, message, cause });
}
