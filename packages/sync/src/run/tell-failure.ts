import type { StorageError } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { RunContext } from "./context.ts";

/** A path could not be brought to its end; the run goes on. */
export function fail(
  context: Pick<RunContext, "progress" | "emit">,
  { path, source, destination }: Pair,
  error: StorageError,
): void {
  context.progress.failed++;
  context.emit({ kind: "failed", path, source, destination, bytes: 0, error });
}
