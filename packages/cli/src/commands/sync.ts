import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { type TransferFlags, addDeleteFlags, addTransferFlags } from "../transfer-flags.ts";
import { transfer } from "../transfer.ts";

export function addSyncCommand(program: Command, session: Session): void {
  const command = program
    .command("sync <source> <destination>")
    .summary("make the destination hold what the source holds")
    .description(
      "Makes the destination hold what the source holds. Removes what only the destination has if --delete says so, and only after everything was listed and copied without an error.",
    )
    .action((source: string, destination: string, flags: TransferFlags) =>
      transfer(session, { kind: "sync", source, destination, flags }),
    );
  addDeleteFlags(command);
  addTransferFlags(command);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync sync ~/photos s3://bucket", "to s3://bucket/photos"],
    ["omnisync sync ~/photos/ s3://bucket/2024", "what is in photos, to s3://bucket/2024"],
    ["omnisync sync --delete -n src/ dst/", "what would be copied and removed"],
    ["omnisync sync --delete --max-delete 100 src/ dst/", "never remove more than 100 entries"],
    ["omnisync sync --include '*.jpg' --include '*/' --exclude '*' a/ b/", "only JPEG files"],
  ]);
}
