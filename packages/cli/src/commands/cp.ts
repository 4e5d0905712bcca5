import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { runPlainTransfer } from "../plain-transfer.ts";
import { parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";
import { type Ends, openEnds } from "../places.ts";

interface CpFlags {
  readonly recursive?: boolean;
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
}

export function addCpCommand(program: Command, session: Session): void {
  const command = program
    .command("cp <source> <destination>")
    .summary("copy a file, or a directory with -r")
    .description(
      "Copies a file, or with -r a directory. Replaces what is in the way; content that is equal already is not sent again. Slashes at the ends mean what they mean for sync.",
    )
    .option("-r, --recursive", "Copy a directory with all that is in it")
    .option("-n, --dry-run", "Say what would be copied, change nothing")
    .option("-v, --verbose", "One line per change")
    .action((source: string, destination: string, flags: CpFlags) =>
      cp(session, source, destination, flags),
    );
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync cp report.pdf s3://bucket/reports/", "into a directory"],
    ["omnisync cp s3://bucket/a.txt s3://bucket/b.txt", "by the store itself"],
    ["omnisync cp -r site s3://bucket", "to s3://bucket/site"],
  ]);
}

async function cp(
  session: Session,
  source: string,
  destination: string,
  flags: CpFlags,
): Promise<void> {
  const ends = await openEnds(session, source, destination, flags.recursive ? "none" : "all");
  if (!flags.recursive && isDirectory(ends)) {
    throw new UsageError(`${parseSpot(source, session).text}: is a directory: give -r to copy it`);
  }
  await runPlainTransfer(session, ends, { dryRun: flags.dryRun, verbose: flags.verbose });
}

function isDirectory(ends: Ends): boolean {
  return ends.source.path === "";
}
