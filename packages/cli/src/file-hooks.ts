/**
 * Commands that run before and after each file. A command is a line for the shell, as the user wrote it;
 * what it is about comes in its environment, never in its text: a file may be named `$(reboot)`.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Entry, StorageError, printable } from "@omnisync/storage";
import type { FileHooks, Place } from "@omnisync/sync";
import type { FlagValues } from "./flags/flag-values.ts";
import type { Session } from "./session.ts";

/** Milliseconds. */
const DEFAULT_TIMEOUT = 60_000;
/** How much of what a command says is shown when it fails, bytes. */
const OUTPUT_SHOWN = 2000;
/** How long it is waited, after its end, for what a command said, milliseconds. */
const LAST_WORDS = 500;

/** The hooks that the flags ask for. */
export function fileHooks(
  session: Session,
  { source, destination }: { readonly source: Place; readonly destination: Place },
  values: Readonly<Pick<FlagValues, "hookBefore" | "hookAfter" | "hookTimeout">>,
): FileHooks | undefined {
  const { hookBefore, hookAfter, hookTimeout = DEFAULT_TIMEOUT } = values;
  if (hookBefore === undefined && hookAfter === undefined) return undefined;
  const cwd = session.absolute(".");
  const run = (command: string, subject: Subject, signal: AbortSignal): Promise<void> =>
    runCommand(command, {
      env: { ...session.io.env, ...variables(subject, source, destination) },
      cwd,
      timeout: hookTimeout,
      signal,
    });
  return {
    before:
      hookBefore === undefined
        ? undefined
        : (file, signal) => run(hookBefore, { when: "before", ...file }, signal),
    after:
      hookAfter === undefined
        ? undefined
        : (event, signal) => run(hookAfter, { when: "after", ...event }, signal),
  };
}

interface Subject {
  readonly when: "before" | "after";
  readonly path: string;
  readonly source?: Entry | undefined;
  readonly destination?: Entry | undefined;
}

function variables(
  { when, path, source, destination }: Subject,
  from: Place,
  to: Place,
): Record<string, string> {
  return {
    OMNISYNC_HOOK: when,
    OMNISYNC_PATH: path,
    OMNISYNC_SOURCE: placeOf(from, path),
    OMNISYNC_DESTINATION: placeOf(to, path),
    OMNISYNC_SIZE: String(source?.size ?? 0),
    OMNISYNC_ACTION: destination === undefined ? "create" : "replace",
  };
}

/** A path of this machine's disk as it is, anything else as a location. */
function placeOf({ driver, path: root }: Place, path: string): string {
  const base = driver.name === "file" ? fileURLToPath(driver.id) : driver.id;
  return [base.replace(/\/$/, ""), root, path].filter((part) => part !== "").join("/");
}

interface Running {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** @throws StorageError if it ends with anything but 0, or not in time. */
function runCommand(command: string, { env, cwd, timeout, signal }: Running): Promise<void> {
  return new Promise((resolve, reject) => {
    // A process group of its own: what the shell has started ends with it.
    const child = spawn("/bin/sh", ["-c", command], {
      env,
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const listen = (chunk: Buffer): void =>
      void (output = (output + chunk.toString()).slice(-OUTPUT_SHOWN));
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    let problem: string | undefined;
    const stop = (why: string): void => {
      problem ??= why;
      killGroup(child.pid);
    };
    const onAbort = (): void => stop("interrupted");
    const timer = setTimeout(() => stop(`took longer than ${timeout / 1000} s`), timeout);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const ended = (how: string | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      const why = problem ?? how;
      if (why === undefined) return resolve();
      const said = output.trim() === "" ? "" : `: ${printable(output.trim())}`;
      reject(new StorageError("internal", { message: `${why}${said}` }));
    };
    child.on("error", (error) => ended(error.message));
    child.on("exit", (code, killed) => {
      clearTimeout(timer);
      const how =
        code === 0 ? undefined : killed === null ? `exit code ${code}` : `killed by ${killed}`;
      const finish = (): void => {
        clearTimeout(late);
        child.stdout.destroy();
        child.stderr.destroy();
        ended(how);
      };
      // What it said last may still be in the pipes, which a command left in the background may hold for ever.
      const late = setTimeout(finish, how === undefined ? 0 : LAST_WORDS);
      child.once("close", finish);
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
