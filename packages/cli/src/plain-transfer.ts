/** Transfers of `cp` and `mv`: the engine without its choices, quiet unless asked. */
import { exitCodeOfReport } from "./exit-code-of.ts";
import type { Ends } from "./places.ts";
import type { Session } from "./session.ts";
import { runEngine } from "./transfer.ts";

export interface PlainTransferOptions {
  readonly move?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/**
 * Copies or moves everything of one end to the other. Content decides, never size and time: who says
 * `cp` wants the destination to hold what the source holds.
 * @returns whether everything was done; if not, the session's exit code says why.
 */
export async function runPlainTransfer(
  session: Session,
  ends: Ends,
  { move, dryRun, verbose }: PlainTransferOptions,
): Promise<boolean> {
  const flags = { verbose: verbose || dryRun ? 1 : 0 };
  const report = await runEngine(session, ends, { checksum: true, move, dryRun }, { flags });
  session.exitCode = exitCodeOfReport(report);
  if (report.interrupted) session.complain("interrupted: run the same command again to go on");
  return session.exitCode === 0;
}
