import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { RSYNC_GROUPS } from "../flags/all-flags.ts";
import { addFlags } from "../flags/commander-flags.ts";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";

/**
 * For help and completion: `main.ts` hands the words behind `rsync` to a parser that reads them as rsync
 * does, before this one sees them.
 */
export function addRsyncCommand(program: Command, session: Session): void {
  const command = program
    .command("rsync [operands...]")
    .summary("rsync's command line, output and exit codes, on every store")
    .description(
      "Takes rsync's command line as it is: sources, then one destination; nothing recursive and no attribute kept unless asked for (-a is -rlptgoD). Prints and exits as rsync does. Locations are local paths and those of omnisync, not host:path. docs/rsync-compat.md goes through every option. The program does the same when it is called by the name rsync.",
    );
  // `-h` and `--help` are rsync's here.
  command.helpOption("--help", "Show rsync's help");
  addFlags(command, RSYNC_GROUPS, "rsync");
  addDriverFlags(command, session);
  examples(command, [
    [
      "omnisync rsync -a --delete src/ s3://bucket/src/",
      "scripts written for rsync, to an object store",
    ],
    ["omnisync rsync -avP one two dest/", "several sources"],
    ["ln -s $(command -v omnisync) ~/bin/rsync", "under its own name"],
  ]);
}
