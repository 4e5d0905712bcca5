import type { Progress } from "@omnisync/sync";
import { ProgressDisplay, type ProgressFlags } from "./output/progress-display.ts";
import type { Session } from "./session.ts";

/**
 * Waits for something that goes on, and shows its progress meanwhile.
 * @throws OutputError if stdout failed, which has ended it early.
 */
export async function watch<Result>(
  session: Session,
  run: { readonly done: Promise<Result>; progress(): Progress },
  flags: ProgressFlags,
): Promise<Result> {
  const display = ProgressDisplay.start(session, () => run.progress(), flags);
  try {
    const result = await run.done;
    session.out.throwIfFailed();
    return result;
  } finally {
    display?.stop();
  }
}
