import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { type TransferFlags, addRefusedDeleteFlags, addTransferFlags } from "../transfer-flags.ts";
import { transfer } from "../transfer.ts";

export function addCopyCommand(program: Command, session: Session): void {
  const command = program
    .command("copy <source> <destination>")
    .summary("copy what is new or changed, remove no extras")
    .description(
      "Copies what is new or changed to the destination. Removes no extras: what only the destination has stays, unless it is in the way. A file in the way of a directory is replaced, a directory in the way of a file only with --force. Sources stay, unless --remove-source-files is given.",
    )
    .action((source: string, destination: string, flags: TransferFlags) =>
      transfer(session, { kind: "copy", source, destination, flags }),
    );
  addTransferFlags(command);
  addRefusedDeleteFlags(command, "copy removes no extras: use sync --delete");
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync copy report.pdf s3://bucket/reports/", "one file, into a directory"],
    ["omnisync copy s3://bucket/photos/ ~/photos", "download what is new"],
    ["omnisync copy --ignore-existing a/ b/", "never touch what is there"],
  ]);
}
