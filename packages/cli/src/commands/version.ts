import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { versionText } from "../version.ts";

interface VersionFlags {
  readonly short?: boolean;
  readonly json?: boolean;
}

/** For help and completion; `main.ts` answers the plain forms before any parser is loaded. */
export function addVersionCommand(program: Command, session: Session): void {
  const command = program
    .command("version")
    .description("Shows the version of omnisync.")
    .summary("show the version")
    .option("--short", "Only the number")
    .option("--json", "As JSON, with the version of Node and the platform")
    .action((flags: VersionFlags) => {
      const form = flags.json ? ["--json"] : flags.short ? ["--short"] : [];
      session.out.line(versionText(["version", ...form]));
    });
  examples(command, [["omnisync version --short", "for scripts"]]);
}
