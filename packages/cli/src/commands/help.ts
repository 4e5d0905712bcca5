import type { Command } from "commander";
import { UsageError } from "../usage-error.ts";

/** Our own, because commander's says nothing of a command that it does not know. */
export function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command("help [command]")
    .summary("show help of a command")
    .description("Shows help of a command, or of omnisync.")
    .action((name: string | undefined) => help(program, name));
}

function help(program: Command, name: string | undefined): void {
  const command = name === undefined ? program : program.commands.find((it) => it.name() === name);
  if (command === undefined) throw new UsageError(`unknown command '${name}': see omnisync --help`);
  command.outputHelp();
}
