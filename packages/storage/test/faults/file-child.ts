/** A process of its own with a file driver, for what a process cannot do to itself. */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";

const MODULE = new URL("../../src/drivers/file/file-driver.ts", import.meta.url).href;

export interface ChildOptions {
  readonly root: string;
  /** Sees `driver`, and awaits at top level. */
  readonly script: string;
  /** Stays the user that runs the tests. */
  readonly asIs?: boolean;
  /** Does not close the driver at the end. */
  readonly leaveOpen?: boolean;
  /** Shell commands before it. */
  readonly before?: string;
}

/** Runs a script as a user without rights, to its end. @returns what it printed. */
export function runAsNobody(options: ChildOptions): string {
  const change = options.asIs ? "" : "exec setpriv --reuid 65534 --regid 65534 --clear-groups";
  const shell = `${options.before ?? ""} ${change} "$0" ${SOURCE_ARGV.join(" ")} --input-type=module -e "$1"`;
  const args = ["-c", shell, process.execPath, source(options)];
  return execFileSync("bash", args, { encoding: "utf8", timeout: 50_000 }).trim();
}

export function startChild(options: ChildOptions): ChildProcess {
  const args = [...SOURCE_ARGV, "--input-type=module", "-e", source(options)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

function source({ root, script, leaveOpen }: ChildOptions): string {
  return `
    const { FileDriver } = await import(${JSON.stringify(MODULE)});
    const driver = new FileDriver({ root: ${JSON.stringify(root)} });
    ${script}
    ${leaveOpen ? "" : "await driver.close();"}`;
}
