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
  "mkfs.xfs",
  "lowntfs-3g",
  "mkfs.exfat",
  "mount.exfat-fuse",
] = [
  "rsync",
  "git",
  "rclone",
  "zsh",
  "fish",
  "strace",
  "openssl",
  "tinyproxy",
  "mkfs.xfs",
  "lowntfs-3g",
  "mkfs.exfat",
  "mount.exfat-fuse",
];
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** Debian's package of a program, where it has another name. */
const PACKAGES: Readonly<Partial<Record<ProgramName, string>>> = {
  "mkfs.xfs": "xfsprogs",
  "lowntfs-3g": "ntfs-3g",
  "mkfs.exfat": "exfatprogs",
  "mount.exfat-fuse": "exfat-fuse",
};

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
  return names.map((name) => PACKAGES[name] ?? name);
}
