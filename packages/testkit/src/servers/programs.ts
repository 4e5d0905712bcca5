/** Programs that tests compare with, run scripts in, or look through; found, or installed where that may be done unasked. */
import { install, installCommand, isInstalled, mayInstall } from "./apt.ts";

/** Each program, and Debian's package of it. */
const PACKAGES = {
  rsync: "rsync",
  git: "git",
  rclone: "rclone",
  zsh: "zsh",
  fish: "fish",
  strace: "strace",
  openssl: "openssl",
  tinyproxy: "tinyproxy",
  "mkfs.xfs": "xfsprogs",
  "lowntfs-3g": "ntfs-3g",
  "mkfs.exfat": "exfatprogs",
  "mount.exfat-fuse": "exfat-fuse",
} as const;
export type ProgramName = keyof typeof PACKAGES;
const PROGRAM_NAMES = Object.keys(PACKAGES) as readonly ProgramName[];

/** Why each program cannot be had; those that are there are not in it. */
export type MissingPrograms = Readonly<Partial<Record<ProgramName, string>>>;

export async function providePrograms(): Promise<MissingPrograms> {
  const missing = PROGRAM_NAMES.filter((name) => !isInstalled(name));
  let problem: string | undefined;
  if (missing.length > 0 && mayInstall()) {
    console.error(`Installing programs for the tests: ${installCommand(packagesOf(missing))}`);
    await install(packagesOf(missing)).catch((error: unknown) => {
      problem = error instanceof Error ? error.message : String(error);
    });
  }
  const still = missing.filter((name) => !isInstalled(name));
  return Object.fromEntries(still.map((name) => [name, reason(name, problem)]));
}

function reason(name: ProgramName, problem: string | undefined): string {
  const why = problem === undefined ? "is not installed" : `could not be installed (${problem})`;
  return `${name} ${why}; on Debian or Ubuntu, as root: ${installCommand(packagesOf([name]))}`;
}

function packagesOf(names: readonly ProgramName[]): readonly string[] {
  return names.map((name) => PACKAGES[name]);
}
