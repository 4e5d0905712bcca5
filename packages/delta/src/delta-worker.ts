/** The thread of one job over one file. */
import { parentPort, workerData } from "node:worker_threads";
import { DeltaError, type DeltaErrorCode } from "./delta-error.ts";
import { type FileJob, runFileJob } from "./file-jobs.ts";

export type WorkerMessage =
  | { readonly kind: "progress"; readonly bytes: number }
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "refused"; readonly code: DeltaErrorCode; readonly message: string };

function post(message: WorkerMessage, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, moved);
}

try {
  const result = runFileJob(workerData as FileJob, (bytes) => post({ kind: "progress", bytes }));
  const signature = "ops" in result ? result.signature : result;
  const columns = signature === undefined ? [] : [signature.strong, signature.weak];
  // Moved, not copied.
  post(
    { kind: "result", result },
    columns.map((column) => column.buffer as ArrayBuffer),
  );
} catch (error) {
  // Its class is lost between threads. Other errors reach the asker as they are.
  if (!(error instanceof DeltaError)) throw error;
  post({ kind: "refused", code: error.code, message: error.message });
}
