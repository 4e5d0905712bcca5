import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { type TransferFlags, addRefusedDeleteFlags, addTransferFlags } from "../transfer-flags.ts";
import { transfer } from "../transfer.ts";

export function addMoveCommand(program: Command, session: Session): void {
  const command = program
    .command("move <source> <destination>")
    .summary("copy, then remove each source file once its copy is verified")
    .description(
      "Copies what is new or changed, and removes each source file after its copy was verified and the source was seen unchanged. Removes no extras from the destination: what only it has stays, unless it is in the way. A file in the way of a directory is replaced, a directory in the way of a file only with --force.",
    )
    .action((source: string, destination: string, flags: TransferFlags) =>
      transfer(session, { kind: "move", source, destination, flags }),
    );
  addTransferFlags(command);
  addRefusedDeleteFlags(command, "move removes no extras: use sync --delete");
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync move ~/camera/ s3://bucket/incoming", "upload, then free the card"],
    ["omnisync move --dry-run a/ b/", "what would be moved"],
  ]);
}
