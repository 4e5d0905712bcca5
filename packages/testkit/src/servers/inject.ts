import { inject, test } from "vitest";
import type { InjectedServer } from "./injected-server.ts";
import type { ProgramName } from "./programs.ts";
import type { ServerAccess, ServerName } from "./test-server.ts";

/**
 * How to reach a real server, in a test file of the project `servers`. Where the server is not on this
 * machine, registers one skipped test whose title says why, and gives `undefined`.
 * @example
 * const server = serverOrSkip("radosgw");
 * if (server !== undefined) describeDriver("s3 on radosgw", …);
 * @throws Error if the server is there and does not start, or is missing where `CI` is set.
 */
export function serverOrSkip(name: ServerName): ServerAccess | undefined {
  const state: InjectedServer = inject("servers")[name];
  if (state.kind === "running") return state.access;
  if (state.kind === "broken" || process.env["CI"]) throw new Error(state.reason);
  test.skip(`skipped: ${state.reason}`);
  return undefined;
}

/**
 * Whether a program is there, in a test file of the project `servers`. Where it is not, registers one
 * skipped test whose title says why.
 * @throws Error if it is missing where `CI` is set.
 */
export function programOrSkip(name: ProgramName): boolean {
  const reason = inject("missingPrograms")[name];
  if (reason === undefined) return true;
  if (process.env["CI"]) throw new Error(reason);
  test.skip(`skipped: ${reason}`);
  return false;
}
