/**
 * A folder and the processes of one throwaway server, which live no longer than this process.
 *
 * A test run may die in many ways: Ctrl-C, a crash, kill -9, a cancelled CI job. No handler of ours
 * runs in all of them. So each home has a keeper, a shell in a session of its own that reads a pipe from
 * us: the process ids to end, line by line. The kernel closes the pipe when we are gone, whatever the
 * reason, and the keeper kills what it was told of and removes the folder. Stopping is closing the pipe.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { serverPath } from "./apt.ts";

const KEEPER = `
groups=
while read -r pid; do groups="$groups -$pid"; done
[ -z "$groups" ] || kill -s KILL -- $groups
for pause in 0.05 0.2 1 5; do sleep $pause; rm -rf -- "$1" && break; done
`;

/** The longest that a set-up command or a start may take, in seconds. */
const PATIENCE = 60;

export class ServerHome {
  readonly directory: string;
  readonly #keeper: ChildProcess & { readonly stdin: Writable };
  readonly #env: NodeJS.ProcessEnv = { ...process.env, PATH: serverPath() };
  #failure: string | undefined;

  /** @param parent Where the folder is made; default the system's temporary folder. */
  constructor(name: string, parent: string = tmpdir()) {
    this.directory = mkdtempSync(join(parent, `omnisync-${name}-`));
    mkdirSync(join(this.directory, "log"));
    this.#keeper = spawn("sh", ["-c", KEEPER, "keeper", this.directory], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    // Our event loop does not wait for it: a program that forgets to stop a server still ends.
    this.#keeper.unref();
    (this.#keeper.stdin as Socket).unref();
  }

  /** Runs a set-up command to its end and gives what it printed. */
  async run(command: string, args: readonly string[]): Promise<string> {
    // `timeout` ends the command even where we are gone and nobody reads its result.
    const { stdout } = await promisify(execFile)("timeout", [`${PATIENCE}`, command, ...args], {
      cwd: this.directory,
      env: this.#env,
    });
    return stdout;
  }

  /** Starts a process that stays in the foreground; its output goes to `log/<name>.log`. */
  start(name: string, command: string, args: readonly string[]): void {
    const log = openSync(join(this.directory, "log", `${name}.log`), "a");
    const child = spawn(command, args, {
      cwd: this.directory,
      env: this.#env,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    if (child.pid !== undefined) this.#keeper.stdin.write(`${child.pid}\n`);
    child.on("error", (error) => (this.#failure ??= `${name}: ${error.message}`));
    child.on("exit", (code, signal) => (this.#failure ??= `${name} ended: ${signal ?? code}`));
    child.unref();
  }

  /** Waits until `check` gives true; throwing counts as not yet. */
  async ready(what: string, check: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE * 1000;
    while (this.#failure === undefined && performance.now() < deadline) {
      if (await check().catch(() => false)) return;
      await sleep(30);
    }
    throw new Error(`${what}: ${this.#failure ?? "not ready in time"}\n${this.#logTails()}`);
  }

  /** Ends every process, removes the folder. May be called twice. */
  async stop(): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    this.#keeper.stdin.end();
    this.#keeper.ref();
    await once(this.#keeper, "exit");
  }

  #logTails(): string {
    const folder = join(this.directory, "log");
    return readdirSync(folder)
      .map((name) => `--- ${name}\n${readFileSync(join(folder, name), "utf8").slice(-2000)}`)
      .join("\n");
  }
}

/** Sets up a server in a home of its own, which does not outlive a failed set-up. */
export async function inHome<T>(home: ServerHome, setUp: () => Promise<T>): Promise<T> {
  try {
    return await setUp();
  } catch (error) {
    await home.stop();
    throw error;
  }
}
