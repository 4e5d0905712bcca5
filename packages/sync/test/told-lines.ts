import { type Place, type SyncOptions, sync } from "@omnisync/sync";
import { expect } from "vitest";
import { recorder } from "./stores.ts";

/** Syncs, expects no failure, and gives a line for each event but those of what is the same. */
export async function toldLines(
  from: Place,
  to: Place,
  options: SyncOptions = {},
): Promise<readonly string[]> {
  const { onEvent, lines } = recorder();
  const report = await sync(from, to, { ...options, onEvent });
  expect(report.failures).toEqual([]);
  return lines().filter((line) => !line.endsWith(": unchanged (same)"));
}
