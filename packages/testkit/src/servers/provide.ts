/**
 * Real servers for whoever needs them: found, or installed where that may be done without asking,
 * then started. What cannot be had is said in one line, with the way to get it.
 */
import { install, installCommand, isInstalled, mayInstall } from "./apt.ts";
import { RECIPES } from "./recipes.ts";
import type { ServerName, TestServer } from "./test-server.ts";

export type ProvidedServer =
  | { readonly kind: "running"; readonly server: TestServer }
  /** It is not on this machine. */
  | { readonly kind: "missing"; readonly reason: string }
  /** It is on this machine and does not start. */
  | { readonly kind: "broken"; readonly reason: string };

/** Finds or installs, and starts, each of `names`, all at the same time. */
export async function provideServers<Name extends ServerName>(
  names: readonly Name[],
): Promise<Readonly<Record<Name, ProvidedServer>>> {
  const problem = await installMissing(names);
  const provided = await Promise.all(names.map((name) => provide(name, problem)));
  return Object.fromEntries(names.map((name, index) => [name, provided[index]])) as Record<
    Name,
    ProvidedServer
  >;
}

/**
 * One server, running.
 * @throws Error that says in one line what is missing and how to get it, or why it does not start.
 */
export async function startServer(name: ServerName): Promise<TestServer> {
  const { [name]: provided } = await provideServers([name]);
  if (provided.kind === "running") return provided.server;
  throw new Error(provided.reason);
}

/** Installs what is not there, in one go. Gives the reason if that failed. */
async function installMissing(names: readonly ServerName[]): Promise<string | undefined> {
  const packages = names.filter(isMissing).flatMap((name) => RECIPES[name].packages);
  if (packages.length === 0 || !mayInstall()) return undefined;
  console.error(`Installing servers for the tests: ${installCommand(packages)}`);
  try {
    await install(packages);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function provide(name: ServerName, problem: string | undefined): Promise<ProvidedServer> {
  if (isMissing(name)) return { kind: "missing", reason: missingReason(name, problem) };
  try {
    return { kind: "running", server: await RECIPES[name].start() };
  } catch (error) {
    return { kind: "broken", reason: `${name} does not start: ${String(error)}` };
  }
}

function isMissing(name: ServerName): boolean {
  return !RECIPES[name].commands.every(isInstalled);
}

/** @param problem Why an attempt to install it failed, if there was one. */
export function missingReason(name: ServerName, problem: string | undefined): string {
  const why = problem === undefined ? "is not installed" : `could not be installed (${problem})`;
  const how = installCommand(RECIPES[name].packages);
  return `${name} ${why}; on Debian or Ubuntu, as root: ${how}`;
}
