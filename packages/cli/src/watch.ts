import type { Progress } from "@omnisync/sync";
import { ProgressDisplay, type ProgressFlags } from "./output/progress-display.ts";
import type { Session } from "./session.ts";

/** Waits for something that goes on, and shows its progress meanwhile. */
export async function watch<Result>(
  session: Session,
  run: { readonly done: Promise<Result>; progress(): Progress },
  flags: ProgressFlags,
): Promise<Result> {
  const display = ProgressDisplay.start(session, () => run.progress(), flags);
  try {
    return await run.done;
  } finally {
    display?.stop();
  }
}
