import { execFile } from "node:child_process";
import { constants, accessSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Where servers lie that an ordinary user's PATH leaves out. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** PATH with the folders of servers. */
export function serverPath(): string {
  return [process.env["PATH"] ?? "", ...SERVER_FOLDERS].join(delimiter);
}

export function isInstalled(command: string): boolean {
  return serverPath()
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, command)));
}

/** The command that a person types to get packages. */
export function installCommand(packages: readonly string[]): string {
  return `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/** Whether packages can be installed here without asking anybody: root, with apt. */
export function mayInstall(): boolean {
  return process.getuid?.() === 0 && isInstalled("apt-get");
}

/**
 * Debian starts a server's service when it is installed. `policy-rc.d` is its way to say no, which we
 * set for the time of the installation, unless the machine has a policy of its own.
 */
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' >$policy
  chmod +x $policy
fi
apt-get -q -o DPkg::Lock::Timeout=300 update &&
apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
`;

/** @throws Error with apt's last words. */
export async function install(packages: readonly string[]): Promise<void> {
  await promisify(execFile)("sh", ["-c", INSTALL, "install", ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: unknown) => {
    const { stderr } = error as { readonly stderr?: string };
    const last = stderr?.trim().split("\n").at(-1);
    throw new Error(last ?? String(error), { cause: error });
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return false;
    throw error;
  }
}
