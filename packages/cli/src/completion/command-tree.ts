/** What completion needs to know of the commands, taken from the tree that parses them. */
import type { Argument, Command, Option } from "commander";

export interface CommandInfo {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagInfo[];
  /** Words for the arguments, where they are limited; otherwise arguments are locations. */
  readonly choices: readonly string[] | undefined;
  readonly takesArguments: boolean;
}

export interface FlagInfo {
  readonly long: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[] | undefined;
}

/** The program itself, then every command by name. */
export function describeCommands(program: Command): readonly CommandInfo[] {
  const names = program.commands.map((command) => command.name()).sort();
  const commands = program.commands.map((command) =>
    command.name() === "help" ? { ...describe(command), choices: names } : describe(command),
  );
  return [describe(program), ...commands.sort((a, b) => (a.name < b.name ? -1 : 1))];
}

function describe(command: Command): CommandInfo {
  const choices = command.registeredArguments.flatMap(
    ({ argChoices }: Argument) => argChoices ?? [],
  );
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    flags: command
      .createHelp()
      .visibleOptions(command)
      .map(describeFlag)
      .filter((flag) => flag.long !== ""),
    choices: choices.length === 0 ? undefined : choices,
    takesArguments: command.registeredArguments.length > 0,
  };
}

function describeFlag(option: Option): FlagInfo {
  return {
    long: option.long ?? "",
    short: option.short,
    help: option.description,
    takesValue: option.required,
    choices: option.argChoices,
  };
}
