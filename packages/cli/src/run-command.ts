/** Parses one command line, runs its command, and turns whatever happens into an exit code. */
import { isStorageError } from "@omnisync/storage";
import { CommanderError } from "commander";
import { EXIT } from "./exit-codes.ts";
import { exitCodeOfError } from "./exit-code-of.ts";
import type { Io } from "./io.ts";
import { OutputError, endWithoutOutput } from "./output-error.ts";
import { errorText } from "./output/error-text.ts";
import { buildProgram } from "./program.ts";
import { Session } from "./session.ts";

export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const session = new Session(io);
  io.signal.addEventListener("abort", () => {
    if (io.signal.reason instanceof OutputError) return;
    session.complain("stopping in good order: once more stops at once");
  });
  const command = argv.find((word) => !word.startsWith("-"));
  const code = await settle(session, command, async () => {
    await buildProgram(session, argv).parseAsync(withHelp(argv), { from: "user" });
    return session.exitCode;
  });
  // What was found before an error is still a result; a store that does not close well is told of.
  const closed = await settle(session, command, async () => {
    await session.out.flush();
    await session.close();
    return EXIT.done;
  });
  const { failure } = session.out;
  if (failure !== undefined) return endWithoutOutput(failure, (text) => session.complain(text));
  return code === EXIT.done ? closed : code;
}

/** `-h` alone behind a command is help, as in rsync; with anything else it may be the command's own flag. */
function withHelp(argv: readonly string[]): readonly string[] {
  return argv.length === 2 && argv[1] === "-h" ? [argv[0] as string, "--help"] : argv;
}

async function settle(
  session: Session,
  command: string | undefined,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    return explain(session, command, error);
  }
}

function explain(session: Session, command: string | undefined, error: unknown): number {
  const { signal } = session;
  // Said at the very end, once.
  if (session.out.failure !== undefined) return EXIT.someFailed;
  if (error instanceof CommanderError) return explainParse(session, command, error);
  const code = exitCodeOfError(error);
  if (signal.aborted && code !== EXIT.usage) {
    // What stays in the store is told of to who is in a hurry, too.
    session.complain(
      isStorageError(error) && error.operation === "close" ? errorText(error) : "interrupted",
    );
    return EXIT.interrupted;
  }
  session.complain(errorText(error));
  return code;
}

/** Help or version that was asked for is success; everything else that the parser throws is wrong usage. */
function explainParse(
  session: Session,
  command: string | undefined,
  error: CommanderError,
): number {
  if (error.exitCode === 0) return EXIT.done;
  // Without any command, help has been printed instead.
  if (error.code === "commander.help") return EXIT.usage;
  session.complain(parseErrorText(command, error.message));
  return EXIT.usage;
}

const TRANSFERS = ["sync", "copy", "move", "plan", "check", "diff", "explain"];

/** What is meant by flags that other programs have, in the commands for which that is so. */
const HINTS: readonly (readonly [commands: readonly string[], error: RegExp, hint: string])[] = [
  [
    TRANSFERS,
    /^unknown option '(-a|--archive|-r|--recursive)'/,
    "leave it out, directories are taken whole, with times, modes and links",
  ],
  [
    TRANSFERS,
    /^unknown option '(-z|--compress|-e|--rsh|-R|--relative)'/,
    "leave it out, or write omnisync rsync, which takes all of rsync's options",
  ],
  [["cp"], /^unknown option '(-R|-a|--archive)'/, "write -r to copy a directory"],
  [["rm"], /^unknown option '-R'/, "write -r to remove a directory"],
];

/** `error: unknown option '--delte'\n(Did you mean --delete?)` in our one-line form. */
function parseErrorText(command: string | undefined, message: string): string {
  const [first = "", ...rest] = message.replace(/^error: /, "").split("\n");
  const suggestion = /^\(Did you mean (.*)\?\)$/.exec(rest.join(" "))?.[1];
  const hint = HINTS.find(
    ([commands, error]) => commands.includes(command ?? "") && error.test(first),
  )?.[2];
  const advice = suggestion === undefined ? (hint ?? "see --help") : `did you mean ${suggestion}?`;
  return `${errorText(new Error(first.replace(/\.$/, "")))}: ${advice}`;
}
