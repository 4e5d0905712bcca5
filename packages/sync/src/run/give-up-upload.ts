import { StorageError, type Upload, toStorageError } from "@omnisync/storage";
import type { RunContext } from "./context.ts";
import { pathInRun } from "./transfer.ts";

/** How long an interrupted run waits for the store to take an upload back, milliseconds. */
const PATIENCE = 2000;

/** Without the run's signal: an interrupted run must still not leave paid rubbish behind. */
export async function giveUpUpload(context: RunContext, upload: Upload): Promise<void> {
  try {
    const signal = context.signal.aborted ? AbortSignal.timeout(PATIENCE) : undefined;
    await context.destination.driver.multipart!.abort(upload, { signal });
  } catch (error) {
    const { code, message } = toStorageError(error);
    context.emit({
      kind: "upload-left",
      path: pathInRun(context, upload.path),
      bytes: 0,
      upload,
      error: new StorageError(code, {
        path: upload.path,
        message: `the upload ${upload.id} could not be given up (${message}): its parts stay in the store, which may charge for them, until it is aborted there by its id or by a lifecycle rule`,
        operation: "abort",
        cause: error,
      }),
    });
  }
}
