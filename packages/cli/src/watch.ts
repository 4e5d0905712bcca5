import type { Progress } from "@omnisync/sync";
import { exitCodeOfError } from "./exit-code-of.ts";
import { EXIT } from "./exit-codes.ts";
import { ProgressDisplay, type ProgressFlags } from "./output/progress-display.ts";
import type { Session } from "./session.ts";

interface Watched<Result> {
  readonly done: Promise<Result>;
  progress(): Progress;
  /** What was done by the time that `done` was rejected. */
  report?(): Result | undefined;
}

/**
 * Waits for something that goes on, and shows its progress meanwhile. `onFailure` is told what was done
 * before an error ended it.
 * @throws OutputError if stdout failed, which has ended it early.
 */
export async function watch<Result>(
  session: Session,
  run: Watched<Result>,
  flags: ProgressFlags,
  onFailure?: (report: Result, error: unknown) => void,
): Promise<Result> {
  const display = ProgressDisplay.start(session, () => run.progress(), flags);
  try {
    const result = await run.done;
    session.out.throwIfFailed();
    return result;
  } catch (error) {
    display?.stop();
    const report = run.report?.();
    if (report !== undefined && isInTheMiddle(session, error)) onFailure?.(report, error);
    throw error;
  } finally {
    display?.stop();
  }
}

/** Not one that says that the run cannot be, nor one after which nothing more can be said. */
function isInTheMiddle(session: Session, error: unknown): boolean {
  return session.out.failure === undefined && exitCodeOfError(error) !== EXIT.usage;
}
