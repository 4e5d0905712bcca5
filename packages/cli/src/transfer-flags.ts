/** The flags of each command that transfers or compares, from the table in `flags/`. */
import { type Command, Option } from "commander";
import { DELETE_GROUP, TRANSFER_GROUPS } from "./flags/all-flags.ts";
import { addFlags } from "./flags/commander-flags.ts";
import type { FlagValues } from "./flags/flag-values.ts";
import { UsageError } from "./usage-error.ts";

export { checkCombinations } from "./flags/combinations.ts";

/** What `check` shares with the transfers. */
export type CompareFlags = Readonly<FlagValues>;
export type TransferFlags = Readonly<FlagValues>;

export function addTransferFlags(command: Command): Command {
  // Short -h is rsync's: sizes for people; alone it is still help.
  return addFlags(command.helpOption("--help", "Show help"), TRANSFER_GROUPS, "transfer");
}

export function addDeleteFlags(command: Command): Command {
  return addFlags(command, [DELETE_GROUP], "transfer");
}

/** The flags that delete, on a command that never does: refused with the command that does. */
export function addRefusedDeleteFlags(command: Command, advice: string): Command {
  for (const { long, also = [], value } of DELETE_GROUP.flags) {
    for (const name of [long, ...also]) {
      const option = new Option(`--${name}${value === undefined ? "" : ` [${value}]`}`);
      option.hideHelp().preset("");
      option.argParser(() => {
        throw new UsageError(`${option.long}: ${advice}`);
      });
      command.addOption(option);
    }
  }
  return command;
}

/** @param without Long names of those that the command has no use for. */
export function addCheckFlags(command: Command, without: readonly string[] = []): Command {
  command
    .optionsGroup("What to do:")
    .option("--one-way", "Do not count what only the destination has");
  const groups = TRANSFER_GROUPS.map(({ heading, flags }) => ({
    heading,
    flags: flags.filter(({ long = "" }) => !without.includes(long)),
  }));
  return addFlags(command, groups, "check");
}
