import { joinPath } from "@omnisync/storage";
import type { RunContext } from "./context.ts";

/**
 * What a move found at the destination, and did not write, may not be on the disk yet; its source, which is about to
 * go, may be all that is.
 */
export async function flushFound(context: RunContext, path: string): Promise<void> {
  const { destination, options, signal } = context;
  if (!options.move || options.dryRun) return;
  await destination.driver.flush?.(joinPath(destination.path, path), { signal });
}
