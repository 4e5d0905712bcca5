/** Programs that tests compare with, run scripts in, or look through; found, or installed where that may be done unasked. */
import { install, installCommand, isInstalled, mayInstall } from "./apt.ts";

const PROGRAM_NAMES: readonly [
  "rsync",
  "git",
  "rclone",
  "zsh",
  "fish",
  "strace",
  "openssl",
  "tinyproxy",
] = ["rsync", "git", "rclone", "zsh", "fish", "strace", "openssl", "tinyproxy"];
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** Why each program cannot be had; those that are there are not in it. */
export type MissingPrograms = Readonly<Partial<Record<ProgramName, string>>>;

/** Each is in a Debian package of its own name. */
export async function providePrograms(): Promise<MissingPrograms> {
  const missing = PROGRAM_NAMES.filter((name) => !isInstalled(name));
  let problem: string | undefined;
  if (missing.length > 0 && mayInstall()) {
    console.error(`Installing programs for the tests: ${installCommand(missing)}`);
    await install(missing).catch((error: unknown) => {
      problem = error instanceof Error ? error.message : String(error);
    });
  }
  const still = missing.filter((name) => !isInstalled(name));
  return Object.fromEntries(still.map((name) => [name, reason(name, problem)]));
}

function reason(name: ProgramName, problem: string | undefined): string {
  const why = problem === undefined ? "is not installed" : `could not be installed (${problem})`;
  return `${name} ${why}; on Debian or Ubuntu, as root: ${installCommand([name])}`;
}
