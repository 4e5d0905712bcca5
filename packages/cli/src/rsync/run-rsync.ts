/**
 * `omnisync rsync …`, and the program called by the name `rsync`: rsync's command line, output and exit
 * codes, on the engine that the other commands use. `docs/rsync-compat.md` says what is the same.
 */
import { EXIT } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { BrokenPipe } from "../output-error.ts";
import { errorText } from "../output/error-text.ts";
import { asksForHelp, debugHelp, infoHelp } from "../output/rsync/output-levels.ts";
import { Session } from "../session.ts";
import { rsyncHelpLines } from "./help-text.ts";
import { type RsyncArguments, parseArguments } from "./parse-arguments.ts";
import { RSYNC_CODES, type RsyncCode, RsyncError, rsyncErrorLine } from "./rsync-error.ts";
import { rsyncCodeOf } from "./rsync-code-of.ts";
import { rsyncVersionJson, rsyncVersionLines } from "./version-text.ts";

/** Runs rsync's command line, without program name. Never throws, never exits. @returns rsync's exit code. */
export async function runRsync(argv: readonly string[], io: Io): Promise<number> {
  const session = new Session(io);
  const code = await settle(session, () => execute(session, argv));
  const closed = await settle(session, async () => {
    await session.out.flush();
    await session.close();
    return undefined;
  });
  return session.out.failure === undefined ? code || closed : endWithoutOutput(session);
}

async function execute(session: Session, argv: readonly string[]): Promise<RsyncCode | undefined> {
  const given = parseArguments(argv, session);
  const answer = answerTo(given);
  if (answer !== undefined) {
    for (const line of answer) session.out.line(line);
    return undefined;
  }
  if (given.operands.length === 0) {
    for (const line of rsyncHelpLines()) session.note(line);
    throw new RsyncError("syntax", "");
  }
  const { transferAsRsync } = await import("./transfer-as-rsync.ts");
  const code = await transferAsRsync(session, given);
  session.out.throwIfFailed();
  return code;
}

/** What is asked for besides a transfer. */
function answerTo({ values, help, version }: RsyncArguments): readonly string[] | undefined {
  if (version > 1) return [rsyncVersionJson()];
  if (version === 1) return rsyncVersionLines();
  if (help) return rsyncHelpLines();
  if (asksForHelp(values.info)) return infoHelp();
  return asksForHelp(values.debug) ? debugHelp() : undefined;
}

async function settle(
  session: Session,
  work: () => Promise<RsyncCode | undefined>,
): Promise<number> {
  try {
    const code = await work();
    if (code === undefined) return 0;
    return end(session, code);
  } catch (error) {
    // Said at the very end, once.
    if (session.out.failure !== undefined) return RSYNC_CODES["file-io"][0];
    const text = errorText(error);
    const code = session.signal.aborted ? "signal" : rsyncCodeOf(error);
    if (text !== "" && code !== "signal") {
      session.note(/^(ERROR|Unknown|rsync:)/.test(text) ? text : `rsync: ${text}`);
    }
    return end(session, code);
  }
}

function endWithoutOutput(session: Session): number {
  const { failure } = session.out;
  if (failure instanceof BrokenPipe) return EXIT.brokenPipe;
  session.note(`rsync: ${failure?.message}`);
  return end(session, "file-io");
}

function end(session: Session, code: RsyncCode): number {
  session.note(rsyncErrorLine(code));
  return RSYNC_CODES[code][0];
}
