/** Stdout that takes nothing any more: the run ends, whatever else became of it. */
import { getSystemErrorMessage } from "node:util";
import { EXIT } from "./exit-codes.ts";

export class OutputError extends Error {
  override readonly name: string = "OutputError";
}

/** Whoever read stdout has gone: stop, and say nothing. */
export class BrokenPipe extends OutputError {
  override readonly name = "BrokenPipe";
}

/** What an error of the stream means. */
export function outputError(cause: NodeJS.ErrnoException): OutputError {
  if (cause.code === "EPIPE") return new BrokenPipe();
  const { errno, message } = cause;
  const reason = errno === undefined ? message : getSystemErrorMessage(errno);
  return new OutputError(`stdout: ${reason}: what was printed is not complete`, { cause });
}

/** Ends a run whose stdout failed. @returns its exit code. */
export function endWithoutOutput(error: OutputError, complain: (text: string) => void): number {
  if (error instanceof BrokenPipe) return EXIT.brokenPipe;
  complain(error.message);
  return EXIT.someFailed;
}
