/**
 * The command line. `run` is all of it, with its surroundings given; `main` gives it this process.
 * Start-up counts: what a command does not need is not loaded, and `version` needs next to nothing.
 */
import { isatty } from "node:tty";
import { askTerminal } from "./ask-terminal.ts";
import { EXIT } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { OutputError, endWithoutOutput, outputError } from "./output-error.ts";
import { isVersionCall, versionText } from "./version.ts";

/** Runs one command line, without program name. Never throws, never exits. @returns the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  if (isVersionCall(argv)) {
    io.stdout.write(`${versionText(argv)}\n`);
    return EXIT.done;
  }
  if (argv[0] === "rsync") {
    const { runRsync } = await import("./rsync/run-rsync.ts");
    return runRsync(argv.slice(1), io);
  }
  const { runCommand } = await import("./run-command.ts");
  return runCommand(argv, io);
}

/** Runs the command line of this process and ends it. `called`: the name that the program was called by. */
export async function main(called: string = "omnisync"): Promise<void> {
  const interrupt = new AbortController();
  onSignals(interrupt);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    interrupt.abort(outputError(error));
  });
  // Nobody reads our complaints: nothing to be done about it, and no reason to stop the work.
  process.stderr.on("error", () => {});
  const { stdout, stderr, env } = process;
  const words = process.argv.slice(2);
  const code = await run(called === "rsync" ? ["rsync", ...words] : words, {
    stdout,
    stderr,
    // Looked at only by who reads it: opening it has effects.
    get stdin() {
      return process.stdin;
    },
    env,
    get ask() {
      return isatty(0) && stderr.isTTY ? askTerminal : undefined;
    },
    cwd: workingDirectory(),
    signal: interrupt.signal,
  });
  for (const stream of [stdout, stderr]) await new Promise((done) => stream.write("", done));
  const { reason } = interrupt.signal;
  if (code !== EXIT.done || !(reason instanceof OutputError)) process.exit(code);
  process.exit(endWithoutOutput(reason, (text) => stderr.write(`omnisync: ${text}\n`)));
}

/** Where it has been removed, no thread of Node starts until there is another one. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    process.chdir("/");
    return undefined;
  }
}

/** First signal: stop in good order. Second: at once. The command says so (`run-command.ts`). */
function onSignals(interrupt: AbortController): void {
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
    interrupt.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
}
